#include "tests/simulation/differential/random_tenant.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace meridian {
namespace {

constexpr int kAgents = 14;
constexpr std::array<const char*, 4> kSkills = {"billing", "orders", "returns", "vip"};
constexpr std::array<const char*, 6> kLanguages = {"es", "es-ES", "es-MX", "en", "en-GB", "pt"};
constexpr std::array<const char*, 3> kZones = {"Europe/Madrid", "America/Mexico_City", "Asia/Kolkata"};
constexpr std::array<const char*, 3> kChannels = {"chat", "voice", "email"};
constexpr std::array<const char*, 3> kShiftGroups = {"", "day", "night"};

// A change of clocks lies inside the hours that the test walks through.
std::vector<ZoneTable> Zones() {
  return {{"Europe/Madrid", {{Instant{0}, 3600}, {Instant::FromUnixSeconds(1'760'007'000), 7200}}},
          {"America/Mexico_City", {{Instant{0}, -6 * 3600}}},
          {"Asia/Kolkata", {{Instant{0}, 19800}}}};
}

std::vector<ShiftGroup> ShiftGroups(Dice& dice) {
  Schedule day;
  Schedule night;
  for (int i = 0; i < 7; ++i) {
    const auto weekday = static_cast<Weekday>(i);
    const auto start = static_cast<uint16_t>(6 * 60 + dice.Below(600));
    day.weekly.push_back({weekday, {start, static_cast<uint16_t>(start + 30 + dice.Below(400))}});
    night.weekly.push_back({weekday, {1320, static_cast<uint16_t>(60 + dice.Below(400))}});
  }
  return {{ShiftGroupId{"day"}, day}, {ShiftGroupId{"night"}, night}};
}

AgentKinds RandomKinds(Dice& dice) {
  if (dice.Chance(60)) return AgentKinds::All();
  return AgentKinds::FromBits(static_cast<uint8_t>(1 + dice.Below(7)));
}

Step RandomStep(Dice& dice, Duration after) {
  Step step;
  step.after = after;
  for (const char* skill : kSkills) {
    if (dice.Chance(20)) step.skills.push_back({SkillId{skill}, static_cast<uint8_t>(1 + dice.Below(5))});
  }
  step.language = static_cast<LanguagePolicy>(dice.Below(3));
  if (step.language == LanguagePolicy::kContactOrAdded) step.added_languages = {RandomLanguage(dice)};
  step.min_language_level = static_cast<LanguageLevel>(1 + dice.Below(2));
  step.kinds = RandomKinds(dice);
  if (dice.Chance(15)) step.zones = {dice.Pick(kZones)};
  return step;
}

Rule RandomRule(Dice& dice, int number, int queues) {
  Rule rule;
  rule.name = "r" + std::to_string(number);
  rule.queue = QueueId{"q" + std::to_string(dice.Below(queues))};
  rule.priority = static_cast<int16_t>(dice.Below(5)) - 2;
  rule.head_start = Duration::Seconds(static_cast<int64_t>(dice.Below(30)));
  if (dice.Chance(50)) rule.preferred_wait = Duration::Seconds(static_cast<int64_t>(1 + dice.Below(30)));
  Duration after = Duration::Zero();
  for (uint64_t i = 0, steps = 1 + dice.Below(3); i < steps; ++i) {
    rule.steps.push_back(RandomStep(dice, after));
    after = after + Duration::Milliseconds(static_cast<int64_t>(500 + dice.Below(40'000)));
  }
  return rule;
}

QueueConfig RandomQueue(Dice& dice, int number) {
  QueueConfig queue;
  queue.id = QueueId{"q" + std::to_string(number)};
  queue.offer_timeout = Duration::Seconds(static_cast<int64_t>(5 + dice.Below(20)));
  queue.no_answer = {static_cast<uint8_t>(dice.Below(3)), Duration::Seconds(static_cast<int64_t>(dice.Below(90))),
                     dice.Chance(30)};
  if (dice.Chance(50)) queue.wrap_up.longest = Duration::Seconds(static_cast<int64_t>(1 + dice.Below(60)));
  queue.max_wait = Duration::Seconds(static_cast<int64_t>(10 + dice.Below(300)));
  queue.max_waiting = static_cast<uint32_t>(5 + dice.Below(20));
  return queue;
}

}  // namespace

LanguageTag RandomLanguage(Dice& dice) { return *LanguageTag::Parse(dice.Pick(kLanguages)); }

AgentConfig RandomAgent(Dice& dice, const TenantConfig& config, int number) {
  AgentConfig agent;
  agent.id = AgentId{"agent" + std::to_string(number)};
  agent.kind = static_cast<AgentKind>(dice.Below(3));
  for (const char* skill : kSkills) {
    if (dice.Chance(60)) agent.skills.push_back({SkillId{skill}, static_cast<uint8_t>(1 + dice.Below(10))});
  }
  for (const char* tag : kLanguages) {
    if (dice.Chance(40)) {
      agent.languages.push_back({*LanguageTag::Parse(tag), static_cast<LanguageLevel>(1 + dice.Below(3))});
    }
  }
  agent.zone = dice.Pick(kZones);
  agent.shift_group = ShiftGroupId{dice.Chance(50) ? "" : dice.Pick(kShiftGroups)};
  agent.capacity_units = static_cast<uint16_t>(3 + dice.Below(3));
  for (const ChannelConfig& channel : config.channels) {
    if (dice.Chance(25) && !agent.channels.empty()) continue;
    const uint64_t room = agent.capacity_units - channel.units + 1;
    agent.channels.push_back({channel.id, static_cast<uint16_t>(channel.units + dice.Below(room))});
  }
  agent.weights = {static_cast<int16_t>(dice.Below(101)), static_cast<int16_t>(dice.Below(101))};
  return agent;
}

TenantConfig RandomTenant(Dice& dice, uint64_t revision) {
  TenantConfig config;
  config.id = TenantId{"demo"};
  config.revision = revision;
  config.zones = Zones();
  config.shift_groups = ShiftGroups(dice);
  for (const char* skill : kSkills) config.skills.push_back(SkillId{skill});
  config.attributes = {{.name = AttributeName{"vip"}, .type = AttributeType::kBoolean, .values = {}}};
  for (const char* channel : kChannels) {
    ChannelConfig& added = config.channels.emplace_back();
    added.id = ChannelId{channel};
    added.units = static_cast<uint16_t>(1 + dice.Below(3));
    added.exclusive = channel == std::string("voice") && dice.Chance(70);
    added.joins_media = channel == std::string("voice");
  }
  const int queues = static_cast<int>(1 + dice.Below(3));
  for (int i = 0; i < queues; ++i) config.queues.push_back(RandomQueue(dice, i));
  PlanConfig& plan = config.plans.emplace_back();
  plan.id = PlanId{"default"};
  const int rules = static_cast<int>(1 + dice.Below(4));
  for (int i = 0; i < rules; ++i) {
    plan.rules.push_back(RandomRule(dice, i, queues));
    if (i + 1 == rules) break;  // the last one takes everybody
    plan.rules.back().when = dice.Chance(50) ? Predicate::AttributeEquals("vip", true)
                                             : Predicate::Equals(Operand::kLanguage, dice.Chance(50) ? "es" : "en");
  }
  for (int i = 0; i < kAgents; ++i) {
    if (dice.Chance(85)) config.agents.push_back(RandomAgent(dice, config, i));
  }
  if (dice.Chance(20)) config.order = OrderPolicy::kStrictPriority;
  config.weights.skill = static_cast<int16_t>(dice.Below(30));
  config.weights.language = static_cast<int16_t>(dice.Below(60));
  config.weights.kind = static_cast<int16_t>(dice.Below(30));
  config.agent_grace = Duration::Seconds(static_cast<int64_t>(5 + dice.Below(60)));
  config.quotas.waiting_contacts = static_cast<uint32_t>(8 + dice.Below(20));
  return config;
}

}  // namespace meridian
