#include "libs/history/timeline.h"

#include <cstdint>
#include <optional>
#include <span>

#include "libs/base/status_macros.h"

namespace meridian::history {
namespace {

constexpr size_t kLengthBytes = 4;  // big-endian

void AppendLength(size_t length, std::string* to) {
  for (int shift = 24; shift >= 0; shift -= 8) to->push_back(static_cast<char>(length >> shift & 0xff));
}

std::optional<std::string_view> TakeEntry(std::string_view* bytes) {
  if (bytes->size() < kLengthBytes) return std::nullopt;
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | static_cast<uint8_t>((*bytes)[i]);
  bytes->remove_prefix(kLengthBytes);
  if (bytes->size() < length) return std::nullopt;
  const std::string_view entry = bytes->substr(0, length);
  bytes->remove_prefix(length);
  return entry;
}

}  // namespace

void AppendToTimeline(const RegionCode& region, const LoggedEvent& event, std::string* timeline) {
  LogEntryWriter writer(region);
  writer.Append(event.tenant, std::span(&event.event, 1));
  const std::string entry = writer.Take();
  AppendLength(entry.size(), timeline);
  *timeline += entry;
}

absl::StatusOr<std::vector<TimelineEvent>> ReadTimeline(std::string_view timeline) {
  std::vector<TimelineEvent> events;
  while (!timeline.empty()) {
    const auto entry = TakeEntry(&timeline);
    if (!entry) return absl::DataLossError("a timeline ends inside an event");
    MERIDIAN_ASSIGN_OR_RETURN(RoutingLogEntry decoded, DecodeLogEntry(*entry));
    for (LoggedEvent& logged : decoded.events) events.push_back({decoded.region, std::move(logged)});
  }
  return events;
}

}  // namespace meridian::history
