#include "services/history/handlers.h"

#include <string>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/wire/contact_types.h"
#include "services/history/summaries.h"

namespace meridian {
namespace {

namespace pb = admin::v1;
using history::Filter;
using history::HistoryStore;
using security::Permission;
using security::Role;

constexpr size_t kMaxWaitingReads = 256;
constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;

absl::StatusOr<size_t> PageSize(int32_t asked) {
  if (asked < 0 || asked > kMaxPageSize) return FieldError("page_size", "must be 1 to 1,000");
  return static_cast<size_t>(asked == 0 ? kDefaultPageSize : asked);
}

template <typename Id>
absl::StatusOr<Id> IdOf(const char* field, const std::string& text) {
  if (auto id = Id::Parse(text)) return *id;
  return FieldError(field, "must be an id of the form <region>-<uuid>");
}

absl::Status SetCustomer(const std::string& customer_id, Filter* filter) {
  if (customer_id.empty()) return absl::OkStatus();
  MERIDIAN_ASSIGN_OR_RETURN(filter->customer, IdOf<CustomerId>("customer_id", customer_id));
  return absl::OkStatus();
}

absl::StatusOr<pb::ListEndedContactsResponse> ListEndedContacts(HistoryStore& store, const TenantId& tenant,
                                                                const pb::ListEndedContactsRequest& request) {
  Filter filter;
  filter.queue = request.queue();
  filter.agent = request.agent();
  filter.channel = request.channel();
  if (request.has_ended_from()) filter.ended_from = InstantFromProto(request.ended_from());
  if (request.has_ended_before()) filter.ended_before = InstantFromProto(request.ended_before());
  MERIDIAN_RETURN_IF_ERROR(SetCustomer(request.customer_id(), &filter));
  MERIDIAN_ASSIGN_OR_RETURN(const size_t page_size, PageSize(request.page_size()));
  MERIDIAN_ASSIGN_OR_RETURN(const auto page, store.EndedContacts(tenant, filter, page_size, request.page_token()));
  pb::ListEndedContactsResponse response;
  for (const history::Contact& contact : page.items) ToProto(contact, response.add_contacts());
  response.set_next_page_token(page.next);
  return response;
}

absl::StatusOr<pb::GetContactTimelineResponse> GetContactTimeline(HistoryStore& store, const TenantId& tenant,
                                                                  const pb::GetContactTimelineRequest& request) {
  MERIDIAN_ASSIGN_OR_RETURN(const ContactId contact, IdOf<ContactId>("contact_id", request.contact_id()));
  MERIDIAN_ASSIGN_OR_RETURN(const auto found, store.FindContact(tenant, contact));
  if (!found) return MakeError(absl::StatusCode::kNotFound, "CONTACT_NOT_FOUND", "history does not have the contact");
  pb::GetContactTimelineResponse response;
  MERIDIAN_RETURN_IF_ERROR(ToProto(tenant, *found, &response));
  return response;
}

absl::StatusOr<pb::ListClosedConversationsResponse> ListClosedConversations(
    HistoryStore& store, const TenantId& tenant, const pb::ListClosedConversationsRequest& request) {
  Filter filter;
  if (request.has_closed_from()) filter.ended_from = InstantFromProto(request.closed_from());
  if (request.has_closed_before()) filter.ended_before = InstantFromProto(request.closed_before());
  MERIDIAN_RETURN_IF_ERROR(SetCustomer(request.customer_id(), &filter));
  MERIDIAN_ASSIGN_OR_RETURN(const size_t page_size, PageSize(request.page_size()));
  MERIDIAN_ASSIGN_OR_RETURN(const auto page,
                            store.ClosedConversations(tenant, filter, page_size, request.page_token()));
  pb::ListClosedConversationsResponse response;
  for (const history::Conversation& conversation : page.items) ToProto(conversation, response.add_conversations());
  response.set_next_page_token(page.next);
  return response;
}

absl::StatusOr<pb::GetConversationResponse> GetConversation(HistoryStore& store, const TenantId& tenant,
                                                            const pb::GetConversationRequest& request) {
  MERIDIAN_ASSIGN_OR_RETURN(const ConversationId id,
                            IdOf<ConversationId>("conversation_id", request.conversation_id()));
  MERIDIAN_ASSIGN_OR_RETURN(const auto found, store.FindConversation(tenant, id));
  if (!found) {
    return MakeError(absl::StatusCode::kNotFound, "CONVERSATION_NOT_FOUND", "history does not have the conversation");
  }
  MERIDIAN_ASSIGN_OR_RETURN(const auto contacts, store.ContactsOf(tenant, id));
  pb::GetConversationResponse response;
  ToProto(*found, response.mutable_conversation());
  for (const history::Contact& contact : contacts) ToProto(contact, response.add_contacts());
  return response;
}

// What answers the calls; null store: nothing does.
struct Source {
  HistoryStore* store = nullptr;
  WorkerThread* reader = nullptr;
};

template <typename Request, typename Response>
void Bind(const Source& source, rpc::MethodTable& table, const char* method,
          absl::StatusOr<Response> (*answer)(HistoryStore&, const TenantId&, const Request&)) {
  table.Unary<Request, Response>(
      std::string("/meridian.admin.v1.HistoryService/") + method,
      {{Role::kAdmin, Role::kAuditor}, Permission::kContactsRead},
      [source, answer](const rpc::CallContext& context, Request request, rpc::Reply<Response> reply) {
        if (source.store == nullptr) {
          return reply(MakeError(absl::StatusCode::kUnavailable, "HISTORY_UNAVAILABLE",
                                 "the history could not be opened; the process's log says why"));
        }
        if (source.reader->waiting() >= kMaxWaitingReads) {
          return reply(MakeError(absl::StatusCode::kResourceExhausted, "MAILBOX_FULL", "too many reads of history"));
        }
        source.reader->Post([store = source.store, answer, tenant = TenantId{context.tenant()},
                             request = std::move(request),
                             reply = std::move(reply)] { reply(answer(*store, tenant, request)); });
      });
}

void BindAll(const Source& source, rpc::MethodTable& table) {
  Bind(source, table, "ListEndedContacts", ListEndedContacts);
  Bind(source, table, "GetContactTimeline", GetContactTimeline);
  Bind(source, table, "ListClosedConversations", ListClosedConversations);
  Bind(source, table, "GetConversation", GetConversation);
}

}  // namespace

void BindHistory(HistoryStore& store, WorkerThread& reader, rpc::MethodTable& table) {
  BindAll({&store, &reader}, table);
}

void BindNoHistory(rpc::MethodTable& table) { BindAll({}, table); }

}  // namespace meridian
