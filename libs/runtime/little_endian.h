// Numbers and byte strings in the loop's own records: little endian, strings behind their length (4 bytes).
// Values; any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace meridian {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in memory");

inline void AppendU32(uint32_t value, std::string* out) { out->append(reinterpret_cast<const char*>(&value), 4); }
inline void AppendU64(uint64_t value, std::string* out) { out->append(reinterpret_cast<const char*>(&value), 8); }
inline void AppendBytes(std::string_view bytes, std::string* out) {
  AppendU32(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

// Each Read answers false, and reads nothing, when the bytes end before.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(std::string_view bytes) : rest_(bytes) {}

  bool ReadU8(uint8_t* value) { return ReadInteger(value); }
  bool ReadU32(uint32_t* value) { return ReadInteger(value); }
  bool ReadU64(uint64_t* value) { return ReadInteger(value); }
  bool ReadBytes(std::string_view* bytes) {
    const std::string_view before = rest_;
    uint32_t size = 0;
    if (ReadU32(&size) && size <= rest_.size()) {
      *bytes = rest_.substr(0, size);
      rest_.remove_prefix(size);
      return true;
    }
    rest_ = before;
    return false;
  }
  bool empty() const { return rest_.empty(); }

 private:
  template <typename Integer>
  bool ReadInteger(Integer* value) {
    if (rest_.size() < sizeof *value) return false;
    std::memcpy(value, rest_.data(), sizeof *value);
    rest_.remove_prefix(sizeof *value);
    return true;
  }

  std::string_view rest_;
};

}  // namespace meridian
