#include "libs/domain/tenant_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Step BotStep() {
  Step step;
  step.kinds = AgentKinds::Of(AgentKind::kBot);
  return step;
}

Step WideStep() {
  Step step;
  step.after = Duration::Seconds(60);
  step.skills = {{{"billing"}, 3}, {{"returns"}, 1}};
  step.language = LanguagePolicy::kContactOrAdded;
  step.added_languages = {*LanguageTag::Parse("en")};
  step.zones = {"Europe/Madrid"};
  return step;
}

// One of everything, consistent.
TenantConfig Good() {
  TenantConfig config;
  config.id = {"demo"};
  config.zones = {
      {"Asia/Kolkata", {{Instant::FromUnixSeconds(0), 19800}}},
      {"Europe/Madrid", {{Instant::FromUnixSeconds(1761440400), 3600}, {Instant::FromUnixSeconds(1774746000), 7200}}}};
  Schedule early;
  early.weekly = {{Weekday::kMonday, {480, 960}}};
  early.exceptions = {{*CivilDay::Parse("2026-12-24"), {{480, 720}}}, {*CivilDay::Parse("2026-12-25"), {}}};
  config.shift_groups = {{{"early"}, early}, {{"always"}, Schedule::Always()}};
  config.skills = {{"billing"}, {"returns"}};
  config.attributes = {{.name = {"product"}, .type = AttributeType::kEnum, .values = {"phone", "tv"}},
                       {.name = {"amount"}, .type = AttributeType::kNumber, .values = {}, .min = 0, .max = 10}};
  ChannelConfig chat;
  chat.id = {"chat"};
  ChannelConfig voice;
  voice.id = {"voice"};
  voice.units = 2;
  voice.exclusive = true;
  config.channels = {chat, voice};
  QueueConfig queue;
  queue.id = {"service"};
  queue.zone = "Europe/Madrid";
  queue.opening_hours = {"early"};
  config.queues = {queue};
  Rule rule;
  rule.name = "all";
  rule.queue = {"service"};
  rule.steps = {BotStep(), WideStep()};
  config.plans = {{{"default"}, {rule}}};
  AgentConfig ana;
  ana.id = {"ana"};
  ana.skills = {{{"billing"}, 7}};
  ana.languages = {{*LanguageTag::Parse("es"), LanguageLevel::kNative}};
  ana.zone = "Europe/Madrid";
  ana.shift_group = {"early"};
  ana.capacity_units = 3;
  ana.channels = {{{"chat"}, 3}, {{"voice"}, 2}};
  config.agents = {ana};
  config.sites = {{{"shop"}, {"https://shop.example", "http://127.0.0.1:8080"}}};
  return config;
}

TEST(ValidateTest, AcceptsAConsistentConfiguration) { EXPECT_THAT(Validate(Good()), IsEmpty()); }

struct BadCase {
  std::function<void(TenantConfig&)> spoil;
  std::string field;
  std::string rule;
};

constexpr char kNameRule[] =
    "must be 1 to 63 characters of a-z, 0-9, '_', '.', '-' that begin and end with a letter or digit";
constexpr char kUnique[] = "must be unique; an earlier entry has the same";
constexpr char kOriginRule[] =
    "must be an origin as browsers send it, as https://shop.example or http://127.0.0.1:8080";

void ExpectEachFound(const std::vector<BadCase>& cases) {
  for (const BadCase& c : cases) {
    TenantConfig config = Good();
    c.spoil(config);
    EXPECT_THAT(Validate(config), ElementsAre(FieldViolation{c.field, c.rule})) << c.field;
  }
}

TEST(ValidateTest, Whole) {
  ExpectEachFound({
      {[](auto& c) { c.id = {"Demo"}; }, "tenant", kNameRule},
      {[](auto& c) { c.agent_grace = Duration::Zero(); }, "agent_grace", "must be between 1 s and 10 min"},
      {[](auto& c) { c.order = OrderPolicy::kAccumulating; }, "order",
       "must be virtual_start or strict_priority; accumulating is not supported yet"},
      {[](auto& c) { c.weights.zone = -1; }, "weights.zone", "must be between 0 and 1000"},
      {[](auto& c) { c.weights.learned = 1001; }, "weights.learned", "must be between 0 and 1000"},
  });
}

