// One conversation in memory: its record, and what is known only while the process runs. Awake, it has a head, which
// commands work on; at rest, its record is packed into bytes, for most conversations wait most of the time (directory.h
// says when). Owned by the directory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/conversation/records.h"

namespace meridian::conversation {

// When something that routing has not answered is sent to it again.
struct Retry {
  Instant at = Instant::Never();
  Duration wait;
};

struct Conversation;

struct Head {
  explicit Head(Conversation& conversation) : of(conversation) {}

  Conversation& of;
  ConversationRecord record;
  std::vector<Retry> retries;         // one per record.contacts, in their order
  std::vector<uint64_t> connections;  // of the customer
  Instant absent_since;               // while there are no connections

  bool dirty = false;
  size_t counted_bytes = 0;  // of the pending size, while dirty

  std::list<Conversation*>::iterator recent;  // its place in the directory's order of use
};

struct Conversation {
  static constexpr uint32_t kNoPlace = ~uint32_t{0};

  ConversationId id;
  uint64_t identity_hash = 0;
  Instant deadline = Instant::Never();
  Instant absent_since;       // at rest, see Head
  uint32_t place = kNoPlace;  // in the deadline queue
  uint32_t packed_bytes = 0;
  std::unique_ptr<char[]> packed;  // at rest
  std::unique_ptr<Head> head;      // awake

  std::string_view packed_record() const { return {packed.get(), packed_bytes}; }
};

}  // namespace meridian::conversation
