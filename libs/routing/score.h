// How agents compare for a contact, and contacts for an agent: integers throughout. Pure functions, any thread.
//
// The static score of a profile for a requirement adds up parts, each between 0 and a small limit, times the tenant's
// weight for it:
//   skill     levels over what is asked, over all asked skills, at most 4
//   language  levels over working: 0 to 2
//   zone      nearness of the agent's clock to the customer's: 4 within 1 h, 3 within 3 h, 2 within 6 h, 1 within 9 h;
//             0 when the customer's is not known
//   kind      1 for a human
//   breadth   4 less one per skill of the agent that is not asked for: dedicated before flexible
//   cost      5 less one per 20 points of AgentWeights::cost
//   learned   one per 20 points of AgentWeights::learned: 0 to 5
// It is quantised into 8 bands over the range that the requirement allows; inside a band the load decides, then who is
// idle for longest.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/time.h"
#include "libs/base/uuid.h"
#include "libs/domain/agent.h"
#include "libs/domain/plan.h"
#include "libs/domain/tenant_config.h"

namespace meridian {

inline constexpr int kScoreBands = 8;

// What of a contact the static score and eligibility read, beside the step.
struct Wanted {
  LanguageTag language;
  std::optional<int16_t> utc_offset_hours;  // of the customer, rounded; nullopt: not known

  friend auto operator<=>(const Wanted&, const Wanted&) = default;
};
Wanted WantedOf(const ContactSpec& spec);

struct StaticScore {
  int16_t score = 0;
  uint8_t band = 0;  // 0 is best

  friend bool operator==(const StaticScore&, const StaticScore&) = default;
};

// `offset_seconds`: of the agent's zone when the contact's configuration was published; nullopt: not known.
// The profile must be eligible.
StaticScore ScoreOf(const ScoreWeights& weights, const Step& step, const Wanted& wanted, const Profile& profile,
                    std::optional<int32_t> offset_seconds);

// How an agent's load orders agents for a channel, lower first. Best fit, where some channel needs an agent whole or
// takes more units than this one: the fewest free units first, so that whole agents stay free. Otherwise the least
// loaded first, in thousandths of the capacity.
enum class Packing : uint8_t { kBestFit, kLeastLoaded };
Packing PackingOf(const std::vector<ChannelConfig>& channels, const ChannelConfig& channel);
int32_t LoadOrder(Packing packing, uint32_t load, uint32_t capacity);

// A contact's place among all that wait: earlier is served first, ties by id.
struct LineKey {
  int64_t major = 0;
  int64_t minor = 0;
  Uuid id;

  friend auto operator<=>(const LineKey&, const LineKey&) = default;
};
LineKey LineKeyOf(OrderPolicy policy, Instant virtual_start, Instant enqueued_at, int priority, const Uuid& id);

}  // namespace meridian