TEST(ValidateTest, Quotas) {
  ExpectEachFound({
      {[](auto& c) { c.quotas.new_contacts.per_second = 100001; }, "quotas.new_contacts.per_second",
       "must be between 1 and 100000"},
      {[](auto& c) { c.quotas.new_contacts.burst = 1000001; }, "quotas.new_contacts.burst",
       "must be between 1 and 1000000"},
      {[](auto& c) { c.quotas.messages.per_second = 0; }, "quotas.messages.per_second", "must be between 1 and 100000"},
      {[](auto& c) { c.quotas.waiting_contacts = 1000001; }, "quotas.waiting_contacts",
       "must be between 1 and 1000000"},
  });
}

TEST(ValidateTest, Calendar) {
  ExpectEachFound({
      {[](auto& c) { c.zones[0].name = "Asia Kolkata"; }, "zones[0].name",
       "must be the name of an IANA zone, as Europe/Madrid"},
      {[](auto& c) { c.zones[0].transitions.clear(); }, "zones[0].transitions", "must have at least one entry"},
      {[](auto& c) { c.zones[0].transitions.resize(33); }, "zones[0].transitions", "must have at most 32 entries"},
      {[](auto& c) { c.zones[1].transitions[1].offset_seconds = 70000; }, "zones[1].transitions[1].offset_seconds",
       "must be between -64800 and 64800"},
      {[](auto& c) { c.zones[1].transitions[1].from = c.zones[1].transitions[0].from; }, "zones[1].transitions[1].from",
       "must be later than the entry before"},
      {[](auto& c) { c.zones[1].transitions[1].from.ns += 1; }, "zones[1].transitions[1].from",
       "must be a whole second"},
      {[](auto& c) { c.zones.push_back(c.zones[0]); }, "zones[2].name", kUnique},
      {[](auto& c) { c.shift_groups[1].id = {""}; }, "shift_groups[1].id", kNameRule},
      {[](auto& c) { c.shift_groups.push_back(c.shift_groups[0]); }, "shift_groups[2].id", kUnique},
      {[](auto& c) {
         c.shift_groups[1].schedule.weekly = {{Weekday::kMonday, {0, 60}}};
       },
       "shift_groups[1].schedule.weekly", "must be empty where always is true"},
      {[](auto& c) { c.shift_groups[1].schedule = Schedule(); }, "shift_groups[1].schedule.weekly",
       "must have a shift, unless always is true or there are exceptions"},
      {[](auto& c) {
         c.shift_groups[0].schedule.weekly[0].hours = {1440, 60};
       },
       "shift_groups[0].schedule.weekly[0].hours.start_minute", "must be between 0 and 1439"},
      {[](auto& c) {
         c.shift_groups[0].schedule.weekly[0].hours = {0, 1441};
       },
       "shift_groups[0].schedule.weekly[0].hours.end_minute", "must be between 0 and 1440"},
      {[](auto& c) { c.shift_groups[0].schedule.weekly[0].weekday = static_cast<Weekday>(7); },
       "shift_groups[0].schedule.weekly[0].weekday", "is unknown"},
      {[](auto& c) { c.shift_groups[0].schedule.exceptions[1].day = c.shift_groups[0].schedule.exceptions[0].day; },
       "shift_groups[0].schedule.exceptions[1].day", "must be unique: one entry for a date"},
      {[](auto& c) { c.shift_groups[0].schedule.exceptions[0].hours[0].end_minute = 2000; },
       "shift_groups[0].schedule.exceptions[0].hours[0].end_minute", "must be between 0 and 1440"},
  });
}

