#include "libs/runtime/shard_time_record.h"

#include "libs/runtime/little_endian.h"

namespace meridian {
namespace {

constexpr char kKey[] = "now";
constexpr uint8_t kVersion = 1;

}  // namespace

Record ShardTimeRecord::ToRecord() const {
  Record record{RecordKey{kTable, kKey}, {}};
  record.value.push_back(static_cast<char>(kVersion));
  AppendU64(static_cast<uint64_t>(now.ns), &record.value);
  return record;
}

absl::Status ShardTimeRecord::Restore(const Record& record) {
  LittleEndianReader reader(record.value);
  uint8_t version = 0;
  uint64_t ns = 0;
  if (record.key.key != kKey || !reader.ReadU8(&version) || version != kVersion || !reader.ReadU64(&ns)) {
    return absl::DataLossError("the record of shard time cannot be read");
  }
  now = Instant{static_cast<int64_t>(ns)};
  return absl::OkStatus();
}

}  // namespace meridian
