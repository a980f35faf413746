// A lock file that keeps a second process, or a second user in this process, away from a file, and names the first.
// Released by the destructor and by the kernel when the process ends, however it ends. Any thread.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace meridian {

class FileLock {
 public:
  // Makes the lock file when it is absent and writes "`holder`, pid N" into it. FAILED_PRECONDITION, with the text of
  // the holder, when it is held; PERMISSION_DENIED or INTERNAL when it cannot be made.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(const std::string& path, const std::string& holder);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}

  const int descriptor_;
};

}  // namespace meridian