TEST(ValidateTest, VocabularyAndChannels) {
  ExpectEachFound({
      {[](auto& c) { c.skills.push_back({"Billing!"}); }, "skills[2]", kNameRule},
      {[](auto& c) { c.skills.push_back({"billing"}); }, "skills[2]", kUnique},
      {[](auto& c) { c.attributes.push_back(c.attributes[0]); }, "attributes[2].name", kUnique},
      {[](auto& c) { c.attributes[0].name = {"a b"}; }, "attributes[0].name", kNameRule},
      {[](auto& c) { c.attributes[0].values.clear(); }, "attributes[0].values", "must have at least one entry"},
      {[](auto& c) { c.attributes[0].values.push_back("tv"); }, "attributes[0].values[2]", kUnique},
      {[](auto& c) { c.attributes[0].values[1] = "big tv"; }, "attributes[0].values[1]",
       "must be 1 to 32 characters of A-Z, a-z, 0-9, '_', '.', '-'"},
      {[](auto& c) { c.attributes[1].values = {"x"}; }, "attributes[1].values",
       "must be empty unless the type is enum"},
      {[](auto& c) { c.attributes[1].max = -1; }, "attributes[1].max", "must not be less than min"},
      {[](auto& c) { c.channels[0].units = 0; }, "channels[0].units", "must be between 1 and 10000"},
      {[](auto& c) { c.channels[1].session_lifetime = Duration::Seconds(59); }, "channels[1].session_lifetime",
       "must be between 1 min and 720 h"},
      {[](auto& c) { c.channels[1].leave_grace = Duration::Hours(25); }, "channels[1].leave_grace",
       "must be between 5 s and 24 h"},
      {[](auto& c) { c.channels.push_back(c.channels[0]); }, "channels[2].id", kUnique},
  });
}

TEST(ValidateTest, Queues) {
  ExpectEachFound({
      {[](auto& c) { c.queues.push_back(c.queues[0]); }, "queues[1].id", kUnique},
      {[](auto& c) { c.queues[0].offer_timeout = Duration::Seconds(4); }, "queues[0].offer_timeout",
       "must be between 5 s and 10 min"},
      {[](auto& c) { c.queues[0].no_answer.strikes = 101; }, "queues[0].no_answer.strikes",
       "must be between 0 and 100"},
      {[](auto& c) { c.queues[0].no_answer.cool_down = Duration::Hours(2); }, "queues[0].no_answer.cool_down",
       "must be between 0 s and 1 h"},
      {[](auto& c) { c.queues[0].target.permille = 1001; }, "queues[0].target.permille", "must be between 0 and 1000"},
      {[](auto& c) { c.queues[0].wrap_up.longest = Duration::Seconds(-1); }, "queues[0].wrap_up.longest",
       "must be between 0 s and 1 h"},
      {[](auto& c) { c.queues[0].max_waiting = 0; }, "queues[0].max_waiting", "must be between 1 and 1000000"},
      {[](auto& c) { c.queues[0].max_wait = Duration::Zero(); }, "queues[0].max_wait",
       "must be between 10 s and 720 h"},
      {[](auto& c) { c.queues[0].time_per_priority_point = Duration::Hours(25); }, "queues[0].time_per_priority_point",
       "must be between 0 s and 24 h"},
      {[](auto& c) { c.queues[0].opening_hours = {"late"}; }, "queues[0].opening_hours",
       "is not a shift group of the tenant"},
      {[](auto& c) { c.queues[0].zone = ""; }, "queues[0].zone", "is not a zone of the tenant"},
      {[](auto& c) { c.queues[0].opening_hours = {}; }, "queues[0].zone", "must be empty without opening hours"},
  });
}

