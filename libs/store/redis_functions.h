// The function library of the Redis store: redis_functions.lua, embedded when the program is built. Any thread.
#pragma once

#include <string_view>

namespace meridian {

inline constexpr std::string_view kRedisLibraryName = "meridian_v5";
// At the end of each function's name: functions of all libraries share one space of names.
inline constexpr std::string_view kRedisFunctionSuffix = "_v5";
static_assert(kRedisLibraryName.ends_with(kRedisFunctionSuffix));
std::string_view RedisFunctionLibrary();

}  // namespace meridian
