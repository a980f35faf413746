#include "libs/config/text_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/error/error.h"

namespace meridian {
namespace {

absl::Status NotReadable(const std::string& path, int error) {
  return MakeError(absl::StatusCode::kNotFound, "FILE_NOT_READABLE",
                   "cannot read " + path + ": " + std::strerror(error));
}

}  // namespace

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return NotReadable(path, EISDIR);
  std::ifstream in(path, std::ios::binary);
  if (!in) return NotReadable(path, errno);
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || text.bad()) return NotReadable(path, EIO);
  return std::move(text).str();
}

}  // namespace meridian
