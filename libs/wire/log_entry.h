// A log entry of a routing shard: what one commit's commands caused, public events and internal facts of all its
// tenants in order. Stored as meridian.internal.log.v1.RoutingLogEntry (routing_log_entry.proto): what many events
// share (tenant, term, time, origin) stands once per group, and what the group before had is left out.
//
// The writer belongs to the shard's thread. Decoding: any thread, any bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/routing/effects.h"

namespace meridian {

class LogEntryWriter {
 public:
  // `region`: of the shard; ids of other regions name theirs.
  explicit LogEntryWriter(RegionCode region) : region_(region) {}

  // Events of one tenant in order; a command's events share a group.
  void Append(const TenantId& tenant, std::span<const Event> events);
  size_t size() const { return bytes_.size(); }
  // The entry so far, empty when nothing was appended; the writer starts anew.
  std::string Take();

 private:
  const RegionCode region_;
  std::string bytes_;
  TenantId tenant_;
  Event last_;  // whose term, time, revision and origin hold
};

struct LoggedEvent {
  TenantId tenant;
  Event event;

  friend bool operator==(const LoggedEvent&, const LoggedEvent&) = default;
};

struct RoutingLogEntry {
  RegionCode region;
  std::vector<LoggedEvent> events;
};

// DATA_LOSS for malformed bytes, for formats that are not read here (stored_format.h) and for events of a kind that is
// not known here.
absl::StatusOr<RoutingLogEntry> DecodeLogEntry(std::string_view bytes);

// False when the entry certainly says nothing of the contact; much cheaper than decoding.
bool MayMention(std::string_view entry, const ContactId& contact);

}  // namespace meridian
