#include "libs/base/uuid.h"

namespace meridian {
namespace {

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Uuid Uuid::Version7(int64_t unix_ms, uint64_t random_high, uint64_t random_low) {
  Uuid uuid;
  uuid.high = (static_cast<uint64_t>(unix_ms) << 16) | 0x7000 | (random_high & 0xfff);
  uuid.low = 0x8000000000000000ULL | (random_low & 0x3fffffffffffffffULL);
  return uuid;
}

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  uint64_t halves[2] = {0, 0};
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    uint64_t& half = halves[digits / 16];
    half = (half << 4) | static_cast<uint64_t>(digit);
    ++digits;
  }
  return Uuid{halves[0], halves[1]};
}

std::string Uuid::ToString() const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text(36, '-');
  size_t at = 0;
  for (int digit = 0; digit < 32; ++digit) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    uint64_t half = digit < 16 ? high : low;
    text[at++] = kHex[(half >> (60 - 4 * (digit % 16))) & 0xf];
  }
  return text;
}

uint64_t StableHash(const Uuid& uuid) { return Mix(uuid.high + 0x9e3779b97f4a7c15ULL * (uuid.low | 1) + uuid.low); }

uint64_t StableHash(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return Mix(hash);
}

}  // namespace meridian
