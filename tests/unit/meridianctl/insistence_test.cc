#include "services/meridianctl/insistence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <vector>

#include "libs/error/error.h"
#include "libs/testing/fake_clock.h"

namespace meridian::ctl {
namespace {

class InsistenceTest : public ::testing::Test {
 protected:
  // Answers with each of them in turn, and with the last one for ever.
  absl::Status Until(
      const std::vector<absl::Status>& answers, std::function<void()> meanwhile = [] {}) {
    attempts_ = 0;
    return insistence_.Until("the events", [&] {
      meanwhile();
      return answers[std::min(attempts_++, answers.size() - 1)];
    });
  }

  testing::FakeClock fake_;
  std::ostringstream out_, err_;
  const Console console_{out_, err_};
  std::vector<Duration> pauses_;
  size_t attempts_ = 0;
  Insistence insistence_{Duration::Seconds(30), console_, {fake_.monotonic(), [this](Duration length) {
                                                             pauses_.push_back(length);
                                                             fake_.Advance(length);
                                                           }}};
  const absl::Status moving_ = MakeError(absl::StatusCode::kUnavailable, "SHARD_MOVING", "routing/3 moves");
};

TEST_F(InsistenceTest, WhatIsDoneOrRefusedIsAskedOnce) {
  EXPECT_TRUE(Until({absl::OkStatus()}).ok());
  EXPECT_EQ(attempts_, 1U);
  EXPECT_TRUE(absl::IsNotFound(Until({absl::NotFoundError("none")})));
  EXPECT_EQ(attempts_, 1U);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(InsistenceTest, WhatCannotAnswerNowIsAskedAgainAndNamedOnce) {
  EXPECT_TRUE(Until({moving_, moving_, absl::UnavailableError("refused"), absl::OkStatus()}).ok());
  EXPECT_EQ(attempts_, 4U);
  EXPECT_EQ(err_.str(),
            "waiting for the events: SHARD_MOVING: routing/3 moves\n"
            "waiting for the events: UNAVAILABLE: refused\n");
  EXPECT_EQ(pauses_,
            (std::vector{Duration::Milliseconds(100), Duration::Milliseconds(200), Duration::Milliseconds(400)}));
}

TEST_F(InsistenceTest, ItGivesUpWhenItsPatienceIsOver) {
  const MonotonicInstant began = fake_.MonotonicNow();
  EXPECT_EQ(ErrorReason(Until({moving_})), "SHARD_MOVING");
  EXPECT_EQ(fake_.MonotonicNow() - began, Duration::Seconds(30));
  EXPECT_LT(attempts_, 30U) << "at longer and longer intervals";
}

TEST_F(InsistenceTest, PatienceBeginsAnewWithWhatComes) {
  const MonotonicInstant began = fake_.MonotonicNow();
  int left = 3;
  const absl::Status given_up = Until({moving_}, [&] {
    if (left-- <= 0) return;
    fake_.Advance(Duration::Seconds(20));
    insistence_.Progress();
  });
  EXPECT_TRUE(absl::IsUnavailable(given_up));
  EXPECT_GE(fake_.MonotonicNow() - began, Duration::Seconds(90));
}

}  // namespace
}  // namespace meridian::ctl
