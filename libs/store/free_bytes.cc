#include "libs/store/free_bytes.h"

#include <sys/statvfs.h>

namespace meridian {

int64_t FreeBytes(const std::string& path) {
  struct statvfs stats;
  if (statvfs(path.c_str(), &stats) != 0) return INT64_MAX;
  return static_cast<int64_t>(stats.f_bavail) * static_cast<int64_t>(stats.f_frsize);
}

}  // namespace meridian
