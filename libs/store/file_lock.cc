#include "libs/store/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace meridian {
namespace {

std::string ReadHolder(int descriptor) {
  char text[256];
  const ssize_t length = pread(descriptor, text, sizeof(text), 0);
  return length > 0 ? std::string(text, static_cast<size_t>(length)) : "an unnamed process";
}

absl::Status OpenFailed(const std::string& path, int error) {
  const std::string message = "cannot open the lock file " + path + ": " + std::generic_category().message(error);
  if (error == EACCES || error == EROFS || error == EPERM) return absl::PermissionDeniedError(message);
  return absl::InternalError(message);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& path, const std::string& holder) {
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return OpenFailed(path, errno);
  std::unique_ptr<FileLock> lock(new FileLock(descriptor));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return OpenFailed(path, errno);
    return absl::FailedPreconditionError(path + " is held by " + ReadHolder(descriptor));
  }
  const std::string text = holder + ", pid " + std::to_string(getpid());
  // The name is a courtesy to who comes second: a full disk must not keep the first one from starting.
  if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, text.data(), text.size(), 0) < 0) errno = 0;
  return lock;
}

FileLock::~FileLock() { close(descriptor_); }

}  // namespace meridian
