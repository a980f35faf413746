// Commands of one shard whose answers have left, kept so that they can be sent again when the store lost the end of
// what it had acknowledged (architecture §3). With each stands the answer that acknowledged it, and so the number of
// the commit that this waited for: a term that begins after commit n has lost exactly those of higher numbers that
// earlier terms acknowledged, so nothing that survived is sent again.
//
// Kept for 30 s after the acknowledgement, measured at the next one: while a shard acknowledges nothing, because its
// store is away, nothing ages. Bounded in number and bytes; what is beyond goes, oldest first, since a lost tail is the
// youngest part. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "libs/runtime/acknowledgement.h"
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

  struct Kept {
    Command command;
    Acknowledgement answered;
    size_t bytes = 0;
    MonotonicInstant at;         // of the acknowledgement
    bool known_as_lost = false;  // its replay did not arrive
  };

  explicit AcknowledgedCommands(AcknowledgedCommandsLimits limits = {}) : limits_(limits) {}

  // In the order of the acknowledgements. `bytes`: about what the command takes.
  void Keep(Command command, const Acknowledgement& answered, size_t bytes, MonotonicInstant now) {
    Keep({std::move(command), answered, bytes, now, false});
  }
  // One that was lost, as it was taken: its replay did not arrive.
  void KeepLost(Kept lost) {
    lost.known_as_lost = true;
    Keep(std::move(lost));
  }

  // Hands out what `term` lacks, which began after commit `survived`, oldest acknowledgement first. Whoever takes it
  // keeps it again: when it is acknowledged anew, or as lost.
  std::vector<Kept> TakeLost(uint64_t term, uint64_t survived) {
    std::vector<Kept> lost;
    std::deque<Kept> rest;
    for (Kept& kept : kept_) {
      if (kept.known_as_lost || (kept.answered.term < term && kept.answered.commit > survived)) {
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
  void Keep(Kept kept) {
    const MonotonicInstant now = kept.at;
    bytes_ += kept.bytes;
    kept_.push_back(std::move(kept));
    while (!kept_.empty() &&
           (kept_.front().at + kKept < now || kept_.size() > limits_.count || bytes_ > limits_.bytes)) {
      bytes_ -= kept_.front().bytes;
      kept_.pop_front();
    }
  }

  const AcknowledgedCommandsLimits limits_;
  std::deque<Kept> kept_;
  size_t bytes_ = 0;
};

}  // namespace meridian