TEST(ValidateTest, PlansAndRules) {
  ExpectEachFound({
      {[](auto& c) { c.plans.push_back(c.plans[0]); }, "plans[1].id", kUnique},
      {[](auto& c) { c.plans[0].rules.clear(); }, "plans[0].rules", "must have at least one entry"},
      {[](auto& c) { c.plans[0].rules.push_back(c.plans[0].rules[0]); }, "plans[0].rules[1].name", kUnique},
      {[](auto& c) { c.plans[0].rules[0].name = "All"; }, "plans[0].rules[0].name", kNameRule},
      {[](auto& c) { c.plans[0].rules[0].when = Predicate::AttributePresent("size"); },
       "plans[0].rules[0].when.attribute", "is not declared as an attribute"},
      {[](auto& c) { c.plans[0].rules[0].when = Predicate::Equals(Operand::kChannel, "fax"); },
       "plans[0].rules[0].when.values[0]", "is not a channel of the tenant"},
      {[](auto& c) { c.plans[0].rules[0].queue = {"sales"}; }, "plans[0].rules[0].queue",
       "is not a queue of the tenant"},
      {[](auto& c) { c.plans[0].rules[0].priority = 101; }, "plans[0].rules[0].priority",
       "must be between -100 and 100"},
      {[](auto& c) { c.plans[0].rules[0].head_start = Duration::Seconds(-1); }, "plans[0].rules[0].head_start",
       "must be between 0 s and 168 h"},
      {[](auto& c) { c.plans[0].rules[0].preferred_wait = Duration::Hours(25); }, "plans[0].rules[0].preferred_wait",
       "must be between 0 s and 24 h"},
      {[](auto& c) { c.plans[0].rules[0].steps.clear(); }, "plans[0].rules[0].steps", "must have at least one entry"},
      {[](auto& c) { c.plans[0].rules[0].steps.resize(17); }, "plans[0].rules[0].steps",
       "must have at most 16 entries"},
  });
}

TEST(ValidateTest, Steps) {
  const std::string first = "plans[0].rules[0].steps[0]";
  const std::string second = "plans[0].rules[0].steps[1]";
  const auto step = [](TenantConfig& c, size_t i) -> Step& { return c.plans[0].rules[0].steps[i]; };
  ExpectEachFound({
      {[&](auto& c) { step(c, 0).after = Duration::Seconds(1); }, first + ".after", "must be zero for the first step"},
      {[&](auto& c) { step(c, 1).after = Duration::Zero(); }, second + ".after", "must be later than the step before"},
      {[&](auto& c) { step(c, 1).after = Duration::Hours(169); }, second + ".after", "must be between 0 s and 168 h"},
      {[&](auto& c) { step(c, 1).kinds = AgentKinds(); }, second + ".kinds", "must name at least one kind of agent"},
      {[&](auto& c) { step(c, 1).skills[1].skill = {"sales"}; }, second + ".skills[1].skill",
       "is not a skill of the tenant"},
      {[&](auto& c) { step(c, 1).skills[0].min_level = 11; }, second + ".skills[0].min_level",
       "must be between 1 and 10"},
      {[&](auto& c) { step(c, 1).skills[1] = step(c, 1).skills[0]; }, second + ".skills[1].skill",
       "must be unique; another entry has the same"},
      {[&](auto& c) { step(c, 1).added_languages.clear(); }, second + ".added_languages",
       "must have an entry with the policy contact_or_added, and none with another"},
      {[&](auto& c) { step(c, 1).language = LanguagePolicy::kAny; }, second + ".added_languages",
       "must have an entry with the policy contact_or_added, and none with another"},
      {[&](auto& c) { step(c, 1).added_languages.push_back(step(c, 1).added_languages[0]); },
       second + ".added_languages[1]", kUnique},
      {[&](auto& c) { step(c, 1).added_languages = {LanguageTag()}; }, second + ".added_languages[0]",
       "must be a language"},
      {[&](auto& c) { step(c, 1).min_language_level = static_cast<LanguageLevel>(0); }, second + ".min_language_level",
       "is unknown"},
      {[&](auto& c) { step(c, 1).zones = {"Europe/Paris"}; }, second + ".zones[0]", "is not a zone of the tenant"},
      {[&](auto& c) {
         step(c, 1).zones = {"Europe/Madrid", "Asia/Kolkata"};
       },
       second + ".zones[1]", "must be unique; another entry has the same"},
  });
}

