// The reading half of SqliteHistory: its statements on one connection. One thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/history/history_store.h"
#include "libs/store/sqlite_connection.h"

namespace meridian::history {

class SqliteHistoryReader {
 public:
  explicit SqliteHistoryReader(SqliteConnection& connection);

  absl::StatusOr<std::optional<ContactWithTimeline>> FindContact(const TenantId& tenant, const ContactId& contact);
  absl::StatusOr<std::optional<Conversation>> FindConversation(const TenantId& tenant,
                                                               const ConversationId& conversation);
  absl::StatusOr<std::vector<Contact>> ContactsOf(const TenantId& tenant, const ConversationId& conversation);
  absl::StatusOr<Page<Contact>> EndedContacts(const TenantId& tenant, const Filter& filter, size_t page_size,
                                              const std::string& page);
  absl::StatusOr<Page<Conversation>> ClosedConversations(const TenantId& tenant, const Filter& filter, size_t page_size,
                                                         const std::string& page);

 private:
  template <typename T>
  absl::StatusOr<Page<T>> ReadPage(SqliteStatement& statement, const TenantId& tenant, const Filter& filter,
                                   size_t page_size, const std::string& page);

  SqliteConnection& connection_;
  SqliteStatement contact_, contacts_of_, ended_, conversation_, closed_;
};

}  // namespace meridian::history
