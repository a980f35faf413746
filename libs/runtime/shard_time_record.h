// The loop's record of shard time: table 241, key "now", written with every commit; value = version 1, then the `now`
// of that commit in nanoseconds (8 bytes, little endian). Values; any thread.
#pragma once

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

struct ShardTimeRecord {
  static constexpr uint8_t kTable = 241;

  Instant now;  // {0}: the shard never committed

  Record ToRecord() const;
  // DATA_LOSS when the record is not one that this build can read.
  absl::Status Restore(const Record& record);
};

}  // namespace meridian