TEST(ValidateTest, Agents) {
  ExpectEachFound({
      {[](auto& c) { c.agents.push_back(c.agents[0]); }, "agents[1].id", kUnique},
      {[](auto& c) { c.agents[0].id = {"Ana"}; }, "agents[0].id", kNameRule},
      {[](auto& c) { c.agents[0].display_name = std::string(129, 'x'); }, "agents[0].display_name",
       "must be at most 128 bytes"},
      {[](auto& c) { c.agents[0].kind = static_cast<AgentKind>(9); }, "agents[0].kind", "is unknown"},
      {[](auto& c) { c.agents[0].zone = ""; }, "agents[0].zone", "is not a zone of the tenant"},
      {[](auto& c) { c.agents[0].shift_group = {"late"}; }, "agents[0].shift_group",
       "is not a shift group of the tenant"},
      {[](auto& c) { c.agents[0].skills[0].skill = {"sales"}; }, "agents[0].skills[0].skill",
       "is not a skill of the tenant"},
      {[](auto& c) { c.agents[0].skills[0].level = 0; }, "agents[0].skills[0].level", "must be between 1 and 10"},
      {[](auto& c) {
         c.agents[0].skills.push_back({{"billing"}, 1});
       },
       "agents[0].skills[1].skill", kUnique},
      {[](auto& c) { c.agents[0].languages[0].tag = LanguageTag(); }, "agents[0].languages[0].tag",
       "must be a language"},
      {[](auto& c) { c.agents[0].languages[0].level = static_cast<LanguageLevel>(4); }, "agents[0].languages[0].level",
       "is unknown"},
      {[](auto& c) { c.agents[0].languages.push_back(c.agents[0].languages[0]); }, "agents[0].languages[1].tag",
       kUnique},
      {[](auto& c) { c.agents[0].channels.clear(); }, "agents[0].channels", "must have at least one entry"},
      {[](auto& c) { c.agents[0].channels[0].channel = {"fax"}; }, "agents[0].channels[0].channel",
       "is not a channel of the tenant"},
      {[](auto& c) { c.agents[0].channels[1].units = 1; }, "agents[0].channels[1].units",
       "must be enough for one contact of the channel: at least 2"},
      {[](auto& c) { c.agents[0].channels[0].units = 4; }, "agents[0].channels[0].units",
       "must not be more than the agent's capacity: at most 3"},
      {[](auto& c) {
         c.agents[0].channels.push_back({{"chat"}, 1});
       },
       "agents[0].channels[2].channel", kUnique},
      {[](auto& c) { c.agents[0].display_name = "Ana\x1b[31m"; }, "agents[0].display_name",
       "must be without control characters"},
      {[](auto& c) { c.agents[0].weights.cost = 101; }, "agents[0].weights.cost", "must be between 0 and 100"},
  });
}

TEST(ValidateTest, Sites) {
  ExpectEachFound({
      {[](auto& c) { c.sites[0].key = {"Shop"}; }, "sites[0].key", kNameRule},
      {[](auto& c) { c.sites.push_back(c.sites[0]); }, "sites[1].key", kUnique},
      {[](auto& c) { c.sites[0].allowed_origins.clear(); }, "sites[0].allowed_origins", "must have at least one entry"},
      {[](auto& c) { c.sites[0].allowed_origins.push_back("https://shop.example"); }, "sites[0].allowed_origins[2]",
       kUnique},
  });
}

