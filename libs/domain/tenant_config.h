// A tenant's whole configuration of one revision, without secrets, and the check that it is consistent. Made at the
// edge from a file or an rpc (zone tables are filled in there), read by routing. Values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/agent.h"
#include "libs/domain/attributes.h"
#include "libs/domain/channel.h"
#include "libs/domain/names.h"
#include "libs/domain/plan.h"
#include "libs/domain/queue.h"
#include "libs/domain/schedule.h"
#include "libs/domain/skill.h"
#include "libs/error/field_violation.h"

namespace meridian {

// How contacts of different classes compare when an agent is free.
enum class OrderPolicy : uint8_t {
  kVirtualStart,    // by VirtualStart: age and priority trade off
  kStrictPriority,  // higher priority always first
  kAccumulating,    // priority grows while waiting, at a rate per class
};
std::string_view ToString(OrderPolicy policy);

// How much each part of the static score weighs; 0 to kMaxScoreWeight.
struct ScoreWeights {
  int16_t skill = 10;     // per level over the minimum
  int16_t language = 30;  // per level over working
  int16_t zone = 5;       // nearness to the customer's zone
  int16_t kind = 0;       // humans before bots and experts
  int16_t breadth = 10;   // dedicated before flexible
  int16_t cost = 10;      // against AgentWeights::cost
  int16_t learned = 0;    // for AgentWeights::learned

  friend bool operator==(const ScoreWeights&, const ScoreWeights&) = default;
};

// A web site that may open visitor sessions. The key is public, part of the page.
struct SiteConfig {
  SiteKey key;
  std::vector<std::string> allowed_origins;  // "https://shop.example" or "http://127.0.0.1:8080": scheme, host, port

  friend bool operator==(const SiteConfig&, const SiteConfig&) = default;
};

// How often something may be begun: a token bucket.
struct RateQuota {
  uint32_t per_second = 0;
  uint32_t burst = 0;  // at once, after a rest

  friend bool operator==(const RateQuota&, const RateQuota&) = default;
};

// What the tenant may ask of the installation that it shares with others. Rates are kept by each ingress process
// (services/ingress/quotas.h), the count by routing, which alone knows it. Live work is never refused by a quota: what
// agents do, and what returns to a line.
struct TenantQuotas {
  RateQuota new_contacts{10000, 20000};  // submissions
  RateQuota messages{50000, 100000};     // that customers send
  uint32_t waiting_contacts = 200000;    // in all lines together; more new ones are refused

  friend bool operator==(const TenantQuotas&, const TenantQuotas&) = default;
};

struct TenantConfig {
  TenantId id;
  uint64_t revision = 0;  // of the published configuration, from 1; 0 in a draft
  std::vector<ZoneTable> zones;
  std::vector<ShiftGroup> shift_groups;
  std::vector<SkillId> skills;
  std::vector<AttributeDeclaration> attributes;
  std::vector<ChannelConfig> channels;
  std::vector<QueueConfig> queues;
  std::vector<PlanConfig> plans;
  std::vector<AgentConfig> agents;
  std::vector<SiteConfig> sites;
  OrderPolicy order = OrderPolicy::kVirtualStart;
  ScoreWeights weights;
  Duration agent_grace = Duration::Seconds(60);  // a detached agent keeps live work for so long
  TenantQuotas quotas;

  friend bool operator==(const TenantConfig&, const TenantConfig&) = default;
};

// A copy of all but the agents.
TenantConfig WithoutAgents(const TenantConfig& config);

inline constexpr size_t kMaxZones = 500;
inline constexpr size_t kMaxZoneTransitions = 32;
inline constexpr size_t kMaxShiftGroups = 1000;
inline constexpr size_t kMaxWeeklyShifts = 64;
inline constexpr size_t kMaxScheduleExceptions = 400;
inline constexpr size_t kMaxHoursPerDay = 8;
inline constexpr size_t kMaxSkills = 256;
inline constexpr size_t kMaxChannels = 16;
inline constexpr size_t kMaxQueues = 1000;
inline constexpr size_t kMaxPlans = 100;
inline constexpr size_t kMaxRulesPerPlan = 500;
inline constexpr size_t kMaxStepsPerRule = 16;
inline constexpr size_t kMaxSkillsPerAgent = 64;
inline constexpr size_t kMaxSkillsPerStep = 16;
inline constexpr size_t kMaxLanguagesPerAgent = 16;
inline constexpr size_t kMaxLanguagesPerStep = 16;
inline constexpr size_t kMaxZonesPerStep = 64;
inline constexpr size_t kMaxAgents = 100000;
inline constexpr size_t kMaxSites = 100;
inline constexpr size_t kMaxOriginsPerSite = 32;
inline constexpr size_t kMaxDisplayNameBytes = 128;
inline constexpr int16_t kMaxScoreWeight = 1000;
inline constexpr int16_t kMaxAgentWeight = 100;
inline constexpr uint8_t kMaxStrikes = 100;
inline constexpr uint32_t kMaxMaxWaiting = 1000000;
inline constexpr uint32_t kMaxQuotaPerSecond = 100000;
inline constexpr uint32_t kMaxQuotaBurst = 1000000;
inline constexpr uint32_t kMaxQuotaWaitingContacts = 1000000;

inline constexpr Duration kMinOfferTimeout = Duration::Seconds(5);
inline constexpr Duration kMaxOfferTimeout = Duration::Minutes(10);
inline constexpr Duration kMaxCoolDown = Duration::Hours(1);
inline constexpr Duration kMaxWrapUp = Duration::Hours(1);
inline constexpr Duration kMinMaxWait = Duration::Seconds(10);
inline constexpr Duration kMaxMaxWait = Duration::Hours(24 * 30);
inline constexpr Duration kMaxTimePerPriorityPoint = Duration::Hours(24);
inline constexpr Duration kMaxHeadStart = Duration::Hours(24 * 7);
inline constexpr Duration kMaxPreferredWait = Duration::Hours(24);
inline constexpr Duration kMaxStepAfter = Duration::Hours(24 * 7);
inline constexpr Duration kMinSessionLifetime = Duration::Minutes(1);
inline constexpr Duration kMaxSessionLifetime = Duration::Hours(24 * 30);
inline constexpr Duration kMinLeaveGrace = Duration::Seconds(5);
inline constexpr Duration kMaxLeaveGrace = Duration::Hours(24);
inline constexpr Duration kMinAgentGrace = Duration::Seconds(1);
inline constexpr Duration kMaxAgentGrace = Duration::Minutes(10);

inline constexpr size_t kMaxReportedViolations = 100;

// Sorts what the look-ups read as sorted: zone transitions, schedule exceptions, a step's skills and zones. The edge
// calls it before Validate; applied twice it changes nothing more.
void Normalize(TenantConfig& config);

// Every broken rule, in the order of the fields, at most kMaxReportedViolations: names, ranges, duplicates and every
// reference from one part to another. Empty when the configuration can be published. Paths as
// "queues[2].offer_timeout".
std::vector<FieldViolation> Validate(const TenantConfig& config);

}  // namespace meridian
