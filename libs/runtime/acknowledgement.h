// Which answer of a shard acknowledged a command: what a caller keeps with it, so that after a lost tail the commands
// of all callers come again in the one order in which they were acknowledged.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace meridian {

struct Acknowledgement {
  uint64_t term = 0;
  uint64_t commit = 0;  // that the answer waited for
  uint64_t order = 0;   // of the answer among those of its term

  friend auto operator<=>(const Acknowledgement&, const Acknowledgement&) = default;
};

// A command that was acknowledged, sent again.
struct ReplayOf {
  uint32_t shard = 0;
  uint64_t term = 0;         // that began without it, and asked for it
  Acknowledgement answered;  // by an earlier one
};

// What a shard's loop releases on this thread right now; nullopt outside of that, and where the store cannot lose what
// is acknowledged. So whoever passes an answer on learns what to pass on with it.
std::optional<Acknowledgement> Releasing();

class ReleasingScope {
 public:
  // `answer` lives as long; null: nothing may be lost.
  explicit ReleasingScope(const Acknowledgement* answer);
  ~ReleasingScope();
  ReleasingScope(const ReleasingScope&) = delete;
  ReleasingScope& operator=(const ReleasingScope&) = delete;

 private:
  const Acknowledgement* const before_;
};

}  // namespace meridian
