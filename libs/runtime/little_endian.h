// Numbers and byte strings in the loop's own records: little endian, strings behind their length (4 bytes).
// Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meridian {

inline void AppendInteger(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}
inline void AppendU32(uint32_t value, std::string* out) { AppendInteger(value, 4, out); }
inline void AppendU64(uint64_t value, std::string* out) { AppendInteger(value, 8, out); }
inline void AppendBytes(std::string_view bytes, std::string* out) {
  AppendU32(static_cast<uint32_t>(bytes.size()), out);
  out->append(bytes);
}

// Each Read answers false, and reads nothing, when the bytes end before.
class LittleEndianReader {
 public:
  explicit LittleEndianReader(std::string_view bytes) : rest_(bytes) {}

  bool ReadU8(uint8_t* value) { return ReadInteger(1, value); }
  bool ReadU32(uint32_t* value) { return ReadInteger(4, value); }
  bool ReadU64(uint64_t* value) { return ReadInteger(8, value); }
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
  bool ReadInteger(size_t bytes, Integer* value) {
    if (rest_.size() < bytes) return false;
    uint64_t read = 0;
    for (size_t i = 0; i < bytes; ++i) read |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(bytes);
    *value = static_cast<Integer>(read);
    return true;
  }

  std::string_view rest_;
};

}  // namespace meridian
