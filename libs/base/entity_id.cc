#include "libs/base/entity_id.h"

#include <algorithm>

namespace meridian {
namespace {

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

constexpr size_t kUuidLength = 36;
constexpr size_t kMaxNameLength = 63;

}  // namespace

std::optional<RegionCode> RegionCode::Parse(std::string_view text) {
  RegionCode code;
  if (text.empty() || text.size() > code.bytes_.size() || !IsLower(text[0])) return std::nullopt;
  for (char c : text) {
    if (!IsLower(c) && !IsDigit(c)) return std::nullopt;
    code.bytes_[code.length_++] = c;
  }
  return code;
}

std::optional<EntityIdParts> ParseEntityId(std::string_view text) {
  if (text.size() < kUuidLength + 2) return std::nullopt;
  size_t dash = text.size() - kUuidLength - 1;
  if (text[dash] != '-') return std::nullopt;
  auto region = RegionCode::Parse(text.substr(0, dash));
  auto uuid = Uuid::Parse(text.substr(dash + 1));
  if (!region || !uuid) return std::nullopt;
  return EntityIdParts{*region, *uuid};
}

std::string FormatEntityId(const RegionCode& region, const Uuid& uuid) {
  std::string text(region.view());
  text += '-';
  text += uuid.ToString();
  return text;
}

bool IsValidName(std::string_view text) {
  if (text.empty() || text.size() > kMaxNameLength) return false;
  auto edge = [](char c) { return IsLower(c) || IsDigit(c); };
  if (!edge(text.front()) || !edge(text.back())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return edge(c) || c == '_' || c == '.' || c == '-'; });
}

}  // namespace meridian
