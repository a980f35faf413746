// When the store tries again to reach a server that is not there.
#include "libs/store/redis_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/testing/fake_clock.h"

namespace meridian {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Ge;
using ::testing::Lt;

// The pauses, in milliseconds, between so many attempts; nothing listens, so that each fails at once.
std::vector<double> Pauses(uint64_t jitter_seed, int attempts) {
  testing::FakeClock clock;
  const RedisOptions options{.servers = {{.unix_path = "/nonexistent/redis.sock"}},
                             .first_retry = Duration::Milliseconds(100),
                             .longest_retry = Duration::Milliseconds(400),
                             .monotonic = clock.monotonic(),
                             .jitter_seed = jitter_seed};
  int failed = 0;
  RedisLink link(options, nullptr, nullptr, {.on_failure = [&](const absl::Status&) { ++failed; }});
  std::vector<double> pauses;
  link.Tick();
  for (int i = 1; i <= attempts; ++i) {
    EXPECT_EQ(failed, i);
    const Duration pause = link.NextWake() - clock.MonotonicNow();
    pauses.push_back(static_cast<double>(pause.ns) / 1e6);
    clock.Advance(pause);
    link.Tick();
  }
  return pauses;
}

TEST(RedisLinkTest, PausesBetweenAttemptsDoubleUpToTheLongestEachWithItsJitter) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    const std::vector<double> pauses = Pauses(seed, 20);
    EXPECT_THAT(pauses[0], AllOf(Ge(50), Lt(150)));
    EXPECT_THAT(pauses[1], AllOf(Ge(100), Lt(300)));
    EXPECT_THAT(std::vector<double>(pauses.begin() + 2, pauses.end()), Each(AllOf(Ge(200), Lt(600))));
  }
}

TEST(RedisLinkTest, ProcessesThatLostAServerTogetherDoNotComeBackTogether) {
  // In each tenth of the pause after which all try for the third time there are about as many as in any other.
  std::vector<int> tenths(10);
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    ++tenths.at(static_cast<size_t>((Pauses(seed, 3).back() - 200) / 40));
  }
  EXPECT_THAT(tenths, Each(AllOf(Ge(60), Lt(150))));
}

}  // namespace
}  // namespace meridian
