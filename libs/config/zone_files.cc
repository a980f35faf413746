#include "libs/config/zone_files.h"

#include <cstdlib>
#include <filesystem>
#include <set>
#include <system_error>

#include "libs/domain/names.h"

namespace meridian {
namespace {

namespace fs = std::filesystem;

// Where Abseil looks.
fs::path Folder() {
  const char* folder = std::getenv("TZDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/usr/share/zoneinfo";
}

// The machine's own zone, and the same zones once more by other rules.
bool IsLeftOut(const std::string& name) {
  return name == "localtime" || name == "posixrules" || name == "posix" || name == "right";
}

// What has the name of a zone; whether it is one is seen when it is loaded.
std::set<std::string> ListZones() {
  std::set<std::string> names = {"UTC"};  // known without tzdata
  const fs::path folder = Folder();
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    const std::string name = at->path().lexically_relative(folder).generic_string();
    if (IsLeftOut(name)) {
      at.disable_recursion_pending();
    } else if (IsZoneName(name) && at->is_regular_file(gone)) {
      names.insert(name);
    }
  }
  return names;
}

}  // namespace

std::optional<absl::TimeZone> LoadZone(const std::string& name) {
  static const std::set<std::string>& names = *new std::set(ListZones());
  absl::TimeZone zone;
  if (!names.contains(name) || !absl::LoadTimeZone(name, &zone)) return std::nullopt;
  return zone;
}

}  // namespace meridian
