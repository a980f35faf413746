// Transition tables of IANA zones, read from the system's tzdata at the edge: the pure layers never read it.
// Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/domain/schedule.h"

namespace meridian {

// How far ahead a table reaches; it is renewed daily.
inline constexpr Duration kZoneTableReach = Duration::Hours(24 * 400);

// The table of `zone` from two days before `now` on, the same all (UTC) day; nullopt when tzdata does not have the
// zone.
std::optional<ZoneTable> MakeZoneTable(const std::string& zone, Instant now);
// Tables of those that tzdata has; the others are left out, and Validate names who refers to them.
std::map<std::string, ZoneTable> MakeZoneTables(const std::vector<std::string>& zones, Instant now);

}  // namespace meridian
