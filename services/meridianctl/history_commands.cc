#include "services/meridianctl/history_commands.h"

#include <algorithm>
#include <vector>

#include "libs/error/error.h"
#include "libs/runtime/clock.h"
#include "libs/wire/contact_types.h"
#include "meridian/admin/v1/history_service.pb.h"
#include "services/meridianctl/event_line.h"

namespace meridian::ctl {
namespace {

namespace pb = admin::v1;

constexpr int64_t kLargestPage = 1000;

std::string MethodOf(const char* name) { return std::string("/meridian.admin.v1.HistoryService/") + name; }

std::string LengthText(const google::protobuf::Timestamp& from, const google::protobuf::Timestamp& to) {
  const int64_t tenths = (InstantFromProto(to) - InstantFromProto(from)).ns / 100'000'000;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

// How long it waited for its first agent, or for its end.
std::string WaitedText(const pb::ContactSummary& contact) {
  if (!contact.has_queued_at()) return "";
  if (contact.has_assigned_at()) return LengthText(contact.queued_at(), contact.assigned_at());
  return contact.has_ended_at() ? LengthText(contact.queued_at(), contact.ended_at()) : "";
}

std::string ServedText(const pb::ContactSummary& contact) {
  if (!contact.has_assigned_at() || !contact.has_ended_at()) return "";
  return LengthText(contact.assigned_at(), contact.ended_at());
}

std::vector<std::string> Heading() {
  return {"ENDED (UTC)", "CONTACT", "STATE", "REASON", "QUEUE", "CHANNEL", "LANGUAGE", "AGENT", "WAITED", "SERVED"};
}

std::vector<std::string> RowOf(const pb::ContactSummary& contact) {
  return {contact.has_ended_at() ? TimeText(InstantFromProto(contact.ended_at())) : "",
          contact.contact_id(),
          contact.has_ended_at() ? EnumText(contact.state()) : "lives",
          contact.reason(),
          contact.queue(),
          contact.channel(),
          contact.language(),
          contact.agent(),
          WaitedText(contact),
          ServedText(contact)};
}

pb::ListEndedContactsRequest RequestFor(const HistoryOptions& options) {
  pb::ListEndedContactsRequest request;
  request.set_queue(options.queue);
  request.set_agent(options.agent);
  request.set_channel(options.channel);
  request.set_customer_id(options.customer);
  if (options.since > Duration::Zero()) {
    SetTimestamp(SystemWallClock().Now() - options.since, request.mutable_ended_from());
  }
  return request;
}

absl::Status ShowContact(rpc::Client& client, const std::string& id, const Console& console) {
  pb::GetContactTimelineRequest request;
  request.set_contact_id(id);
  pb::GetContactTimelineResponse response;
  absl::Status status = client.Call(MethodOf("GetContactTimeline"), request, &response);
  if (!status.ok()) return status;
  console.out << Table({Heading(), RowOf(response.contact())});
  for (const event::v1::Event& event : response.events()) console.out << EventLine(event) << "\n";
  return absl::OkStatus();
}

absl::Status ShowConversation(rpc::Client& client, const std::string& id, const Console& console) {
  pb::GetConversationRequest request;
  request.set_conversation_id(id);
  pb::GetConversationResponse response;
  absl::Status status = client.Call(MethodOf("GetConversation"), request, &response);
  if (!status.ok()) return status;
  const pb::ConversationSummary& conversation = response.conversation();
  console.out << "conversation " << id << "  customer " << conversation.customer_id() << "\n";
  console.out << "  " << conversation.customer_messages() << " messages of the customer, "
              << conversation.other_messages() << " of others; " << conversation.contacts() << " contacts, "
              << conversation.refused_contacts() << " of them refused; "
              << (conversation.has_closed_at()
                      ? "closed " + TimeText(InstantFromProto(conversation.closed_at())) + " " + conversation.reason()
                      : "open")
              << "\n";
  std::vector<std::vector<std::string>> rows = {Heading()};
  for (const pb::ContactSummary& contact : response.contacts()) rows.push_back(RowOf(contact));
  console.out << Table(rows);
  return absl::OkStatus();
}

}  // namespace

int ListHistory(const ConnectionOptions& connection, const HistoryOptions& options, const Console& console) {
  auto client = Connect(connection, "replicator");
  if (!client.ok()) return Fail(console, client.status());
  pb::ListEndedContactsRequest request = RequestFor(options);
  std::vector<std::vector<std::string>> rows = {Heading()};
  const auto wanted = static_cast<size_t>(options.limit) + rows.size();
  while (rows.size() < wanted) {
    request.set_page_size(
        static_cast<int32_t>(std::min<int64_t>(kLargestPage, static_cast<int64_t>(wanted - rows.size()))));
    pb::ListEndedContactsResponse page;
    absl::Status status = (*client)->Call(MethodOf("ListEndedContacts"), request, &page);
    if (!status.ok()) return Fail(console, status);
    for (const pb::ContactSummary& contact : page.contacts()) rows.push_back(RowOf(contact));
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  console.out << Table(rows);
  return kDone;
}

int Timeline(const ConnectionOptions& connection, const std::string& id, const Console& console) {
  auto client = Connect(connection, "replicator");
  if (!client.ok()) return Fail(console, client.status());
  absl::Status status = ShowContact(**client, id, console);
  if (ErrorReason(status) == "CONTACT_NOT_FOUND") {
    const absl::Status as_conversation = ShowConversation(**client, id, console);
    if (ErrorReason(as_conversation) != "CONVERSATION_NOT_FOUND") status = as_conversation;
  }
  return status.ok() ? kDone : Fail(console, status);
}

}  // namespace meridian::ctl