TEST(ValidateTest, OriginsAreThoseThatBrowsersSend) {
  for (const char* origin :
       {"", "shop.example", "https://", "https://shop.example/", "https://shop.example/a", "ftp://shop.example",
        "https://Shop.example", "https://shop.example:443", "http://shop.example:80",
        "https://shop.example:", "https://shop.example:0", "https://shop.example:65536", "https://shop.example:8x", "*",
        "https://*.example", "https://user@shop.example", "https://.example", "https://a..b", "null"}) {
    TenantConfig config = Good();
    config.sites[0].allowed_origins = {origin};
    EXPECT_THAT(Validate(config), ElementsAre(FieldViolation{"sites[0].allowed_origins[0]", kOriginRule})) << origin;
  }
  for (const char* origin : {"https://shop.example", "http://localhost", "http://127.0.0.1:8080", "https://a-b.c:65535",
                             "http://shop.example:443"}) {
    TenantConfig config = Good();
    config.sites[0].allowed_origins = {origin};
    EXPECT_THAT(Validate(config), IsEmpty()) << origin;
  }
}

TEST(ValidateTest, ListsHaveLimits) {
  const auto too_many = [](size_t max) { return "must have at most " + std::to_string(max) + " entries"; };
  ExpectEachFound({
      {[](auto& c) { c.zones.resize(kMaxZones + 1); }, "zones", "must name at most 500 time zones in all"},
      {[](auto& c) { c.shift_groups.resize(kMaxShiftGroups + 1); }, "shift_groups", too_many(kMaxShiftGroups)},
      {[](auto& c) { c.skills.resize(kMaxSkills + 1); }, "skills", too_many(kMaxSkills)},
      {[](auto& c) { c.attributes.resize(kMaxAttributeDeclarations + 1); }, "attributes",
       too_many(kMaxAttributeDeclarations)},
      {[](auto& c) { c.channels.resize(kMaxChannels + 1); }, "channels", too_many(kMaxChannels)},
      {[](auto& c) { c.queues.resize(kMaxQueues + 1); }, "queues", too_many(kMaxQueues)},
      {[](auto& c) { c.plans.resize(kMaxPlans + 1); }, "plans", too_many(kMaxPlans)},
      {[](auto& c) { c.plans[0].rules.resize(kMaxRulesPerPlan + 1); }, "plans[0].rules", too_many(kMaxRulesPerPlan)},
      {[](auto& c) { c.agents.resize(kMaxAgents + 1); }, "agents", too_many(kMaxAgents)},
      {[](auto& c) { c.agents[0].skills.resize(kMaxSkillsPerAgent + 1); }, "agents[0].skills",
       too_many(kMaxSkillsPerAgent)},
      {[](auto& c) { c.sites.resize(kMaxSites + 1); }, "sites", too_many(kMaxSites)},
  });
}

TEST(ValidateTest, ReportsNoMoreThanItsLimit) {
  TenantConfig config = Good();
  config.agents.resize(1000);
  EXPECT_EQ(Validate(config).size(), kMaxReportedViolations);
}

TEST(WithoutAgentsTest, LeavesOutTheAgentsAlone) {
  TenantConfig config = Good();
  config.revision = 7;
  config.order = OrderPolicy::kStrictPriority;
  config.agent_grace = Duration::Seconds(30);
  config.quotas.waiting_contacts = 5;
  const TenantConfig without = WithoutAgents(config);
  config.agents.clear();
  EXPECT_EQ(without, config);
}

TEST(NormalizeTest, SortsWhatLookUpsReadAsSorted) {
  TenantConfig config = Good();
  std::reverse(config.zones[1].transitions.begin(), config.zones[1].transitions.end());
  std::reverse(config.shift_groups[0].schedule.exceptions.begin(), config.shift_groups[0].schedule.exceptions.end());
  Step& step = config.plans[0].rules[0].steps[1];
  std::reverse(step.skills.begin(), step.skills.end());
  step.zones = {"Europe/Madrid", "Asia/Kolkata"};
  EXPECT_FALSE(Validate(config).empty());
  Normalize(config);
  EXPECT_THAT(Validate(config), IsEmpty());
  const TenantConfig once = config;
  Normalize(config);
  EXPECT_EQ(config, once);
}

}  // namespace
}  // namespace meridian
