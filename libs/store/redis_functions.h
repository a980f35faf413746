// The function library of the Redis store: redis_functions.lua, embedded when the program is built. Any thread.
#pragma once

#include <string_view>

namespace meridian {

// Of the library, and at the end of each function's name: functions of all libraries share one space of names.
inline constexpr std::string_view kRedisLibraryVersion = "_v5";
inline constexpr std::string_view kRedisLibraryName = "meridian_v5";
std::string_view RedisFunctionLibrary();

}  // namespace meridian
