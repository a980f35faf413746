#include "services/meridianctl/verify_command.h"

#include <google/protobuf/util/json_util.h>

#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_split.h"
#include "libs/base/status_macros.h"
#include "libs/config/text_file.h"
#include "libs/error/error.h"
#include "meridian/admin/v1/admin_service.pb.h"
#include "meridian/session/v1/session_service.pb.h"
#include "services/meridianctl/event_commands.h"
#include "services/meridianctl/verifier/verifier.h"

namespace meridian::ctl {
namespace {

using verifier::Evidence;

constexpr int kMessagesPerPage = 200;

class Gathering {
 public:
  Gathering(const ConnectionOptions& connection, const VerifyOptions& options, const Console& console)
      : connection_(connection), options_(options), insistence_(options.patience, console) {}

  absl::StatusOr<Evidence> Gather() {
    MERIDIAN_RETURN_IF_ERROR(ReadJournals());
    MERIDIAN_RETURN_IF_ERROR(options_.events_file.empty() ? ReadStream() : ReadEventsFile());
    MERIDIAN_RETURN_IF_ERROR(ReadConfig());
    if (!options_.no_conversations) MERIDIAN_RETURN_IF_ERROR(ReadConversations());
    // What was written meanwhile was written under what has happened meanwhile.
    if (!options_.no_conversations && options_.events_file.empty()) MERIDIAN_RETURN_IF_ERROR(ReadStream());
    return std::move(evidence_);
  }

 private:
  // Connects when it is first needed: files alone can be judged without a platform.
  absl::StatusOr<rpc::Client*> Platform(const std::string& service) {
    std::unique_ptr<rpc::Client>& client = clients_[service];
    if (client == nullptr) {
      MERIDIAN_ASSIGN_OR_RETURN(client, Connect(connection_, service));
    }
    return client.get();
  }

  absl::Status ReadJournals() {
    for (const std::string& path : options_.journals) {
      MERIDIAN_ASSIGN_OR_RETURN(std::string text, ReadTextFile(path));
      const size_t errors = evidence_.journal.errors.size();
      evidence_.journal.Add(text);
      if (evidence_.journal.errors.size() == errors) continue;
      return MakeError(absl::StatusCode::kInvalidArgument, "BAD_JOURNAL",
                       path + ": " + evidence_.journal.errors[errors] + " (see docs/meridianctl.md)");
    }
    return absl::OkStatus();
  }

  // From where the last call came to.
  absl::Status ReadStream() {
    MERIDIAN_ASSIGN_OR_RETURN(rpc::Client * client, Platform("replicator"));
    event::v1::StreamRequest request;
    request.set_until_now(true);
    request.set_position(position_);
    return ReadAllEvents(*client, request, insistence_, [this](const event::v1::StreamResponse& response) {
      position_ = response.position();
      evidence_.events.insert(evidence_.events.end(), response.events().begin(), response.events().end());
    });
  }

  absl::Status ReadEventsFile() {
    MERIDIAN_ASSIGN_OR_RETURN(std::string text, ReadTextFile(options_.events_file));
    size_t number = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      ++number;
      auto status =
          google::protobuf::util::JsonStringToMessage(text.substr(at, end - at), &evidence_.events.emplace_back());
      if (!status.ok()) {
        return MakeError(absl::StatusCode::kInvalidArgument, "BAD_EVENTS",
                         options_.events_file + ": line " + std::to_string(number) + " is not an event");
      }
      at = end + 1;
    }
    return absl::OkStatus();
  }

  absl::Status ReadConfig() {
    if (!options_.config_file.empty()) {
      MERIDIAN_ASSIGN_OR_RETURN(std::string text, ReadTextFile(options_.config_file));
      TenantFile file = ReadTenantFile(text);
      evidence_.config = std::move(file.config);
      if (file.violations.empty()) return absl::OkStatus();
      return MakeError(absl::StatusCode::kInvalidArgument, "BAD_TENANT_FILE",
                       file.violations[0].ToString(options_.config_file));
    }
    MERIDIAN_ASSIGN_OR_RETURN(rpc::Client * client, Platform("admin"));
    admin::v1::GetConfigResponse response;
    MERIDIAN_RETURN_IF_ERROR(insistence_.Until("the configuration", [&] {
      return client->Call("/meridian.admin.v1.AdminService/GetConfig", admin::v1::GetConfigRequest(), &response);
    }));
    evidence_.config = std::move(*response.mutable_config());
    return absl::OkStatus();
  }

  absl::Status ReadConversations() {
    MERIDIAN_ASSIGN_OR_RETURN(const std::set<std::string> ids,
                              options_.conversations_file.empty() ? ConversationsNamed() : ConversationsOfFile());
    MERIDIAN_ASSIGN_OR_RETURN(rpc::Client * client, Platform("ingress"));
    for (const std::string& id : ids) MERIDIAN_RETURN_IF_ERROR(ReadConversation(*client, id));
    return absl::OkStatus();
  }

  absl::StatusOr<std::set<std::string>> ConversationsOfFile() const {
    MERIDIAN_ASSIGN_OR_RETURN(const std::string text, ReadTextFile(options_.conversations_file));
    return std::set<std::string>(absl::StrSplit(text, '\n', absl::SkipWhitespace()));
  }

  // All that the events or the journals name.
  absl::StatusOr<std::set<std::string>> ConversationsNamed() const {
    std::set<std::string> ids;
    for (const event::v1::Event& event : evidence_.events) {
      if (event.has_contact_queued()) ids.insert(event.contact_queued().conversation_id());
    }
    for (const auto& submitted : evidence_.journal.submitted) ids.insert(submitted.conversation_id);
    for (const auto& sent : evidence_.journal.sent) ids.insert(sent.conversation_id);
    for (const auto& seen : evidence_.journal.seen) ids.insert(seen.conversation_id);
    return ids;
  }

  absl::Status ReadConversation(rpc::Client& client, const std::string& id) {
    session::v1::ListMessagesRequest request;
    request.set_conversation_id(id);
    request.set_page_size(kMessagesPerPage);
    std::vector<type::v1::Message> messages;
    while (true) {
      session::v1::ListMessagesResponse response;
      const absl::Status status = insistence_.Until("a conversation", [&] {
        return client.Call("/meridian.session.v1.SessionService/ListMessages", request, &response);
      });
      if (ErrorReason(status) == "CONVERSATION_NOT_FOUND") {
        evidence_.missing_conversations.push_back(id);
        return absl::OkStatus();
      }
      if (!status.ok()) return status;
      messages.insert(messages.end(), response.messages().begin(), response.messages().end());
      const uint64_t reached = messages.empty() ? 0 : messages.back().number();
      if (reached >= response.last_number() || response.messages().empty()) break;
      request.set_after_number(reached);
    }
    evidence_.conversations[id] = std::move(messages);
    return absl::OkStatus();
  }

  const ConnectionOptions& connection_;
  const VerifyOptions& options_;
  Insistence insistence_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;  // by service
  Evidence evidence_;
  std::string position_;  // of the last event read; empty: none
};

}  // namespace

int VerifyEvents(const ConnectionOptions& connection, const VerifyOptions& options, const Console& console) {
  auto evidence = Gathering(connection, options, console).Gather();
  if (!evidence.ok()) return Fail(console, evidence.status());
  verifier::Report report = verifier::Verify(*evidence, options.expectations);
  if (options.no_conversations) report.Remark("conversations were not read back");
  if (!options.conversations_file.empty()) report.Remark("only the conversations named were read back");
  console.out << report.ToString();
  return report.total() == 0 ? kDone : kFailed;
}

}  // namespace meridian::ctl
