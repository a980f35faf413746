#include "libs/domain/names.h"

#include <algorithm>

namespace meridian {

bool IsZoneName(std::string_view name) {
  constexpr size_t kMaxLength = 64;
  const auto in_segment = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '+';
  };
  if (name.size() > kMaxLength) return false;
  while (true) {
    const size_t end = std::min(name.find('/'), name.size());
    if (end == 0 || !std::all_of(name.begin(), name.begin() + end, in_segment)) return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

}  // namespace meridian
