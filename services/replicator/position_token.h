// The opaque position of an event stream: a place in the log of the tenant's shard, "<term>.<number>". Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libs/runtime/shard_id.h"

namespace meridian {

std::string FormatPosition(LogPosition position);
// nullopt for anything that FormatPosition does not write.
std::optional<LogPosition> ParsePosition(std::string_view text);

}  // namespace meridian
