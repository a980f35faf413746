#include "libs/history/sqlite_history_writer.h"

#include <array>
#include <string>

#include "libs/base/status_macros.h"
#include "libs/store/sqlite_schema.h"
#include "libs/wire/stored_ids.h"

namespace meridian::history {
namespace {

constexpr char kPutContact[] = R"sql(
INSERT INTO contact(tenant, id, conversation, customer, channel, queue, rule, language, country, agent, offers,
                    queued_at, assigned_at, ended_at, state, reason, timeline)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
ON CONFLICT(tenant, id) DO UPDATE SET
  conversation = coalesce(excluded.conversation, conversation), customer = coalesce(excluded.customer, customer),
  channel = coalesce(excluded.channel, channel), queue = coalesce(excluded.queue, queue),
  rule = coalesce(excluded.rule, rule), language = coalesce(excluded.language, language),
  country = coalesce(excluded.country, country), agent = coalesce(excluded.agent, agent),
  offers = offers + excluded.offers, queued_at = coalesce(excluded.queued_at, queued_at),
  assigned_at = coalesce(assigned_at, excluded.assigned_at), ended_at = coalesce(excluded.ended_at, ended_at),
  state = coalesce(excluded.state, state), reason = coalesce(excluded.reason, reason),
  timeline = CAST(timeline || excluded.timeline AS BLOB))sql";

constexpr char kPutConversation[] = R"sql(
INSERT INTO conversation(tenant, id, customer, opened_at, closed_at, reason, contacts, refused_contacts,
                         customer_messages, other_messages)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT(tenant, id) DO UPDATE SET
  customer = coalesce(excluded.customer, customer), opened_at = coalesce(excluded.opened_at, opened_at),
  closed_at = coalesce(excluded.closed_at, closed_at), reason = coalesce(excluded.reason, reason),
  contacts = contacts + excluded.contacts, refused_contacts = refused_contacts + excluded.refused_contacts,
  customer_messages = customer_messages + excluded.customer_messages,
  other_messages = other_messages + excluded.other_messages)sql";

constexpr char kExpireContacts[] = R"sql(
DELETE FROM contact WHERE tenant = ?1 AND id IN (
  SELECT id FROM contact WHERE tenant = ?1 AND ended_at IS NOT NULL AND ended_at < ?2 ORDER BY ended_at LIMIT ?3))sql";
constexpr char kExpireConversations[] = R"sql(
DELETE FROM conversation WHERE tenant = ?1 AND id IN (
  SELECT id FROM conversation
  WHERE tenant = ?1 AND closed_at IS NOT NULL AND closed_at < ?2 ORDER BY closed_at LIMIT ?3))sql";

void BindText(SqliteStatement& statement, int index, const std::optional<std::string>& text) {
  text ? statement.BindText(index, *text) : statement.BindNull(index);
}
void BindInstant(SqliteStatement& statement, int index, const std::optional<Instant>& at) {
  at ? statement.Bind(index, at->ns) : statement.BindNull(index);
}
// `stored` is what is bound: it lives as long as the statement needs it.
template <typename Id>
void BindId(SqliteStatement& statement, int index, const std::optional<Id>& id, std::string* stored) {
  if (!id) {
    statement.BindNull(index);
    return;
  }
  *stored = StoredId(*id);
  statement.BindBlob(index, *stored);
}

}  // namespace

SqliteHistoryWriter::SqliteHistoryWriter(SqliteConnection& connection)
    : connection_(connection),
      begin_(connection, "BEGIN IMMEDIATE"),
      commit_(connection, "COMMIT"),
      rollback_(connection, "ROLLBACK"),
      position_(connection, "SELECT term, number FROM position WHERE source = ?1"),
      move_(connection, "INSERT OR REPLACE INTO position(source, term, number) VALUES(?1, ?2, ?3)"),
      put_contact_(connection, kPutContact),
      put_conversation_(connection, kPutConversation),
      next_contact_tenant_(connection, "SELECT tenant FROM contact WHERE tenant > ?1 ORDER BY tenant LIMIT 1"),
      next_conversation_tenant_(connection,
                                "SELECT tenant FROM conversation WHERE tenant > ?1 ORDER BY tenant LIMIT 1"),
      expire_contacts_(connection, kExpireContacts),
      expire_conversations_(connection, kExpireConversations) {}

absl::Status SqliteHistoryWriter::Run(SqliteStatement& statement) {
  return statement.Run() ? absl::OkStatus() : connection_.failure().ToStatus();
}

absl::StatusOr<std::optional<LogPosition>> SqliteHistoryWriter::Position(ShardId source) {
  position_.Bind(1, ShardColumn(source));
  std::optional<LogPosition> position;
  if (position_.Next()) {
    position = LogPosition{position_.Unsigned(0), position_.Unsigned(1)};
    position_.Reset();
  }
  if (!position_.ok()) return connection_.failure().ToStatus();
  return position;
}

