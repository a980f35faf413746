#include "libs/wire/field_codec.h"

namespace meridian {
namespace {

constexpr int kVarint = 0;
constexpr int kFixed64 = 1;
constexpr int kBlock = 2;
constexpr int kFixed32 = 5;
constexpr size_t kUuidBytes = 16;

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

void AppendBigEndian(std::string* out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out->push_back(static_cast<char>(value >> shift));
}

}  // namespace

void AppendUuid(std::string* out, const Uuid& uuid) {
  AppendBigEndian(out, uuid.high);
  AppendBigEndian(out, uuid.low);
}

Uuid ReadUuid(std::string_view bytes) { return {ReadBigEndian(bytes.substr(0, 8)), ReadBigEndian(bytes.substr(8, 8))}; }

// ---- writing ----

void FieldWriter::Raw(uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void FieldWriter::Varint(int field, uint64_t value) {
  if (value == 0) return;
  Raw(static_cast<uint64_t>(field) << 3 | kVarint);
  Raw(value);
}

void FieldWriter::Block(int field, std::string_view bytes) {
  Raw(static_cast<uint64_t>(field) << 3 | kBlock);
  Raw(bytes.size());
  out_.append(bytes);
}

void FieldWriter::Time(int field, const Instant& value, Instant base) {
  if (value == Instant::Never()) return;
  if (value.ns == 0) return Varint(field, 1);
  // Unsigned, because the difference of far instants wraps; the reader's sum wraps back.
  const auto since = static_cast<int64_t>(static_cast<uint64_t>(value.ns) - static_cast<uint64_t>(base.ns));
  const uint64_t folded = ZigZag(since);
  Varint(field, folded > std::numeric_limits<uint64_t>::max() - 2 ? 1 : folded + 2);
}

void FieldWriter::Id(int field, const Uuid& value) {
  if (value.IsNil()) return;
  Raw(static_cast<uint64_t>(field) << 3 | kBlock);
  Raw(kUuidBytes);
  AppendUuid(&out_, value);
}

void FieldWriter::RegionalId(int field, const RegionCode& region, const Uuid& uuid, const RegionCode& home) {
  if (uuid.IsNil() && region.view().empty()) return;
  Raw(static_cast<uint64_t>(field) << 3 | kBlock);
  const std::string_view suffix = region == home ? std::string_view() : region.view();
  Raw(kUuidBytes + suffix.size());
  AppendUuid(&out_, uuid);
  out_.append(suffix);
}

size_t FieldWriter::Open(int field) {
  Raw(static_cast<uint64_t>(field) << 3 | kBlock);
  out_.push_back('\0');  // the length; most messages are shorter than 128 bytes
  return out_.size();
}

void FieldWriter::Close(size_t start) {
  uint64_t length = out_.size() - start;
  std::string more;
  out_[start - 1] = static_cast<char>(length < 0x80 ? length : (length | 0x80));
  for (length >>= 7; length > 0; length >>= 7) {
    more.push_back(static_cast<char>(length < 0x80 ? length : (length | 0x80)));
  }
  if (!more.empty()) out_.insert(start, more);
}

// ---- reading ----

uint64_t FieldReader::Raw() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) break;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  ok_ = false;
  return 0;
}

bool FieldReader::ReadTag() {
  if (has_tag_) return true;
  if (!ok_ || rest_.empty()) return false;
  from_tag_ = rest_;
  const uint64_t tag = Raw();
  const uint64_t field = tag >> 3;
  if (field == 0 || field > 536870911) ok_ = false;
  field_ = static_cast<int>(field);
  wire_type_ = static_cast<int>(tag & 7);
  has_tag_ = ok_;
  return ok_;
}

void FieldReader::Skip() {
  has_tag_ = false;
  size_t length = 0;
  switch (wire_type_) {
    case kVarint:
      Raw();
      return;
    case kFixed64:
      length = 8;
      break;
    case kFixed32:
      length = 4;
      break;
    case kBlock: {
      const uint64_t announced = Raw();
      if (!ok_) return;
      if (announced > rest_.size()) return Fail();
      length = static_cast<size_t>(announced);
      break;
    }
    default:
      return Fail();
  }
  if (length > rest_.size()) return Fail();
  rest_.remove_prefix(length);
}

bool FieldReader::Seek(int field, int wire_type) {
  while (ok_ && ReadTag() && field_ < field) Skip();
  if (!ok_ || !has_tag_ || field_ != field) return false;
  if (wire_type_ != wire_type) {
    ok_ = false;
    return false;
  }
  has_tag_ = false;
  return true;
}

uint64_t FieldReader::Varint(int field) { return Seek(field, kVarint) ? Raw() : 0; }

std::string_view FieldReader::Block(int field) {
  if (!Seek(field, kBlock)) return {};
  const uint64_t length = Raw();
  if (!ok_ || length > rest_.size()) {
    ok_ = false;
    return {};
  }
  std::string_view bytes = rest_.substr(0, static_cast<size_t>(length));
  rest_.remove_prefix(bytes.size());
  return bytes;
}

void FieldReader::Time(int field, Instant& value, Instant base) {
  const uint64_t read = Varint(field);
  if (read < 2) {
    value = read == 0 ? Instant::Never() : Instant{0};
  } else {
    value = {static_cast<int64_t>(static_cast<uint64_t>(base.ns) + static_cast<uint64_t>(UnZigZag(read - 2)))};
  }
}

void FieldReader::OptionalSigned(int field, std::optional<int16_t>& value) {
  const uint64_t read = Varint(field);
  value.reset();
  if (read == 0) return;
  const int64_t number = UnZigZag(read - 1);
  if (number < std::numeric_limits<int16_t>::min() || number > std::numeric_limits<int16_t>::max()) return Fail();
  value = static_cast<int16_t>(number);
}

void FieldReader::Id(int field, Uuid& value) {
  std::string_view bytes = Block(field);
  value = {};
  if (bytes.empty()) return;
  if (bytes.size() != kUuidBytes) return Fail();
  value = ReadUuid(bytes);
}

void FieldReader::RegionalId(int field, RegionCode& region, Uuid& uuid, const RegionCode& home) {
  std::string_view bytes = Block(field);
  region = {};
  uuid = {};
  if (bytes.empty()) return;
  if (bytes.size() < kUuidBytes) return Fail();
  uuid = ReadUuid(bytes.substr(0, kUuidBytes));
  region = home;
  if (bytes.size() == kUuidBytes) return;
  auto other = RegionCode::Parse(bytes.substr(kUuidBytes));
  if (!other) return Fail();
  region = *other;
}

}  // namespace meridian
