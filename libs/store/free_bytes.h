// Room on a disk. Any thread.
#pragma once

#include <cstdint>
#include <string>

namespace meridian {

// What may still be written to the file system of `path`. One that does not tell has room.
int64_t FreeBytes(const std::string& path);

}  // namespace meridian
