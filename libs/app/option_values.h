// How values of options are written, on the command line and in the options file alike. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "libs/base/time.h"

namespace meridian {

// A whole number with a unit, "10s"; not negative.
std::optional<Duration> ParseDuration(std::string_view text);
// In the largest unit that keeps it whole.
std::string FormatDuration(Duration duration);
// "true" or "false".
std::optional<bool> ParseBool(std::string_view text);
std::optional<int64_t> ParseInteger(std::string_view text);
std::optional<uint64_t> ParseUnsigned(std::string_view text);

}  // namespace meridian
