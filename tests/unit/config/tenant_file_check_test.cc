#include "libs/config/tenant_file_check.h"

#include <gtest/gtest.h>

#include "libs/wire/config_path.h"

namespace meridian {
namespace {

constexpr Instant kNow = Instant::FromUnixSeconds(1767225600);

constexpr char kBase[] = R"(tenant: demo
skills: [technical, billing]
attributes:
  - {name: topic, one_of: {values: [a, b]}}
channels:
  - {name: chat}
shift_groups:
  - name: day
    weekly:
      - {days: [monday, friday], hours: {from: "09:00", to: "17:30"}}
queues:
  - {name: help}
plans:
  - name: main
    rules:
      - name: all
        queue: help
        steps:
          - {skills: [{skill: technical}, {skill: billing}]}
agents:
  - name: ana
    languages: {es: native}
    skills: {billing: 5, technical: 3}
    time_zone: America/Mexico_City
    shift_group: day
    capacity: 3
    channels: {chat: 3}
)";

std::string Replaced(std::string_view from, std::string_view to) {
  std::string text = kBase;
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(TenantFileCheckTest, AGoodFileHasNoViolations) {
  TenantFile file = ReadTenantFile(kBase);
  TenantConfig config = CheckTenantFile(file, kNow);
  EXPECT_TRUE(file.violations.empty()) << file.violations[0].ToString("f");
  EXPECT_EQ(config.agents.size(), 1u);
}

TEST(TenantFileCheckTest, InconsistenciesHaveThePathAndLineOfTheFile) {
  struct Case {
    const char* from;
    const char* to;
    const char* expected;
  };
  for (const Case& c : {
           Case{"name: ana", "name: Ana B", "f:21:11: agents[0].name must be"},
           Case{"tenant: demo", "tenant: Demo Corp", "f:1:9: tenant must be 1 to 63 characters"},
           Case{"tenant: demo", "tenant: ''", "f:1:9: tenant must be 1 to 63 characters"},
           Case{"capacity: 3", "capacity: 2",
                "f:27:16: agents[0].channels.chat must not be more than the agent's capacity: at most 2"},
           Case{"capacity: 3", "capacity: 70000", "f:26:15: agents[0].capacity must be between 1 and 10000"},
           Case{"capacity: 3", "capacity: 3\n    display_name: \"A\\x1b[31m\"",
                "f:27:19: agents[0].display_name must be without control characters"},
           Case{"skills: [tech", "weights: {skill: 40000}\nskills: [tech",
                "f:2:18: weights.skill must be between 0 and 1000"},
           Case{"technical: 3", "technical: 300", "f:23:26: agents[0].skills.technical must be between 1 and 10"},
           Case{"time_zone: America/Mexico_City", "time_zone: Mars/Base",
                "f:24:16: agents[0].time_zone must be an IANA"},
           Case{"technical: 3", "technical: 11", "f:23:26: agents[0].skills.technical must be"},
           Case{"{skill: technical}", "{skill: magic}", "f:19:31: plans[0].rules[0].steps[0].skills[0].skill is not"},
           Case{"queue: help", "queue: nowhere", "f:17:16: plans[0].rules[0].queue is not a queue"},
           Case{"values: [a, b]", "values: [a, a]", "f:4:40: attributes[0].one_of.values[1] must be unique"},
           Case{"\"09:00\"", "\"9\"", "f:10:48: shift_groups[0].weekly[0].hours.from must be a local time"},
           Case{"queue: help", "queue: help\n        when: {attribute: {name: no, in: [a]}}",
                "f:18:27: plans[0].rules[0].when.attribute is not declared"},
       }) {
    TenantFile file = ReadTenantFile(Replaced(c.from, c.to));
    CheckTenantFile(file, kNow);
    ASSERT_EQ(file.violations.size(), 1u) << c.to;
    EXPECT_EQ(file.violations[0].ToString("f").substr(0, std::string_view(c.expected).size()), c.expected);
  }
}

TEST(TenantFileCheckTest, ADurationMustHaveTheFormOfOne) {
  TenantFile file = ReadTenantFile(kBase);
  for (const auto& [seconds, nanos] : {std::pair<int64_t, int32_t>{10, 2147483647}, {10, 1000000000}, {10, -1}}) {
    auto* timeout = file.config.mutable_queues(0)->mutable_offer_timeout();
    timeout->set_seconds(seconds);
    timeout->set_nanos(nanos);
    file.violations.clear();
    CheckTenantFile(file, kNow);
    ASSERT_EQ(file.violations.size(), 1u) << nanos;
    EXPECT_EQ(file.violations[0].path.substr(0, 9), "queues[0]");
    EXPECT_NE(file.violations[0].rule.find("nanos are between 0 and 999999999"), std::string::npos);
  }
}

TEST(TenantFileCheckTest, PathsOfTheMessageStayWhatTheyAre) {
  TenantFile file = ReadTenantFile(kBase);
  for (const char* path : {"agents[0].skills.billing", "queues[0].offer_timeout", "shift_groups[0].weekly[0].hours.to",
                           "plans[0].rules[0].steps[0].after", "tenant", "agents"}) {
    EXPECT_EQ(PathInProto(file.config, path), path);
  }
  EXPECT_EQ(PathInProto(file.config, "shift_groups[0].schedule.weekly[1].hours.end_minute"),
            "shift_groups[0].weekly[0].hours.to");
  EXPECT_EQ(PathInProto(file.config, "agents[7].id"), "agents");
}

}  // namespace
}  // namespace meridian
