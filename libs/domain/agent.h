// Agents as configured, and profiles: the part of an agent that decides what it may be offered, shared by all agents of
// one shape. Values and pure functions, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/domain/language.h"
#include "libs/domain/names.h"
#include "libs/domain/skill.h"

namespace meridian {

inline constexpr uint16_t kMaxCapacityUnits = 10000;
inline constexpr uint16_t kDefaultCapacityUnits = 1;

enum class AgentKind : uint8_t { kHuman, kBot, kExpert };
inline constexpr int kAgentKindCount = 3;
std::string_view ToString(AgentKind kind);
std::optional<AgentKind> ParseAgentKind(std::string_view text);

// A set of kinds in one byte.
class AgentKinds {
 public:
  constexpr AgentKinds() = default;  // none
  static constexpr AgentKinds Of(AgentKind kind) { return AgentKinds().With(kind); }
  static constexpr AgentKinds All() { return AgentKinds((1u << kAgentKindCount) - 1); }
  static constexpr AgentKinds FromBits(uint8_t bits) { return AgentKinds(bits & All().bits_); }

  constexpr AgentKinds With(AgentKind kind) const { return AgentKinds(bits_ | 1u << static_cast<unsigned>(kind)); }
  constexpr bool Has(AgentKind kind) const { return (bits_ >> static_cast<unsigned>(kind) & 1u) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint8_t bits() const { return bits_; }
  friend constexpr auto operator<=>(AgentKinds, AgentKinds) = default;

 private:
  explicit constexpr AgentKinds(unsigned bits) : bits_(static_cast<uint8_t>(bits)) {}
  uint8_t bits_ = 0;
};

// A channel that an agent takes. A channel that is not listed is never offered to the agent.
struct ChannelCapacity {
  ChannelId channel;
  uint16_t units = 0;  // at most so many of the agent's units go to this channel; at least the channel's own units

  friend auto operator<=>(const ChannelCapacity&, const ChannelCapacity&) = default;
};

// Numbers of the operator that the tenant's ScoreWeights weigh; 0 to 100 each.
struct AgentWeights {
  int16_t cost = 0;     // of a contact with this agent: an outside expert's is high
  int16_t learned = 0;  // from results of the past

  friend auto operator<=>(const AgentWeights&, const AgentWeights&) = default;
};

struct AgentConfig {
  AgentId id;
  std::string display_name;  // personal; shown to people, never read by routing
  AgentKind kind = AgentKind::kHuman;
  std::vector<AgentSkill> skills;
  std::vector<SpokenLanguage> languages;
  ZoneName zone;                                    // of the agent's own clock and calendar
  ShiftGroupId shift_group;                         // read in `zone`; empty: always on shift
  uint16_t capacity_units = kDefaultCapacityUnits;  // over all channels
  std::vector<ChannelCapacity> channels;
  AgentWeights weights;

  friend bool operator==(const AgentConfig&, const AgentConfig&) = default;
};

// Everything of an agent that eligibility and static score read. Lists are sorted, so equal shapes compare equal.
struct Profile {
  AgentKind kind = AgentKind::kHuman;
  uint16_t capacity_units = kDefaultCapacityUnits;
  AgentWeights weights;
  ZoneName zone;
  ShiftGroupId shift_group;
  std::vector<AgentSkill> skills;         // by skill
  std::vector<SpokenLanguage> languages;  // by tag
  std::vector<ChannelCapacity> channels;  // by channel

  friend auto operator<=>(const Profile&, const Profile&) = default;
};

Profile ProfileOf(const AgentConfig& agent);
// Well mixed; the same in every run and build.
uint64_t StableHash(const Profile& profile);
// Units that agents of this profile give to `channel`; 0 when they do not take it.
uint16_t ChannelUnits(const Profile& profile, const ChannelId& channel);

}  // namespace meridian
