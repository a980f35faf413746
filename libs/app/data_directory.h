// The folder that holds all that a process keeps (database, keys), and the proof that only this process uses it: a lock
// that the system itself releases when the process ends, however it ends.
//
// `addresses.json` in it tells where the process listens. It exists while the process is ready, and never in part.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace meridian {

class DataDirectory {
 public:
  // Makes the folder (mode 0700) with its parents when it is not there, locks it, and removes an addresses.json that a
  // killed process left. kFailedPrecondition when another process holds it; the message names its id, start and
  // command.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(const std::string& path);
  // Removes addresses.json and releases the lock.
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  const std::string& path() const { return path_; }
  // "<path>/<name>"
  std::string File(std::string_view name) const;

  // What the folder was made with and keeps: `value` is kept in the file `name` when that is not there, and has to be
  // the same ever after. kInvalidArgument when it differs; the message names both.
  absl::Status RequireSame(const std::string& name, const std::string& value);

  // Replaces addresses.json, whole and durable, by {"<name>":"<address>", …}.
  absl::Status WriteAddresses(const std::map<std::string, std::string>& addresses);
  void RemoveAddresses();

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;  // file descriptor
  bool locked_ = true;
};

// Replaces the file's content so that a reader, or a crash, sees the old or the new content whole. `mode` such as 0600.
absl::Status ReplaceFile(const std::string& path, std::string_view content, unsigned mode);

}  // namespace meridian
