// The demo tenant is valid, and somebody who speaks each language is on shift at every moment of the coming year.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "libs/config/tenant_file_check.h"
#include "libs/domain/agent.h"
#include "libs/runtime/clock.h"

namespace meridian {
namespace {

TenantConfig Demo(Instant now) {
  std::ifstream in(DEMO_TENANT_FILE);
  std::ostringstream text;
  text << in.rdbuf();
  TenantFile file = ReadTenantFile(text.str());
  TenantConfig config = CheckTenantFile(file, now);
  for (const FileViolation& violation : file.violations) ADD_FAILURE() << violation.ToString(DEMO_TENANT_FILE);
  return config;
}

const ZoneTable& ZoneOf(const TenantConfig& config, const AgentConfig& agent) {
  for (const ZoneTable& zone : config.zones) {
    if (zone.name == agent.zone) return zone;
  }
  ADD_FAILURE() << agent.id.value;
  return config.zones[0];
}

const Schedule& ScheduleOf(const TenantConfig& config, const AgentConfig& agent) {
  static const Schedule always = Schedule::Always();
  for (const ShiftGroup& group : config.shift_groups) {
    if (group.id == agent.shift_group) return group.schedule;
  }
  return always;
}

struct Speaker {
  const AgentConfig* agent;
  const Schedule* schedule;
  const ZoneTable* zone;
};

std::vector<Speaker> HumansFluentIn(const TenantConfig& config, std::string_view language) {
  std::vector<Speaker> speakers;
  const LanguageTag wanted = *LanguageTag::Parse(language);
  for (const AgentConfig& agent : config.agents) {
    if (agent.kind != AgentKind::kHuman) continue;
    auto level = ServedLevel(agent.languages, wanted);
    if (!level || *level < LanguageLevel::kNative) continue;
    speakers.push_back({&agent, &ScheduleOf(config, agent), &ZoneOf(config, agent)});
  }
  return speakers;
}

constexpr const char* kLanguages[] = {"es", "en", "fr", "de", "pt", "it", "ru", "ja", "zh", "ar", "hi"};

TEST(DemoTenantTest, IsValidWithThreeTiers) {
  TenantConfig config = Demo(SystemWallClock().Now());
  std::map<AgentKind, int> kinds;
  for (const AgentConfig& agent : config.agents) ++kinds[agent.kind];
  EXPECT_EQ(kinds[AgentKind::kBot], 2);
  EXPECT_GE(kinds[AgentKind::kHuman], 33);
  EXPECT_GE(kinds[AgentKind::kExpert], 3);
  EXPECT_EQ(config.id.value, "demo");
  EXPECT_EQ(config.sites.at(0).key.value, "demo-site");
}

TEST(DemoTenantTest, APersonSpeaksEachLanguageInEveryQuarterHourOfTheComingYear) {
  const Instant now = SystemWallClock().Now();
  TenantConfig config = Demo(now);
  for (const char* language : kLanguages) {
    std::vector<Speaker> speakers = HumansFluentIn(config, language);
    std::set<std::string> zones;
    for (const Speaker& speaker : speakers) zones.insert(speaker.zone->name);
    EXPECT_GE(zones.size(), 3u) << language;
    for (Instant at = now; at < now + Duration::Hours(24 * 366); at = at + Duration::Minutes(15)) {
      bool found = std::any_of(speakers.begin(), speakers.end(),
                               [&](const Speaker& s) { return OnShift(*s.schedule, *s.zone, at); });
      ASSERT_TRUE(found) << language << " at " << at.ToUnixSeconds();
    }
  }
}

TEST(DemoTenantTest, NobodyWorksMoreThanNineHoursInARow) {
  const Instant now = SystemWallClock().Now();
  TenantConfig config = Demo(now);
  for (const AgentConfig& agent : config.agents) {
    if (agent.kind != AgentKind::kHuman) continue;
    for (const WeeklyShift& shift : ScheduleOf(config, agent).weekly) {
      int minutes = shift.hours.end_minute - shift.hours.start_minute;
      EXPECT_LE(minutes <= 0 ? minutes + kMinutesPerDay : minutes, 9 * 60) << agent.id.value;
    }
  }
}

}  // namespace
}  // namespace meridian
