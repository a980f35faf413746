// The port that says which process owns a shard. Implementations: libs/store. Any thread; callbacks as in
// shard_store.h.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

struct Lease {
  ShardId shard;
  std::string owner;   // the process, e.g. "standalone-4711"
  uint64_t nonce = 0;  // of this ownership; also given to ShardStore::TakeTerm
  Duration valid_for;  // from the moment the request was sent, by the caller's monotonic clock
};

class ShardLeases {
 public:
  virtual ~ShardLeases() = default;

  // ALREADY_EXISTS, naming the holder, while another owner's lease is valid.
  virtual void Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
                       absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) = 0;
  // FAILED_PRECONDITION when the lease is no longer this one. One that lapsed is renewed while nobody else has taken
  // it: the term fences every write in between, and the holder's own clock told it to answer nothing.
  virtual void Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) = 0;
  // Idempotent.
  virtual void Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) = 0;
};

}  // namespace meridian
