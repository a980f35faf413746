#include "libs/domain/agent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace meridian {
namespace {

AgentConfig Ana() {
  return {.id = {"ana"},
          .display_name = "Ana García",
          .kind = AgentKind::kHuman,
          .skills = {{{"returns"}, 3}, {{"billing"}, 7}},
          .languages = {{*LanguageTag::Parse("es"), LanguageLevel::kNative},
                        {*LanguageTag::Parse("en"), LanguageLevel::kWorking}},
          .zone = "Europe/Madrid",
          .shift_group = {"early"},
          .capacity_units = 3,
          .channels = {{{"voice"}, 1}, {{"chat"}, 3}},
          .weights = {.cost = 1, .learned = 2}};
}

TEST(ProfileTest, EqualShapesAreEqualWhateverTheOrderAndTheName) {
  AgentConfig other = Ana();
  other.id = {"berta"};
  other.display_name = "Berta";
  std::reverse(other.skills.begin(), other.skills.end());
  std::reverse(other.languages.begin(), other.languages.end());
  std::reverse(other.channels.begin(), other.channels.end());
  EXPECT_EQ(ProfileOf(Ana()), ProfileOf(other));
  EXPECT_EQ(StableHash(ProfileOf(Ana())), StableHash(ProfileOf(other)));
}

TEST(ProfileTest, EveryRoutedPartMakesAnotherProfile) {
  std::vector<AgentConfig> others(9, Ana());
  others[0].kind = AgentKind::kExpert;
  others[1].skills[0].level = 4;
  others[2].languages[0].level = LanguageLevel::kFluent;
  others[3].zone = "Europe/Lisbon";
  others[4].shift_group = {};
  others[5].capacity_units = 4;
  others[6].channels[0].units = 2;
  others[7].weights.cost = 9;
  others[8].weights.learned = 9;
  std::set<Profile> profiles = {ProfileOf(Ana())};
  std::set<uint64_t> hashes = {StableHash(ProfileOf(Ana()))};
  for (const AgentConfig& other : others) {
    profiles.insert(ProfileOf(other));
    hashes.insert(StableHash(ProfileOf(other)));
  }
  EXPECT_EQ(profiles.size(), 10u);
  EXPECT_EQ(hashes.size(), 10u);
}

TEST(ProfileTest, HashIsTheSameInEveryBuild) { EXPECT_EQ(StableHash(ProfileOf(Ana())), 10819151059209720620u); }

TEST(ProfileTest, ChannelsNotListedAreNotTaken) {
  EXPECT_EQ(ChannelUnits(ProfileOf(Ana()), {"chat"}), 3);
  EXPECT_EQ(ChannelUnits(ProfileOf(Ana()), {"voice"}), 1);
  EXPECT_EQ(ChannelUnits(ProfileOf(Ana()), {"email"}), 0);
}

TEST(AgentKindsTest, IsASet) {
  EXPECT_TRUE(AgentKinds().empty());
  const AgentKinds some = AgentKinds::Of(AgentKind::kBot).With(AgentKind::kExpert);
  EXPECT_TRUE(some.Has(AgentKind::kBot));
  EXPECT_TRUE(some.Has(AgentKind::kExpert));
  EXPECT_FALSE(some.Has(AgentKind::kHuman));
  EXPECT_EQ(some.With(AgentKind::kHuman), AgentKinds::All());
  EXPECT_EQ(AgentKinds::FromBits(some.bits()), some);
  EXPECT_EQ(AgentKinds::FromBits(0xff), AgentKinds::All());
}

TEST(AgentKindTest, NamesRoundTrip) {
  for (auto kind : {AgentKind::kHuman, AgentKind::kBot, AgentKind::kExpert}) {
    EXPECT_EQ(ParseAgentKind(ToString(kind)), kind);
  }
  EXPECT_FALSE(ParseAgentKind("robot").has_value());
}

}  // namespace
}  // namespace meridian
