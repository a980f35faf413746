#include "libs/config/zone_tables.h"

#include "absl/time/time.h"
#include "libs/config/zone_files.h"

namespace meridian {
namespace {

constexpr Duration kBefore = Duration::Hours(48);

// Clocks going forward skip `from`; clocks going back repeat `to`: both know the instant of the jump.
absl::Time InstantOf(const absl::TimeZone::CivilTransition& transition, const absl::TimeZone& zone) {
  absl::TimeZone::TimeInfo from = zone.At(transition.from);
  if (from.kind == absl::TimeZone::TimeInfo::SKIPPED) return from.trans;
  absl::TimeZone::TimeInfo to = zone.At(transition.to);
  return to.kind == absl::TimeZone::TimeInfo::REPEATED ? to.trans : to.pre;
}

// So that a table is the same all day, and made of whole seconds.
absl::Time StartOfUtcDay(Instant at) {
  return absl::FromCivil(absl::ToCivilDay(absl::FromUnixNanos(at.ns), absl::UTCTimeZone()), absl::UTCTimeZone());
}

int32_t OffsetOf(const absl::TimeZone& zone, absl::Time at) { return zone.At(at).offset; }

}  // namespace

std::optional<ZoneTable> MakeZoneTable(const std::string& name, Instant now) {
  const std::optional<absl::TimeZone> loaded = LoadZone(name);
  if (!loaded) return std::nullopt;
  const absl::TimeZone& zone = *loaded;
  ZoneTable table{name, {}};
  absl::Time at = StartOfUtcDay(now - kBefore);
  absl::Time end = StartOfUtcDay(now + kZoneTableReach);
  table.transitions.push_back({Instant{absl::ToUnixNanos(at)}, OffsetOf(zone, at)});
  absl::TimeZone::CivilTransition transition;
  while (zone.NextTransition(at, &transition)) {
    at = InstantOf(transition, zone);
    if (at >= end) break;
    if (OffsetOf(zone, at) != table.transitions.back().offset_seconds) {
      table.transitions.push_back({Instant{absl::ToUnixNanos(at)}, OffsetOf(zone, at)});
    }
  }
  return table;
}

std::map<std::string, ZoneTable> MakeZoneTables(const std::vector<std::string>& zones, Instant now) {
  std::map<std::string, ZoneTable> tables;
  for (const std::string& zone : zones) {
    if (auto table = MakeZoneTable(zone, now)) tables.emplace(zone, *std::move(table));
  }
  return tables;
}

}  // namespace meridian
