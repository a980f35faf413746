#include "libs/history/sqlite_history_reader.h"

#include <charconv>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/wire/stored_ids.h"

namespace meridian::history {
namespace {

#define MERIDIAN_CONTACT_COLUMNS                                                                                 \
  "id, conversation, customer, channel, queue, rule, language, country, agent, offers, queued_at, assigned_at, " \
  "ended_at, state, reason"
#define MERIDIAN_CONVERSATION_COLUMNS \
  "id, customer, opened_at, closed_at, reason, contacts, refused_contacts, customer_messages, other_messages"

constexpr int kContactColumns = 15;

constexpr char kContact[] = "SELECT " MERIDIAN_CONTACT_COLUMNS ", timeline FROM contact WHERE tenant = ?1 AND id = ?2";
constexpr char kContactsOf[] =
    "SELECT " MERIDIAN_CONTACT_COLUMNS " FROM contact WHERE tenant = ?1 AND conversation = ?2 ORDER BY id LIMIT 1000";
constexpr char kConversation[] =
    "SELECT " MERIDIAN_CONVERSATION_COLUMNS " FROM conversation WHERE tenant = ?1 AND id = ?2";
// From the place (?3, ?4) downwards, the place excluded.
constexpr char kEnded[] = "SELECT " MERIDIAN_CONTACT_COLUMNS
                          " FROM contact WHERE tenant = ?1 AND ended_at IS NOT NULL AND ended_at >= ?2"
                          " AND ended_at <= ?3 AND (ended_at < ?3 OR id < ?4) ORDER BY ended_at DESC, id DESC LIMIT ?5";
constexpr char kClosed[] = "SELECT " MERIDIAN_CONVERSATION_COLUMNS
                           " FROM conversation WHERE tenant = ?1 AND closed_at IS NOT NULL AND closed_at >= ?2"
                           " AND closed_at <= ?3 AND (closed_at < ?3 OR id < ?4)"
                           " ORDER BY closed_at DESC, id DESC LIMIT ?5";

class Row {
 public:
  explicit Row(const SqliteStatement& statement) : statement_(statement) {}

  template <typename Tag>
  void Read(EntityId<Tag>* id) {
    ids_.Id(statement_.Bytes(column_++), id);
  }
  void Read(std::string* text) { *text = std::string(statement_.Bytes(column_++)); }
  void Read(uint32_t* number) { *number = static_cast<uint32_t>(statement_.Integer(column_++)); }
  void Read(ContactState* state) { *state = static_cast<ContactState>(statement_.Integer(column_++)); }
  void Read(std::optional<Instant>* at) {
    if (!statement_.IsNull(column_)) *at = Instant{statement_.Integer(column_)};
    ++column_;
  }
  template <typename... Fields>
  void Read(Fields*... fields) {
    (Read(fields), ...);
  }
  void Skip(int columns) { column_ += columns; }
  absl::Status status() const { return ids_.ok() ? absl::OkStatus() : absl::DataLossError("a stored id is malformed"); }

