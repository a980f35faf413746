#include "services/meridianctl/verifier/clock_difference.h"

#include <gtest/gtest.h>

namespace meridian::verifier {
namespace {

constexpr Instant kStart = Instant::FromUnixSeconds(1'800'000'000);

Instant At(double seconds) { return kStart + Duration{static_cast<int64_t>(seconds * 1e9)}; }

// Ten contacts a second from `from` to `to` by the session's clock, queued 5 ms later by one that is `ahead` of it.
void Add(std::vector<Submission>& submissions, double from, double to, double ahead) {
  for (double at = from; at < to; at += 0.1) submissions.push_back({"", At(at), At(at + ahead + 0.005)});
}

// By how many seconds routing is ahead at that time of the session's.
double Ahead(const std::vector<Submission>& submissions, double at) {
  ClockDifference clocks;
  clocks.Learn(submissions);
  return static_cast<double>((clocks.ToRoutingTime(At(at)) - At(at)).ns) / 1e9;
}

TEST(ClockDifferenceTest, WithoutContactsThereIsNone) { EXPECT_EQ(Ahead({}, 3), 0); }

TEST(ClockDifferenceTest, EitherMayBeBehind) {
  std::vector<Submission> submissions;
  Add(submissions, 0, 10, -8);
  Add(submissions, 100, 110, 8);
  EXPECT_NEAR(Ahead(submissions, 5), -8, 0.1);
  EXPECT_NEAR(Ahead(submissions, 105), 8, 0.1);
}

TEST(ClockDifferenceTest, ATimeThatJumpedAfterwardsDoesNotCount) {
  std::vector<Submission> submissions;
  Add(submissions, 0, 10, 29);
  Add(submissions, 39, 50, 0);
  EXPECT_NEAR(Ahead(submissions, 10), 29, 0.1);
  EXPECT_NEAR(Ahead(submissions, 39), 0, 0.1);
  submissions.resize(submissions.size() - 108);  // two contacts alone have come since
  EXPECT_NEAR(Ahead(submissions, 39.3), 0, 0.1);
}

TEST(ClockDifferenceTest, AQuarterOfTheContactsMayTellAWrongTime) {
  std::vector<Submission> submissions;
  Add(submissions, 0, 10, 2);
  for (size_t i = 0; i < submissions.size(); i += 5)
    submissions[i].submitted = submissions[i].queued + Duration::Seconds(1);
  EXPECT_NEAR(Ahead(submissions, 5), 2, 0.1);
  Add(submissions, 4.9, 5.1, 4);  // held up by two seconds
  EXPECT_NEAR(Ahead(submissions, 5), 2, 0.1);
}

}  // namespace
}  // namespace meridian::verifier
