#include "tests/simulation/worlds/mix.h"

#include <algorithm>
#include <vector>

namespace meridian::worlds {
namespace {

constexpr Duration S(int64_t seconds) { return Duration::Seconds(seconds); }

Mix Everything() {
  Mix mix{.name = "everything"};
  mix.store = {.refuse = 5, .lose_request = 5, .lose_answer = 5, .fail_read = 5};
  mix.slow_store = 5;
  mix.routing_owners = mix.session_owners = 2;
  mix.crash_every = S(40);
  mix.crash_at_commit = 3;
  mix.freeze_every = S(40);
  mix.freeze_at_send = 1;
  mix.clock_fault_every = S(20);
  mix.lost = mix.doubled = mix.slow = 10;
  mix.cut_every = S(60);
  mix.gateway_death_every = S(60);
  mix.agent_mischief = mix.customer_mischief = 200;
  mix.keep_closed = S(20);
  return mix;
}

std::vector<Mix> MakeMixes() {
  return {
      {.name = "calm"},
      {.name = "people", .agent_mischief = 400, .customer_mischief = 400, .keep_closed = S(20)},
      {.name = "refusals", .store = {.refuse = 40}},
      {.name = "half-answers", .store = {.lose_request = 40, .lose_answer = 40, .fail_read = 40}},
      {.name = "slow-store", .slow_store = 60, .slowest_store = S(6), .routing_owners = 2, .session_owners = 2},
      {.name = "crashes", .crash_every = S(15), .crash_at_commit = 10, .session_lifetime = S(4), .keep_closed = S(10)},
      {.name = "owners", .routing_owners = 2, .session_owners = 2, .crash_every = S(20), .crash_at_commit = 5},
      {.name = "freezes",
       .routing_owners = 2,
       .session_owners = 2,
       .freeze_every = S(10),
       .freeze_at_send = 4,
       .longest_freeze = S(30)},
      {.name = "clocks", .crash_every = S(30), .clock_fault_every = S(8)},
      {.name = "network", .lost = 30, .doubled = 30, .slow = 30, .cut_every = S(30)},
      {.name = "gateways", .gateway_death_every = S(15), .agent_mischief = 100},
      {.name = "lost-tails",
       .may_lose_tail = true,
       .lost_tail_every = S(12),
       .agent_mischief = 100,
       .customer_mischief = 200,
       .keep_closed = S(10)},
      Everything(),
  };
}

}  // namespace

std::span<const Mix> Mixes() {
  static const std::vector<Mix> mixes = MakeMixes();
  return mixes;
}

std::optional<Mix> FindMix(std::string_view name) {
  const auto found = std::ranges::find(Mixes(), name, &Mix::name);
  return found == Mixes().end() ? std::nullopt : std::optional(*found);
}

const Mix& MixOf(uint64_t seed) { return Mixes()[seed % Mixes().size()]; }

}  // namespace meridian::worlds
