// Virtual time of a world, and everything that happens in it: one queue of events, run one by one on one thread. The
// seed decides which of several events of one moment comes first, and every draw of the world. What happens is noted
// in a digest: two runs of a seed have the same one.
#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/base/time.h"

namespace meridian::worlds {

class Schedule {
 public:
  using Call = absl::AnyInvocable<void()>;

  // `trace`: every note is also printed.
  Schedule(uint64_t seed, bool trace) : random_(seed), trace_(trace) {}

  // Since the world began.
  Duration now() const { return now_; }
  void After(Duration delay, Call call);
  // Runs the next event; false when there is none.
  bool RunNext();
  // Drops all that is still to come.
  void Clear() { events_.clear(); }

  uint64_t Pick(uint64_t below) { return random_() % below; }
  // In thousandths.
  bool Happens(int permille) { return permille > 0 && Pick(1000) < static_cast<uint64_t>(permille); }
  Duration Between(Duration least, Duration most);

  void Note(std::string_view actor, std::string_view what);
  uint64_t digest() const { return digest_; }
  uint64_t events_run() const { return events_run_; }

 private:
  struct Event {
    Duration at;
    uint64_t tie = 0;
    uint64_t order = 0;
    Call call;
  };
  static bool Later(const Event& a, const Event& b);

  std::mt19937_64 random_;
  const bool trace_;
  Duration now_;
  uint64_t scheduled_ = 0;
  uint64_t events_run_ = 0;
  std::vector<Event> events_;  // a heap
  uint64_t digest_ = 0xcbf29ce484222325;
};

}  // namespace meridian::worlds
