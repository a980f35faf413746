// What bounds a link, on both sides (docs/adr/0011-services-over-streams.md).
#pragma once

#include <cstddef>
#include <cstdint>

#include "libs/runtime/shard_program.h"

namespace meridian {

// A message takes no more once it has reached either; one call or item that is larger goes alone.
inline constexpr size_t kBatchBytes = 128 * 1024;
inline constexpr int kBatchEntries = 1024;

// Credits: how many calls of one client to one shard and lane may be unanswered. The client refuses further ones at
// once (RESOURCE_EXHAUSTED, MAILBOX_FULL), as the shard's own mailbox would; of new contacts also those of a tenant
// that has as many unanswered as there is credit left (fair_share.h).
inline constexpr size_t CallCredit(Lane lane) {
  switch (lane) {
    case Lane::kLiveWork:
      return 8192;
    case Lane::kNewContacts:
      return 4096;
    case Lane::kReads:
      return 256;
  }
  return 0;
}
// A client that has more unanswered on one stream does not keep to the credits, or serves too many shards over it.
inline constexpr size_t kMaxUnansweredCalls = 1 << 17;

// Bytes of a feed's items that were sent and not yet taken by the client.
inline constexpr uint64_t kFeedCredit = 64 * 1024;

}  // namespace meridian
