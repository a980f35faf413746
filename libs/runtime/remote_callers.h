// Callers of a process's shards in other processes, who keep what was acknowledged to them as this process does
// (command_replayer.h) and send it again when a term begins without it. Any thread; never blocks.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/acknowledgement.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/shard_id.h"
#include "libs/runtime/shard_program.h"

namespace meridian {

// What became of a command that was sent again, and as what it has been acknowledged now; on the shard's thread. It is
// dropped uncalled when the shard's loop ends first.
using ReplayDone = absl::AnyInvocable<void(ReplayVerdict, std::optional<Acknowledgement>)>;

class RemoteCallers {
 public:
  virtual ~RemoteCallers() = default;

  // A term began that lacks what was acknowledged in earlier ones and in commits after `survived`: asks for it.
  virtual void Ask(ShardId shard, uint64_t term, uint64_t survived) = 0;
  // All that are connected have sent what was lost before that term. While they come and go, more may yet come: false.
  virtual bool HaveReplayed(ShardId shard, uint64_t term) = 0;
};

}  // namespace meridian
