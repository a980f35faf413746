// The function library of the Redis store: redis_functions.lua, embedded when the program is built. Any thread.
#pragma once

#include <string_view>

namespace meridian {

inline constexpr std::string_view kRedisLibraryName = "meridian_v4";
std::string_view RedisFunctionLibrary();

}  // namespace meridian
