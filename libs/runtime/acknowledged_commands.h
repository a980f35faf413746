// Commands of one shard whose answers have left, kept so that they can be sent again when the store lost the end of
// what it had acknowledged (architecture §3). With each stands the number of the commit that its answer waited for: a
// term that begins after commit n has lost exactly those of higher numbers, so nothing that survived is sent again.
//
// Kept for 30 s after the acknowledgement, measured at the next one: while a shard acknowledges nothing, because its
// store is away, nothing ages. Bounded in number and bytes; what is beyond goes, oldest first, since a lost tail is the
// youngest part. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "libs/runtime/clock.h"

namespace meridian {

struct AcknowledgedCommandsLimits {
  size_t count = size_t{1} << 18;
  size_t bytes = size_t{64} << 20;
};

template <typename Command>
class AcknowledgedCommands {
 public:
  static constexpr Duration kKept = Duration::Seconds(30);
  // The commit of a command that is acknowledged and in no commit: its replay did not arrive.
  static constexpr uint64_t kNoCommit = std::numeric_limits<uint64_t>::max();

  struct Kept {
    Command command;
    uint64_t commit = kNoCommit;
    size_t bytes = 0;
    MonotonicInstant at;  // of the acknowledgement
  };

  explicit AcknowledgedCommands(AcknowledgedCommandsLimits limits = {}) : limits_(limits) {}

  // In the order of the acknowledgements. `bytes`: about what the command takes.
  void Keep(Command command, uint64_t commit, size_t bytes, MonotonicInstant now) {
    kept_.push_back({std::move(command), commit, bytes, now});
    bytes_ += bytes;
    while (!kept_.empty() &&
           (kept_.front().at + kKept < now || kept_.size() > limits_.count || bytes_ > limits_.bytes)) {
      bytes_ -= kept_.front().bytes;
      kept_.pop_front();
    }
  }

  // Hands out what is not in the commits up to `survived`, oldest acknowledgement first. Whoever takes it keeps it
  // again: when it is acknowledged anew, or with kNoCommit when it did not arrive.
  std::vector<Kept> TakeLost(uint64_t survived) {
    std::vector<Kept> lost;
    std::deque<Kept> rest;
    for (Kept& kept : kept_) {
      if (kept.commit > survived) {
        bytes_ -= kept.bytes;
        lost.push_back(std::move(kept));
      } else {
        rest.push_back(std::move(kept));
      }
    }
    kept_ = std::move(rest);
    return lost;
  }

  size_t size() const { return kept_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  const AcknowledgedCommandsLimits limits_;
  std::deque<Kept> kept_;
  size_t bytes_ = 0;
};

}  // namespace meridian
