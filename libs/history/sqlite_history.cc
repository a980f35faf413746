#include "libs/history/sqlite_history.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/history/sqlite_history_reader.h"
#include "libs/history/sqlite_history_writer.h"
#include "libs/store/sqlite_schema.h"

namespace meridian::history {
namespace {

constexpr int64_t kPageCacheBytes = 16 << 20;

constexpr SqliteSchema kSchema = {0x4d454849 /* "MEHI" */, 1, R"sql(
CREATE TABLE position(source INTEGER PRIMARY KEY, term INTEGER NOT NULL, number INTEGER NOT NULL) STRICT;
CREATE TABLE contact(
  tenant TEXT NOT NULL, id BLOB NOT NULL, conversation BLOB, customer BLOB, channel TEXT, queue TEXT, rule TEXT,
  language TEXT, country TEXT, agent TEXT, offers INTEGER NOT NULL, queued_at INTEGER, assigned_at INTEGER,
  ended_at INTEGER, state INTEGER, reason TEXT, timeline BLOB NOT NULL, PRIMARY KEY(tenant, id)) WITHOUT ROWID, STRICT;
CREATE INDEX contact_ended ON contact(tenant, ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX contact_conversation ON contact(tenant, conversation, id);
CREATE TABLE conversation(
  tenant TEXT NOT NULL, id BLOB NOT NULL, customer BLOB, opened_at INTEGER, closed_at INTEGER, reason TEXT,
  contacts INTEGER NOT NULL, refused_contacts INTEGER NOT NULL, customer_messages INTEGER NOT NULL,
  other_messages INTEGER NOT NULL, PRIMARY KEY(tenant, id)) WITHOUT ROWID, STRICT;
CREATE INDEX conversation_closed ON conversation(tenant, closed_at, id) WHERE closed_at IS NOT NULL;
)sql"};

absl::StatusOr<std::unique_ptr<SqliteConnection>> Connect(const SqliteHistory::Options& options) {
  MERIDIAN_ASSIGN_OR_RETURN(auto connection, SqliteConnection::Open(options.path, options.vfs));
  MERIDIAN_RETURN_IF_ERROR(ConfigureConnection(*connection, kPageCacheBytes));
  // Batches are few and large: the writer may as well move what it wrote.
  if (!connection->Execute("PRAGMA wal_autocheckpoint=4000")) return connection->failure().ToStatus();
  return connection;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteHistory>> SqliteHistory::Open(const Options& options) {
  MERIDIAN_ASSIGN_OR_RETURN(auto lock, FileLock::Acquire(options.path + ".lock", options.holder));
  MERIDIAN_ASSIGN_OR_RETURN(auto writing, Connect(options));
  MERIDIAN_RETURN_IF_ERROR(PrepareSchema(*writing, kSchema));
  MERIDIAN_ASSIGN_OR_RETURN(auto reading, Connect(options));
  return std::unique_ptr<SqliteHistory>(new SqliteHistory(std::move(lock), std::move(writing), std::move(reading)));
}

SqliteHistory::SqliteHistory(std::unique_ptr<FileLock> lock, std::unique_ptr<SqliteConnection> writing,
                             std::unique_ptr<SqliteConnection> reading)
    : lock_(std::move(lock)),
      writing_(std::move(writing)),
      reading_(std::move(reading)),
      writer_(std::make_unique<SqliteHistoryWriter>(*writing_)),
      reader_(std::make_unique<SqliteHistoryReader>(*reading_)) {}

SqliteHistory::~SqliteHistory() = default;

absl::StatusOr<std::optional<LogPosition>> SqliteHistory::Position(ShardId source) {
  std::lock_guard lock(writer_mutex_);
  return writer_->Position(source);
}

absl::Status SqliteHistory::Apply(const Batch& batch) {
  std::lock_guard lock(writer_mutex_);
  return writer_->Apply(batch);
}

absl::StatusOr<size_t> SqliteHistory::Expire(Instant before, size_t limit) {
  std::lock_guard lock(writer_mutex_);
  return writer_->Expire(before, limit);
}

absl::StatusOr<std::optional<ContactWithTimeline>> SqliteHistory::FindContact(const TenantId& tenant,
                                                                              const ContactId& contact) {
  std::lock_guard lock(reader_mutex_);
  return reader_->FindContact(tenant, contact);
}

absl::StatusOr<std::optional<Conversation>> SqliteHistory::FindConversation(const TenantId& tenant,
                                                                            const ConversationId& conversation) {
  std::lock_guard lock(reader_mutex_);
  return reader_->FindConversation(tenant, conversation);
}

absl::StatusOr<std::vector<Contact>> SqliteHistory::ContactsOf(const TenantId& tenant,
                                                               const ConversationId& conversation) {
  std::lock_guard lock(reader_mutex_);
  return reader_->ContactsOf(tenant, conversation);
}

absl::StatusOr<Page<Contact>> SqliteHistory::EndedContacts(const TenantId& tenant, const Filter& filter,
                                                           size_t page_size, const std::string& page) {
  std::lock_guard lock(reader_mutex_);
  return reader_->EndedContacts(tenant, filter, page_size, page);
}

absl::StatusOr<Page<Conversation>> SqliteHistory::ClosedConversations(const TenantId& tenant, const Filter& filter,
                                                                      size_t page_size, const std::string& page) {
  std::lock_guard lock(reader_mutex_);
  return reader_->ClosedConversations(tenant, filter, page_size, page);
}

}  // namespace meridian::history
