// One conversation in memory: its record, and what is known only while the process runs. Owned by the directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "libs/base/time.h"
#include "libs/conversation/records.h"

namespace meridian::conversation {

// When something that routing has not answered is sent to it again.
struct Retry {
  Instant at = Instant::Never();
  Duration wait;
};

struct Head {
  static constexpr size_t kNoPlace = ~size_t{0};

  ConversationRecord record;
  std::vector<Retry> retries;         // one per record.contacts, in their order
  std::vector<uint64_t> connections;  // of the customer
  Instant absent_since;               // while there are no connections

  Instant deadline = Instant::Never();
  size_t place = kNoPlace;  // in the deadline queue

  bool dirty = false;
  size_t counted_bytes = 0;  // of the pending size, while dirty
};

}  // namespace meridian::conversation
