#include "libs/config/tenant_file.h"

#include <gtest/gtest.h>

#include "google/protobuf/util/message_differencer.h"
#include "libs/config/zone_tables.h"
#include "libs/wire/tenant_config.h"

namespace meridian {
namespace {

constexpr char kSmall[] = R"(
tenant: demo
skills: [billing]
channels:
  - {name: chat}
shift_groups:
  - name: day
    weekly:
      - {days: [monday, friday], hours: {from: "09:00", to: "17:30"}}
queues:
  - {name: help, offer_timeout: 30s, wrap_up: 1m30s}
plans:
  - name: main
    rules:
      - name: all
        queue: help
        steps:
          - {skills: [{skill: billing, min_level: 2}]}
          - {after: 20s, kinds: [human, expert]}
agents:
  - name: ana
    display_name: Ana
    languages: {es: native, en: fluent}
    skills: {billing: 5}
    time_zone: America/Mexico_City
    shift_group: day
    capacity: 3
    channels: {chat: 3}
)";

TEST(TenantFileTest, ReadsFieldsDurationsAndShortEnumerators) {
  TenantFile file = ReadTenantFile(kSmall);
  ASSERT_TRUE(file.violations.empty()) << file.violations[0].ToString("small.yaml");
  EXPECT_EQ(file.config.tenant(), "demo");
  EXPECT_EQ(file.config.queues(0).offer_timeout().seconds(), 30);
  EXPECT_EQ(file.config.queues(0).wrap_up().seconds(), 90);
  EXPECT_EQ(file.config.agents(0).languages().at("es"), type::v1::LANGUAGE_LEVEL_NATIVE);
  EXPECT_EQ(file.PlaceOf("queues[0].offer_timeout").line, 11);
  EXPECT_EQ(file.PlaceOf("queues[0].no_such").line, 11);
}

TEST(TenantFileTest, ASmallFileIsAValidConfiguration) {
  TenantFile file = ReadTenantFile(kSmall);
  std::vector<FieldViolation> violations;
  auto zones = MakeZoneTables(ZonesNamedIn(file.config), Instant::FromUnixSeconds(1767225600));
  TenantConfig config = TenantConfigFromProto(file.config, zones, violations);
  for (const FieldViolation& v : Validate(config)) violations.push_back(v);
  for (const FieldViolation& v : violations) ADD_FAILURE() << v.field << " " << v.rule;
  EXPECT_EQ(config.plans[0].rules[0].steps[1].kinds.bits(),
            AgentKinds::Of(AgentKind::kHuman).With(AgentKind::kExpert).bits());
  EXPECT_EQ(config.shift_groups[0].schedule.weekly.size(), 2u);
}

TEST(TenantFileTest, WrittenFileReadsBackEqual) {
  TenantFile file = ReadTenantFile(kSmall);
  TenantFile again = ReadTenantFile(WriteTenantFile(file.config));
  EXPECT_TRUE(again.violations.empty());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(file.config, again.config));
}

TEST(TenantFileTest, EveryErrorNamesPathLineAndRule) {
  struct Case {
    const char* yaml;
    const char* expected;
  };
  for (const Case& c : {
           Case{"tenant: [", "f:1:1: the file is not well-formed YAML: "},
           Case{"- a", "f:1:1: the file must be a mapping of fields"},
           Case{"tenant: demo\nqueue: x", "f:2:1: queue is not known here; known: tenant, skills"},
           Case{"tenant: demo\ntenant: demo", "f:2:1: tenant stands twice"},
           Case{"queues: {}", "f:1:9: queues must be a list"},
           Case{"queues:\n  - name: a\n    offer_timeout: soon",
                "f:3:20: queues[0].offer_timeout must be a duration such as"},
           Case{"agents:\n  - kind: robot", "f:2:11: agents[0].kind must be one of: human, bot, expert"},
           Case{"agents:\n  - capacity: -1", "f:2:15: agents[0].capacity must be a whole number, not negative"},
           Case{"agents:\n  - skills: {billing: much}", "f:2:23: agents[0].skills.billing must be a whole number"},
           Case{"attributes:\n  - {name: a, code: {}, boolean: {}}",
                "f:2:25: attributes[0].boolean cannot stand beside another of: one_of"},
           Case{"revision: 3", "f:1:1: revision is not known here"},
           Case{"order: [a]", "f:1:8: order must be a single value"},
           Case{"", "f:1:1: tenant must be set"},
           Case{"# nothing yet\n", "f:1:1: tenant must be set"},
           Case{"\nskills: [a]", "f:2:1: tenant must be set"},
           Case{"tenant: [demo]", "f:1:9: tenant must be a single value"},
           Case{"tenant: demo\n---\ntenant: other", "f:3:1: the file must be one YAML document"},
           Case{"tenant: demo\n---\n", "f:3:1: the file must be one YAML document"},
       }) {
    TenantFile file = ReadTenantFile(c.yaml);
    ASSERT_FALSE(file.violations.empty()) << c.yaml;
    EXPECT_EQ(file.violations[0].ToString("f").substr(0, std::string(c.expected).size()), c.expected);
  }
}

TEST(TenantFileTest, OneDocumentMayHaveAllItsMarks) {
  const TenantFile file = ReadTenantFile("%YAML 1.2\n---\ntenant: demo\n...\n# the end\n");
  EXPECT_TRUE(file.violations.empty());
  EXPECT_EQ(file.config.tenant(), "demo");
}

TEST(TenantFileTest, SchemaDescribesEveryField) {
  std::string schema = TenantFileSchema();
  for (const char* word : {"\"offer_timeout\"", "\"human\"", "\"$defs\"", "\"shift_group\""}) {
    EXPECT_NE(schema.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(schema.find("\"revision\""), std::string::npos);
}

}  // namespace
}  // namespace meridian