 private:
  const SqliteStatement& statement_;
  int column_ = 0;
  StoredReader ids_;
};

absl::Status ReadInto(Contact* contact, Row row) {
  row.Read(&contact->id, &contact->conversation, &contact->customer, &contact->channel, &contact->queue, &contact->rule,
           &contact->language, &contact->country, &contact->agent, &contact->offers, &contact->queued_at,
           &contact->assigned_at, &contact->ended_at, &contact->state, &contact->reason);
  return row.status();
}

absl::Status ReadInto(Conversation* conversation, Row row) {
  row.Read(&conversation->id, &conversation->customer, &conversation->opened_at, &conversation->closed_at,
           &conversation->reason, &conversation->contacts, &conversation->refused_contacts,
           &conversation->customer_messages, &conversation->other_messages);
  return row.status();
}

absl::Status ReadInto(ContactWithTimeline* found, Row row) {
  MERIDIAN_RETURN_IF_ERROR(ReadInto(&found->contact, row));
  row.Skip(kContactColumns);
  row.Read(&found->timeline);
  return absl::OkStatus();
}

bool Matches(const Filter& filter, const Contact& contact) {
  return (filter.queue.empty() || filter.queue == contact.queue) &&
         (filter.agent.empty() || filter.agent == contact.agent) &&
         (filter.channel.empty() || filter.channel == contact.channel) &&
         (!filter.customer || *filter.customer == contact.customer);
}
bool Matches(const Filter& filter, const Conversation& conversation) {
  return !filter.customer || *filter.customer == conversation.customer;
}

Instant EndOf(const Contact& contact) { return contact.ended_at.value_or(Instant{}); }
Instant EndOf(const Conversation& conversation) { return conversation.closed_at.value_or(Instant{}); }

// Where a page goes on: after this entry, downwards.
struct Place {
  Instant end;
  std::string id;  // stored; empty: before all of this instant
};

template <typename T>
std::string FormatPlace(const T& item) {
  return std::to_string(EndOf(item).ns) + "." + item.id.ToString();
}

absl::StatusOr<Place> PlaceOf(const Filter& filter, const std::string& page) {
  if (page.empty()) return Place{filter.ended_before.value_or(Instant::Never()), {}};
  Place place;
  const char* const end = page.data() + page.size();
  const auto [dot, error] = std::from_chars(page.data(), end, place.end.ns);
  if (error == std::errc() && dot != end && *dot == '.') {
    if (const auto id = ContactId::Parse(std::string_view(dot + 1, static_cast<size_t>(end - dot - 1)))) {
      place.id = StoredId(*id);
      return place;
    }
  }
  return FieldError("page_token", "must be a token that an earlier page gave");
}

}  // namespace

SqliteHistoryReader::SqliteHistoryReader(SqliteConnection& connection)
    : connection_(connection),
      contact_(connection, kContact),
      contacts_of_(connection, kContactsOf),
      ended_(connection, kEnded),
      conversation_(connection, kConversation),
      closed_(connection, kClosed) {}

template <typename T>
absl::StatusOr<Page<T>> SqliteHistoryReader::ReadPage(SqliteStatement& statement, const TenantId& tenant,
                                                      const Filter& filter, size_t page_size, const std::string& page) {
  MERIDIAN_ASSIGN_OR_RETURN(const Place place, PlaceOf(filter, page));
  statement.BindText(1, tenant.value).Bind(2, filter.ended_from.value_or(Instant{}).ns).Bind(3, place.end.ns);
  statement.BindBlob(4, place.id).Bind(5, static_cast<int64_t>(Page<T>::kMaxLookedAt));
  Page<T> found;
  absl::Status status;
  size_t looked_at = 0;
  std::string last;
  while (status.ok() && found.items.size() < page_size && statement.Next()) {
    T item;
    status = ReadInto(&item, Row(statement));
    ++looked_at;
    last = FormatPlace(item);
    if (status.ok() && Matches(filter, item)) found.items.push_back(std::move(item));
  }
  const bool failed = !statement.ok();
  statement.Reset();
  if (failed) return connection_.failure().ToStatus();
  MERIDIAN_RETURN_IF_ERROR(status);
  if (found.items.size() == page_size || looked_at == Page<T>::kMaxLookedAt) found.next = last;
  return found;
}

template <typename T>
static absl::StatusOr<std::optional<T>> ReadOne(SqliteConnection& connection, SqliteStatement& statement) {
  std::optional<T> found;
  absl::Status status;
  if (statement.Next()) {
    status = ReadInto(&found.emplace(), Row(statement));
    statement.Reset();
  }
  if (!statement.ok()) return connection.failure().ToStatus();
  MERIDIAN_RETURN_IF_ERROR(status);
  return found;
}

absl::StatusOr<std::optional<ContactWithTimeline>> SqliteHistoryReader::FindContact(const TenantId& tenant,
                                                                                    const ContactId& contact) {
  const std::string id = StoredId(contact);
  contact_.BindText(1, tenant.value).BindBlob(2, id);
  return ReadOne<ContactWithTimeline>(connection_, contact_);
}

absl::StatusOr<std::optional<Conversation>> SqliteHistoryReader::FindConversation(const TenantId& tenant,
                                                                                  const ConversationId& conversation) {
  const std::string id = StoredId(conversation);
  conversation_.BindText(1, tenant.value).BindBlob(2, id);
  return ReadOne<Conversation>(connection_, conversation_);
}

absl::StatusOr<std::vector<Contact>> SqliteHistoryReader::ContactsOf(const TenantId& tenant,
                                                                     const ConversationId& conversation) {
  const std::string id = StoredId(conversation);
  contacts_of_.BindText(1, tenant.value).BindBlob(2, id);
  std::vector<Contact> contacts;
  absl::Status status;
  while (status.ok() && contacts_of_.Next()) status = ReadInto(&contacts.emplace_back(), Row(contacts_of_));
  const bool failed = !contacts_of_.ok();
  contacts_of_.Reset();
  if (failed) return connection_.failure().ToStatus();
  MERIDIAN_RETURN_IF_ERROR(status);
  return contacts;
}

absl::StatusOr<Page<Contact>> SqliteHistoryReader::EndedContacts(const TenantId& tenant, const Filter& filter,
                                                                 size_t page_size, const std::string& page) {
  return ReadPage<Contact>(ended_, tenant, filter, page_size, page);
}

absl::StatusOr<Page<Conversation>> SqliteHistoryReader::ClosedConversations(const TenantId& tenant,
                                                                            const Filter& filter, size_t page_size,
                                                                            const std::string& page) {
  return ReadPage<Conversation>(closed_, tenant, filter, page_size, page);
}

}  // namespace meridian::history
