// A file's content as one string. Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace meridian {

// NOT_FOUND with reason FILE_NOT_READABLE for what cannot be opened or read, as a folder; the message names the path
// and says why.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace meridian
