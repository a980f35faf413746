// The writing half of SqliteHistory: its statements on one connection. One thread at a time.
#pragma once

#include <optional>

#include "libs/history/history_store.h"
#include "libs/store/sqlite_connection.h"

namespace meridian::history {

class SqliteHistoryWriter {
 public:
  explicit SqliteHistoryWriter(SqliteConnection& connection);

  absl::StatusOr<std::optional<LogPosition>> Position(ShardId source);
  absl::Status Apply(const Batch& batch);
  absl::StatusOr<size_t> Expire(Instant before, size_t limit);

 private:
  absl::Status InTransaction(absl::Status done);
  absl::Status Write(const Batch& batch);
  absl::Status Move(const Batch::Progress& progress);
  absl::Status Put(const ContactUpdate& update);
  absl::Status Put(const ConversationUpdate& update);
  absl::StatusOr<size_t> ExpireAllTenants(Instant before, size_t limit);
  absl::Status Run(SqliteStatement& statement);

  SqliteConnection& connection_;
  SqliteStatement begin_, commit_, rollback_;
  SqliteStatement position_, move_, put_contact_, put_conversation_;
  SqliteStatement next_contact_tenant_, next_conversation_tenant_, expire_contacts_, expire_conversations_;
};

}  // namespace meridian::history
