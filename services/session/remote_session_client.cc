#include "services/session/remote_session_client.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "google/protobuf/util/message_differencer.h"
#include "libs/wire/session_command.h"
#include "meridian/internal/session/v1/session_command.pb.h"

namespace meridian {

namespace pb = internal::session::v1;
namespace link = internal::link::v1;

namespace {

constexpr Duration kTimeout = Duration::Seconds(30);
// Session answers a submission when routing has, or after 4 minutes.
constexpr Duration kSubmitTimeout = Duration::Minutes(5);

}  // namespace

// Knows how far its reader was told, from where it is read again.
class RemoteSessionClient::RemoteReading final : public Reading {
 public:
  RemoteReading(LinkRouter* router, TenantId tenant, pb::OpenReading open, std::shared_ptr<Reader> reader) {
    auto progress = std::make_shared<Progress>(std::move(open), std::move(reader));
    StandingFeedPlan plan;
    plan.open = [router, tenant = std::move(tenant), progress](std::shared_ptr<FeedEvents> events) {
      return router->Follow(
          {.method = link::METHOD_READ, .tenant = tenant, .lane = Lane::kReads, .body = progress->Body()},
          std::move(events));
    };
    plan.on_item = [progress](std::string_view item) { progress->OnItem(item); };
    plan.on_ended = [progress](const absl::Status& status) { progress->reader->OnEnded(status); };
    plan.timer = router->options().timer;
    feed_.emplace(std::move(plan));
  }

 private:
  struct Progress {
    Progress(pb::OpenReading open, std::shared_ptr<Reader> reader) : open(std::move(open)), reader(std::move(reader)) {}

    // An agent is asked for from the same number each time: its grants may reach further back than what it saw last.
    std::string Body() {
      std::lock_guard lock(mutex);
      return open.SerializeAsString();
    }

    void OnItem(std::string_view bytes) {
      pb::ReadingItem item;
      if (!item.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
      switch (item.told_case()) {
        case pb::ReadingItem::kMessage:
          return OnMessage(item.message());
        case pb::ReadingItem::kCaughtUp:
          if (!std::exchange(caught_up, true)) reader->OnCaughtUp(item.caught_up());
          return;
        case pb::ReadingItem::kStatus:
          if (status && google::protobuf::util::MessageDifferencer::Equals(*status, item.status())) return;
          status = item.status();
          return reader->OnStatus(item.status());
        case pb::ReadingItem::TOLD_NOT_SET:
          return;
      }
    }

    // Within a contact messages come by their numbers, and so do all that a customer is told.
    void OnMessage(const type::v1::Message& message) {
      uint64_t& told = told_to[open.agent().empty() ? std::string() : message.contact_id()];
      if (message.number() <= told) return;
      told = message.number();
      if (open.agent().empty()) {
        std::lock_guard lock(mutex);
        open.set_after_number(told);
      }
      reader->OnMessage(message);
    }

    std::mutex mutex;
    pb::OpenReading open;  // under mutex; who reads never changes
    const std::shared_ptr<Reader> reader;
    // The feed's calls, one at a time.
    std::map<std::string, uint64_t> told_to;  // by contact; of a customer all under one
    bool caught_up = false;
    std::optional<ingress::v1::ContactStatus> status;
  };

  std::optional<StandingFeed> feed_;
};

template <class Answer, class Command>
void RemoteSessionClient::Ask(link::Method method, Lane lane, Duration timeout, const Command& command,
                              Done<Answer> done) {
  router_.Call({.method = method, .tenant = command.tenant, .lane = lane, .timeout = timeout, .body = Encode(command)},
               [done = std::move(done)](absl::StatusOr<std::string> answer) mutable {
                 if (!answer.ok()) return done(answer.status());
                 done(DecodeSessionAnswer<Answer>(*answer));
               });
}

void RemoteSessionClient::Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) {
  Ask<conversation::Submitted>(link::METHOD_SUBMIT, Lane::kNewContacts, kSubmitTimeout, command, std::move(done));
}
void RemoteSessionClient::Append(conversation::AppendMessage command, Done<conversation::Appended> done) {
  Ask<conversation::Appended>(link::METHOD_APPEND, Lane::kLiveWork, kTimeout, command, std::move(done));
}
void RemoteSessionClient::Cancel(conversation::CancelContact command, Done<conversation::Done> done) {
  Ask<conversation::Done>(link::METHOD_CANCEL, Lane::kLiveWork, kTimeout, command, std::move(done));
}
void RemoteSessionClient::Close(conversation::CloseConversation command, Done<conversation::Done> done) {
  Ask<conversation::Done>(link::METHOD_CLOSE, Lane::kLiveWork, kTimeout, command, std::move(done));
}

void RemoteSessionClient::ListMessages(const TenantId& tenant, session::v1::ListMessagesRequest request,
                                       Done<session::v1::ListMessagesResponse> done) {
  router_.Call({.method = link::METHOD_LIST_MESSAGES,
                .tenant = tenant,
                .lane = Lane::kReads,
                .timeout = kTimeout,
                .body = request.SerializeAsString()},
               [done = std::move(done)](absl::StatusOr<std::string> answer) mutable {
                 if (!answer.ok()) return done(answer.status());
                 session::v1::ListMessagesResponse response;
                 if (!response.ParseFromString(*answer)) {
                   return done(absl::InternalError("session's answer cannot be read"));
                 }
                 done(std::move(response));
               });
}

std::unique_ptr<SessionClient::Reading> RemoteSessionClient::ReadAsCustomer(const TenantId& tenant,
                                                                            const ConversationId& conversation,
                                                                            uint64_t after_number,
                                                                            std::shared_ptr<Reader> reader) {
  return ReadAsAgent(tenant, conversation, {}, after_number, std::move(reader));
}

std::unique_ptr<SessionClient::Reading> RemoteSessionClient::ReadAsAgent(const TenantId& tenant,
                                                                         const ConversationId& conversation,
                                                                         const AgentId& agent, uint64_t after_number,
                                                                         std::shared_ptr<Reader> reader) {
  pb::OpenReading open;
  open.set_conversation_id(conversation.ToString());
  open.set_agent(agent.value);
  open.set_after_number(after_number);
  return std::make_unique<RemoteReading>(&router_, tenant, std::move(open), std::move(reader));
}

}  // namespace meridian
