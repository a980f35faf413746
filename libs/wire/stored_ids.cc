#include "libs/wire/stored_ids.h"

namespace meridian {
namespace {

void AppendBigEndian(std::string& bytes, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
}

uint64_t BigEndianAt(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = at; i < at + 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

std::string StoredId(const RegionCode& region, const Uuid& uuid) {
  std::string bytes;
  bytes.reserve(23);
  AppendBigEndian(bytes, uuid.high);
  AppendBigEndian(bytes, uuid.low);
  bytes.append(region.view());
  return bytes;
}

std::optional<EntityIdParts> ReadStoredId(std::string_view bytes) {
  if (bytes.size() < 16) return std::nullopt;
  EntityIdParts parts;
  parts.uuid = {BigEndianAt(bytes, 0), BigEndianAt(bytes, 8)};
  std::string_view region = bytes.substr(16);
  if (region.empty()) return parts;
  auto code = RegionCode::Parse(region);
  if (!code) return std::nullopt;
  parts.region = *code;
  return parts;
}

}  // namespace meridian
