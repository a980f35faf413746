#include "services/meridianctl/operator_commands.h"

#include <vector>

#include "libs/runtime/clock.h"
#include "libs/wire/contact_types.h"
#include "services/meridianctl/event_line.h"

namespace meridian::ctl {
namespace {

using admin::v1::AgentStatus;
using admin::v1::ContactStatus;

constexpr int kPageSize = 1000;

// Reads page after page; `add` takes each response.
template <typename Request, typename Response, typename Add>
absl::Status ReadPages(rpc::Client& client, const std::string& method, Request request, Add add) {
  request.set_page_size(kPageSize);
  while (true) {
    Response response;
    if (absl::Status status = client.Call(method, request, &response); !status.ok()) return status;
    add(response);
    if (response.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(response.next_page_token());
  }
}

// "12 s", "3 min", "2 h", "4 d".
std::string AgeText(Duration age) {
  const int64_t seconds = std::max<int64_t>(0, age.ToSeconds());
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7200) return std::to_string(seconds / 60) + " min";
  if (seconds < 172800) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string SinceText(bool present, const google::protobuf::Timestamp& since, Instant now) {
  return present ? AgeText(now - InstantFromProto(since)) : "";
}

std::vector<std::string> AgentRow(const AgentStatus& agent, Instant now) {
  return {agent.agent(),
          EnumText(agent.kind()),
          EnumText(agent.presence()),
          agent.activity(),
          agent.on_shift() ? "yes" : "no",
          std::to_string(agent.load()) + "/" + std::to_string(agent.capacity()),
          SinceText(agent.has_idle_since(), agent.idle_since(), now),
          agent.has_cool_down_until() ? ClockText(InstantFromProto(agent.cool_down_until())) : ""};
}

std::vector<std::string> ContactRow(const ContactStatus& contact, Instant now) {
  return {contact.contact_id(), EnumText(contact.state()),
          contact.queue(),      contact.channel(),
          contact.language(),   std::to_string(contact.step()),
          contact.agent(),      SinceText(contact.has_queued_at(), contact.queued_at(), now)};
}

}  // namespace

int ListAgents(const ConnectionOptions& connection, const AgentsOptions& options, const Console& console) {
  auto client = Connect(connection);
  if (!client.ok()) return Fail(console, client.status());
  const Instant now = SystemWallClock().Now();
  std::vector<std::vector<std::string>> rows = {
      {"AGENT", "KIND", "PRESENCE", "ACTIVITY", "ON SHIFT", "LOAD", "IDLE", "COOL-DOWN UNTIL (UTC)"}};
  absl::Status status = ReadPages<admin::v1::ListAgentsRequest, admin::v1::ListAgentsResponse>(
      **client, "/meridian.admin.v1.AdminService/ListAgents", {}, [&](const auto& page) {
        for (const AgentStatus& agent : page.agents()) {
          if (options.on_shift && !agent.on_shift()) continue;
          if (options.attached && agent.presence() != type::v1::AGENT_PRESENCE_ATTACHED) continue;
          rows.push_back(AgentRow(agent, now));
        }
      });
  if (!status.ok()) return Fail(console, status);
  console.out << Table(rows);
  return kDone;
}

int ListContacts(const ConnectionOptions& connection, const ContactsOptions& options, const Console& console) {
  auto client = Connect(connection);
  if (!client.ok()) return Fail(console, client.status());
  const Instant now = SystemWallClock().Now();
  std::vector<std::vector<std::string>> rows = {
      {"CONTACT", "STATE", "QUEUE", "CHANNEL", "LANGUAGE", "STEP", "AGENT", "SINCE"}};
  admin::v1::ListContactsRequest request;
  request.set_queue(options.queue);
  absl::Status status = ReadPages<admin::v1::ListContactsRequest, admin::v1::ListContactsResponse>(
      **client, "/meridian.admin.v1.AdminService/ListContacts", request, [&](const auto& page) {
        for (const ContactStatus& contact : page.contacts()) rows.push_back(ContactRow(contact, now));
      });
  if (!status.ok()) return Fail(console, status);
  console.out << Table(rows);
  return kDone;
}

std::string ExplanationText(const admin::v1::ExplainContactResponse& response) {
  const ContactStatus& contact = response.status();
  std::string text = contact.contact_id() + "  " + EnumText(contact.state());
  if (!contact.queue().empty()) text += "  queue " + contact.queue();
  if (!contact.language().empty()) text += "  language " + contact.language();
  if (!contact.agent().empty()) text += "  agent " + contact.agent();
  text += "\n";
  for (const std::string& sentence : response.summary()) text += "  " + sentence + "\n";
  if (response.decisions_size() > 0) text += "decisions\n";
  for (const admin::v1::PastDecision& past : response.decisions()) {
    text += "  " + TimeText(InstantFromProto(past.time())) + "  " + past.agent() + ": " +
            DecisionText(past.decision()) + "\n";
  }
  if (response.filtered_size() > 0) {
    text += "now\n  " + std::to_string(response.eligible_agents()) + " agents could take it, " +
            std::to_string(response.ahead()) + " contacts stand before it\n";
  }
  for (const admin::v1::FilterCount& count : response.filtered()) {
    text += "  " + std::to_string(count.agents()) + " left out by " + count.filter() + "\n";
  }
  return text;
}

int Explain(const ConnectionOptions& connection, const std::string& contact, const Console& console) {
  auto client = Connect(connection);
  if (!client.ok()) return Fail(console, client.status());
  admin::v1::ExplainContactRequest request;
  request.set_contact_id(contact);
  admin::v1::ExplainContactResponse response;
  absl::Status status = (*client)->Call("/meridian.admin.v1.AdminService/ExplainContact", request, &response);
  if (!status.ok()) return Fail(console, status);
  console.out << ExplanationText(response);
  return kDone;
}

}  // namespace meridian::ctl
