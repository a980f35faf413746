// The stored form of records and log entries: protobuf's wire format, read and written from one list of fields per
// struct, so that reading and writing cannot differ and no message object stands between. The .proto files of
// meridian.internal describe the same bytes; a test reads them with the generated classes.
//
//   template <class Archive>
//   void Fields(Archive& a, InOut<Archive, Decline>& decline) {
//     a.Text(1, decline.agent.value);
//     a.Time(2, decline.until);
//   }
//
// Fields are listed by rising number. What equals zero (empty, nil) is not written, and reads as zero. A reader skips
// fields that it does not know and says !ok() for anything malformed: any bytes may be given to it. Values; one thread.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace meridian {

template <class Archive, class T>
using InOut = std::conditional_t<Archive::kReading, T, const T>;

class FieldWriter {
 public:
  static constexpr bool kReading = false;
  explicit FieldWriter(std::string* out) : out_(*out) {}

  // Unsigned numbers, bool, enums; the third argument is for the reader.
  template <class T>
  void Number(int field, const T& value, T = {}) {
    Varint(field, static_cast<uint64_t>(value));
  }
  template <class T>
  void Signed(int field, const T& value) {
    Varint(field, ZigZag(value));
  }
  void Span(int field, const Duration& value) { Varint(field, ZigZag(value.ns)); }
  // 0: never; 1: the epoch; else 2 + zigzag of the nanoseconds since `base`.
  void Time(int field, const Instant& value, Instant base = {0});
  void OptionalSigned(int field, const std::optional<int16_t>& value) {
    if (value) Varint(field, ZigZag(*value) + 1);
  }
  void Text(int field, std::string_view value) {
    if (!value.empty()) Block(field, value);
  }
  void Id(int field, const Uuid& value);
  // 16 bytes, and the region behind them where it is not `home`.
  template <class Tag>
  void Id(int field, const EntityId<Tag>& id, const RegionCode& home) {
    RegionalId(field, id.region, id.uuid, home);
  }
  template <size_t n>
  void Bytes(int field, const std::array<uint8_t, n>& value) {
    if (value != std::array<uint8_t, n>{}) Block(field, {reinterpret_cast<const char*>(value.data()), n});
  }
  // A message; left out when it has no fields that are not zero.
  template <class T, class F>
  void Sub(int field, const T& value, F fields) {
    const size_t before = out_.size();
    const size_t start = Open(field);
    fields(*this, value);
    if (out_.size() == start) {
      out_.resize(before);
    } else {
      Close(start);
    }
  }
  template <class T, class F>
  void List(int field, const std::vector<T>& values, F fields) {
    for (const T& value : values) Message(field, value, fields);
  }
  // A message, written also when it is empty.
  template <class T, class F>
  void Message(int field, const T& value, F fields) {
    const size_t start = Open(field);
    fields(*this, value);
    Close(start);
  }

 private:
  static uint64_t ZigZag(int64_t value) {
    return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  }
  void Raw(uint64_t value);
  void Varint(int field, uint64_t value);
  void Block(int field, std::string_view bytes);
  void RegionalId(int field, const RegionCode& region, const Uuid& uuid, const RegionCode& home);
  size_t Open(int field);
  void Close(size_t start);

  std::string& out_;
};

class FieldReader {
 public:
  static constexpr bool kReading = true;
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  // Everything so far was well formed.
  bool ok() const { return ok_; }
  void Fail() { ok_ = false; }
  // The number of the next field that is not below `least`; 0 at the end.
  int NextField(int least = 0) {
    while (ok_ && ReadTag() && field_ < least) Skip();
    return ok_ && has_tag_ ? field_ : 0;
  }
  // The fields above those that were asked for; valid as long as the input.
  std::string_view Rest() const { return has_tag_ ? from_tag_ : rest_; }

  // A value above `most` is malformed.
  template <class T>
  void Number(int field, T& value, T most = Largest<T>()) {
    const uint64_t read = Varint(field);
    if (read > static_cast<uint64_t>(most)) ok_ = false;
    value = ok_ ? static_cast<T>(read) : T{};
  }
  template <class T>
  void Signed(int field, T& value) {
    const int64_t read = UnZigZag(Varint(field));
    if (read < std::numeric_limits<T>::min() || read > std::numeric_limits<T>::max()) ok_ = false;
    value = ok_ ? static_cast<T>(read) : T{};
  }
  void Span(int field, Duration& value) { Signed(field, value.ns); }
  void Time(int field, Instant& value, Instant base = {0});
  void OptionalSigned(int field, std::optional<int16_t>& value);
  void Text(int field, std::string& value) {
    std::string_view bytes = Block(field);
    value.assign(bytes.data(), bytes.size());
  }
  // The bytes of a text or message; valid as long as the input.
  std::string_view Block(int field);
  void Id(int field, Uuid& value);
  template <class Tag>
  void Id(int field, EntityId<Tag>& id, const RegionCode& home) {
    RegionalId(field, id.region, id.uuid, home);
  }
  template <size_t n>
  void Bytes(int field, std::array<uint8_t, n>& value) {
    std::string_view bytes = Block(field);
    value = {};
    if (bytes.empty()) return;
    if (bytes.size() != n) return Fail();
    for (size_t i = 0; i < n; ++i) value[i] = static_cast<uint8_t>(bytes[i]);
  }
  template <class T, class F>
  void Sub(int field, T& value, F fields) {
    Inner(Block(field), value, fields);
  }
  template <class T, class F>
  void List(int field, std::vector<T>& values, F fields) {
    values.clear();
    while (ok_ && ReadTag() && field_ <= field) {
      if (field_ < field) {
        Skip();
        continue;
      }
      Inner(Block(field), values.emplace_back(), fields);
    }
  }
  template <class T, class F>
  void Message(int field, T& value, F fields) {
    Sub(field, value, fields);
  }

 private:
  template <class T>
  static constexpr T Largest() {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<T>(std::numeric_limits<std::underlying_type_t<T>>::max());
    } else {
      return std::numeric_limits<T>::max();
    }
  }
  static int64_t UnZigZag(uint64_t value) {
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }
  template <class T, class F>
  void Inner(std::string_view bytes, T& value, F& fields) {
    FieldReader inner(bytes);
    fields(inner, value);
    if (!inner.ok()) ok_ = false;
  }
  bool ReadTag();  // false at the end and for malformed bytes
  bool Seek(int field, int wire_type);
  void Skip();
  uint64_t Raw();
  uint64_t Varint(int field);
  void RegionalId(int field, RegionCode& region, Uuid& uuid, const RegionCode& home);

  std::string_view rest_;
  std::string_view from_tag_;  // rest_ before the tag was read
  bool ok_ = true;
  bool has_tag_ = false;
  int field_ = 0;
  int wire_type_ = 0;
};

// 16 bytes, big endian.
void AppendUuid(std::string* out, const Uuid& uuid);
Uuid ReadUuid(std::string_view bytes);  // of exactly 16 bytes

}  // namespace meridian
