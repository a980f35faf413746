// What the fault worlds have to show in CI: seeds of every mix, each twice with the same course; the seeds that once
// failed; and a crash, a refusal and a lost answer at every commit of a small world.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/simulation/worlds/world.h"

namespace meridian::worlds {
namespace {

constexpr uint64_t kSeeds = 200;

Outcome RunWorld(uint64_t seed, const Mix& mix) { return World({.seed = seed, .mix = mix}).Run(); }

void ExpectWell(uint64_t seed, const Mix& mix) {
  std::cout << "seed " << seed << " --mix " << mix.name << std::endl;  // first: a broken invariant ends the process
  const Outcome outcome = RunWorld(seed, mix);
  for (const std::string& violation : outcome.violations) ADD_FAILURE() << violation;
  EXPECT_GT(outcome.commits, 20u) << "nothing happened";
}

TEST(WorldsTest, NothingBreaksUnderAnyMix) {
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) ExpectWell(seed, MixOf(seed));
}

TEST(WorldsTest, ASeedHasOneCourse) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Outcome first = RunWorld(seed, MixOf(seed));
    const Outcome second = RunWorld(seed, MixOf(seed));
    ASSERT_EQ(first.digest, second.digest) << "seed " << seed;
    ASSERT_EQ(first.events, second.events) << "seed " << seed;
  }
}

TEST(WorldsTest, SeedsDiffer) { EXPECT_NE(RunWorld(1, *FindMix("calm")).digest, RunWorld(2, *FindMix("calm")).digest); }

// A line: a seed and the name of its mix, then why it is there.
TEST(WorldsTest, SeedsThatOnceFailedDoNotAnyMore) {
  std::ifstream file(MERIDIAN_WORLDS_SEEDS);
  ASSERT_TRUE(file.is_open());
  size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    uint64_t seed = 0;
    std::string name;
    ASSERT_TRUE(words >> seed >> name) << line;
    const auto mix = FindMix(name);
    ASSERT_TRUE(mix.has_value()) << line;
    ExpectWell(seed, *mix);
    ++count;
  }
  EXPECT_GT(count, 0u);
}

class StrikeTest : public ::testing::TestWithParam<Strike> {};

// Two owners of each shard, few customers, no other fault: the strike befalls the first commit, then the second …
TEST_P(StrikeTest, AtEveryCommit) {
  Mix mix{.name = "strike", .routing_owners = 2, .session_owners = 2};
  const WorldOptions options{.seed = 1, .mix = mix, .customers = 3};
  const uint64_t commits = World(options).Run().commits;
  ASSERT_GT(commits, 40u);
  for (uint64_t at = 1; at <= commits && !HasFailure(); ++at) {
    SCOPED_TRACE("at commit " + std::to_string(at));
    WorldOptions struck = options;
    struck.strike = GetParam();
    struck.strike_at = at;
    const Outcome outcome = World(struck).Run();
    for (const std::string& violation : outcome.violations) ADD_FAILURE() << violation;
  }
}

std::string NameOf(const ::testing::TestParamInfo<Strike>& param) {
  switch (param.param) {
    case Strike::kCrashBefore:
      return "CrashBeforeItIsApplied";
    case Strike::kCrashApplied:
      return "CrashBeforeItsAnswer";
    case Strike::kCrashAnswered:
      return "CrashWhenAnswersHaveLeft";
    case Strike::kRefuse:
      return "Refused";
    case Strike::kLoseRequest:
      return "RequestLost";
    case Strike::kLoseAnswer:
      return "AnswerLost";
    case Strike::kNone:
      return "None";
  }
  return "Unknown";
}

INSTANTIATE_TEST_SUITE_P(Worlds, StrikeTest,
                         ::testing::Values(Strike::kCrashBefore, Strike::kCrashApplied, Strike::kCrashAnswered,
                                           Strike::kRefuse, Strike::kLoseRequest, Strike::kLoseAnswer),
                         NameOf);

}  // namespace
}  // namespace meridian::worlds
