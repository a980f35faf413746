// History in one SQLite file of its own (WAL, synchronous=FULL), for one process on one machine. Format 1:
//
//   position(source, term, number)                    source: the shard, as in libs/store/sqlite_schema.h
//   contact(tenant, id, …, timeline)                  instants in nanoseconds, NULL where not known
//   conversation(tenant, id, …)
//
// One connection writes, another reads what is committed; each is used under its own lock.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "libs/history/history_store.h"
#include "libs/store/file_lock.h"
#include "libs/store/sqlite_connection.h"

namespace meridian::history {

class SqliteHistoryReader;
class SqliteHistoryWriter;

class SqliteHistory : public HistoryStore {
 public:
  struct Options {
    std::string path;                // of the file; its folder must exist
    std::string holder = "history";  // how a second process names this one, beside its pid
    std::string vfs;                 // a registered SQLite VFS; empty: the system's
  };
  // FAILED_PRECONDITION when another process has the file (named), or a newer version wrote it; else what SQLite says.
  static absl::StatusOr<std::unique_ptr<SqliteHistory>> Open(const Options& options);
  ~SqliteHistory() override;

  absl::StatusOr<std::optional<LogPosition>> Position(ShardId source) override;
  absl::Status Apply(const Batch& batch) override;
  absl::StatusOr<size_t> Expire(Instant before, size_t limit) override;
  absl::StatusOr<std::optional<ContactWithTimeline>> FindContact(const TenantId& tenant,
                                                                 const ContactId& contact) override;
  absl::StatusOr<std::optional<Conversation>> FindConversation(const TenantId& tenant,
                                                               const ConversationId& conversation) override;
  absl::StatusOr<std::vector<Contact>> ContactsOf(const TenantId& tenant, const ConversationId& conversation) override;
  absl::StatusOr<Page<Contact>> EndedContacts(const TenantId& tenant, const Filter& filter, size_t page_size,
                                              const std::string& page) override;
  absl::StatusOr<Page<Conversation>> ClosedConversations(const TenantId& tenant, const Filter& filter, size_t page_size,
                                                         const std::string& page) override;

 private:
  SqliteHistory(std::unique_ptr<FileLock> lock, std::unique_ptr<SqliteConnection> writing,
                std::unique_ptr<SqliteConnection> reading);

  const std::unique_ptr<FileLock> lock_;
  const std::unique_ptr<SqliteConnection> writing_, reading_;
  std::mutex writer_mutex_;
  std::unique_ptr<SqliteHistoryWriter> writer_;  // under writer_mutex_
  std::mutex reader_mutex_;
  std::unique_ptr<SqliteHistoryReader> reader_;  // under reader_mutex_
};

}  // namespace meridian::history
