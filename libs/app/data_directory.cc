#include "libs/app/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "libs/base/status_macros.h"

namespace meridian {
namespace {

namespace fs = std::filesystem;

constexpr char kLockName[] = "lock";
constexpr char kAddressesName[] = "addresses.json";
constexpr size_t kMaxCommandBytes = 512;

absl::Status ErrnoStatus(const std::string& what) {
  const int error = errno;
  return absl::UnavailableError(what + ": " + std::strerror(error));
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

std::string OwnCommand() {
  std::string command = ReadFile("/proc/self/cmdline").substr(0, kMaxCommandBytes);
  while (!command.empty() && command.back() == '\0') command.pop_back();
  std::replace(command.begin(), command.end(), '\0', ' ');
  return command;
}

// The time at which the lock was taken; the lock file's own modification time.
std::string StartOf(int lock) {
  struct stat info {};
  if (fstat(lock, &info) != 0) return "an unknown time";
  struct tm parts {};
  gmtime_r(&info.st_mtime, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// The lock file holds the process id on its first line and the command on its second.
std::string DescribeHolder(int lock, const std::string& lock_path) {
  std::istringstream in(ReadFile(lock_path));
  std::string pid, command;
  std::getline(in, pid);
  std::getline(in, command);
  if (pid.empty()) return "another process";
  return "process " + pid + ", started at " + StartOf(lock) + " as: " + command;
}

absl::Status WriteAll(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus("cannot write " + path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Sync(int file, const std::string& path) {
  return fsync(file) == 0 ? absl::OkStatus() : ErrnoStatus("cannot sync " + path);
}

absl::Status SyncFolder(const std::string& path) {
  const int folder = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return ErrnoStatus("cannot open " + path);
  absl::Status status = Sync(folder, path);
  close(folder);
  return status;
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) return absl::OkStatus();
  const fs::path parent = fs::absolute(path).lexically_normal().parent_path();
  fs::create_directories(parent, error);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus("cannot make the data folder " + path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the data folder has no name");
  MERIDIAN_RETURN_IF_ERROR(MakeFolder(path));
  const std::string lock_path = path + "/" + kLockName;
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return ErrnoStatus("cannot open " + lock_path);
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, lock));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    absl::Status status = errno == EWOULDBLOCK
                              ? absl::FailedPreconditionError("the data folder " + path + " is in use by " +
                                                              DescribeHolder(lock, lock_path))
                              : ErrnoStatus("cannot lock " + lock_path);
    directory->locked_ = false;
    return status;
  }
  if (ftruncate(lock, 0) != 0) return ErrnoStatus("cannot write " + lock_path);
  MERIDIAN_RETURN_IF_ERROR(WriteAll(lock, std::to_string(getpid()) + "\n" + OwnCommand() + "\n", lock_path));
  directory->RemoveAddresses();
  return directory;
}

DataDirectory::~DataDirectory() {
  if (locked_) RemoveAddresses();
  close(lock_);
}

std::string DataDirectory::File(std::string_view name) const { return path_ + "/" + std::string(name); }

absl::Status DataDirectory::RequireSame(const std::string& name, const std::string& value) {
  const std::string path = File(name);
  std::error_code failed;
  if (!fs::exists(path, failed)) return ReplaceFile(path, value + "\n", 0600);
  std::string kept = ReadFile(path);
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
  if (kept == value) return absl::OkStatus();
  return absl::InvalidArgumentError("the data folder " + path_ + " was made with the " + name + " " + kept + ", not " +
                                    value);
}

absl::Status DataDirectory::WriteAddresses(const std::map<std::string, std::string>& addresses) {
  return ReplaceFile(File(kAddressesName), nlohmann::json(addresses).dump(2) + "\n", 0600);
}

void DataDirectory::RemoveAddresses() { unlink(File(kAddressesName).c_str()); }

absl::Status ReplaceFile(const std::string& path, std::string_view content, unsigned mode) {
  const std::string next = path + ".next";
  unlink(next.c_str());
  const int file = open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) return ErrnoStatus("cannot write " + next);
  absl::Status status = WriteAll(file, content, next);
  if (status.ok()) status = Sync(file, next);
  close(file);
  if (status.ok() && rename(next.c_str(), path.c_str()) != 0) status = ErrnoStatus("cannot replace " + path);
  if (!status.ok()) {
    unlink(next.c_str());
    return status;
  }
  return SyncFolder(fs::absolute(path).parent_path().string());
}

}  // namespace meridian