absl::Status SqliteHistoryWriter::Apply(const Batch& batch) {
  MERIDIAN_RETURN_IF_ERROR(Run(begin_));
  return InTransaction(Write(batch));
}

absl::StatusOr<size_t> SqliteHistoryWriter::Expire(Instant before, size_t limit) {
  MERIDIAN_RETURN_IF_ERROR(Run(begin_));
  absl::StatusOr<size_t> expired = ExpireAllTenants(before, limit);
  MERIDIAN_RETURN_IF_ERROR(InTransaction(expired.status()));
  return expired;
}

// Ends the transaction, by what became of its statements.
absl::Status SqliteHistoryWriter::InTransaction(absl::Status done) {
  if (done.ok()) done = Run(commit_);
  if (!done.ok() && connection_.InTransaction()) rollback_.Run();
  return done;
}

absl::Status SqliteHistoryWriter::Write(const Batch& batch) {
  for (const Batch::Progress& progress : batch.progress) MERIDIAN_RETURN_IF_ERROR(Move(progress));
  for (const ContactUpdate& update : batch.contacts) MERIDIAN_RETURN_IF_ERROR(Put(update));
  for (const ConversationUpdate& update : batch.conversations) MERIDIAN_RETURN_IF_ERROR(Put(update));
  return absl::OkStatus();
}

absl::Status SqliteHistoryWriter::Move(const Batch::Progress& progress) {
  MERIDIAN_ASSIGN_OR_RETURN(const std::optional<LogPosition> stored, Position(progress.source));
  if (stored && *stored != progress.from) {
    return absl::AbortedError("another batch of " + progress.source.ToString() + " was recorded first");
  }
  move_.Bind(1, ShardColumn(progress.source)).Bind(2, progress.to.term).Bind(3, progress.to.number);
  return Run(move_);
}

absl::Status SqliteHistoryWriter::Put(const ContactUpdate& update) {
  SqliteStatement& put = put_contact_;
  std::array<std::string, 3> ids = {StoredId(update.id)};
  put.BindText(1, update.tenant.value).BindBlob(2, ids[0]);
  BindId(put, 3, update.conversation, &ids[1]);
  BindId(put, 4, update.customer, &ids[2]);
  BindText(put, 5, update.channel);
  BindText(put, 6, update.queue);
  BindText(put, 7, update.rule);
  BindText(put, 8, update.language);
  BindText(put, 9, update.country);
  BindText(put, 10, update.agent);
  put.Bind(11, static_cast<int64_t>(update.offers));
  BindInstant(put, 12, update.queued_at);
  BindInstant(put, 13, update.assigned_at);
  BindInstant(put, 14, update.ended_at);
  update.state ? put.Bind(15, static_cast<int64_t>(*update.state)) : put.BindNull(15);
  BindText(put, 16, update.reason);
  put.BindBlob(17, update.timeline);
  return Run(put);
}

absl::Status SqliteHistoryWriter::Put(const ConversationUpdate& update) {
  SqliteStatement& put = put_conversation_;
  const std::string id = StoredId(update.id);
  std::string customer;
  put.BindText(1, update.tenant.value).BindBlob(2, id);
  BindId(put, 3, update.customer, &customer);
  BindInstant(put, 4, update.opened_at);
  BindInstant(put, 5, update.closed_at);
  BindText(put, 6, update.reason);
  put.Bind(7, static_cast<int64_t>(update.contacts)).Bind(8, static_cast<int64_t>(update.refused_contacts));
  put.Bind(9, static_cast<int64_t>(update.customer_messages)).Bind(10, static_cast<int64_t>(update.other_messages));
  return Run(put);
}

absl::StatusOr<size_t> SqliteHistoryWriter::ExpireAllTenants(Instant before, size_t limit) {
  size_t most = 0;
  const std::array<std::array<SqliteStatement*, 2>, 2> tables = {
      {{&next_contact_tenant_, &expire_contacts_}, {&next_conversation_tenant_, &expire_conversations_}}};
  for (const auto& [next_tenant, expire] : tables) {
    size_t expired = 0;
    std::string tenant;
    while (expired < limit && next_tenant->BindText(1, tenant).Next()) {
      tenant = std::string(next_tenant->Bytes(0));
      next_tenant->Reset();
      expire->BindText(1, tenant).Bind(2, before.ns).Bind(3, static_cast<int64_t>(limit - expired));
      MERIDIAN_RETURN_IF_ERROR(Run(*expire));
      expired += static_cast<size_t>(sqlite3_changes(connection_.handle()));
    }
    if (!next_tenant->ok()) return connection_.failure().ToStatus();
    most = std::max(most, expired);
  }
  return most;
}

}  // namespace meridian::history
