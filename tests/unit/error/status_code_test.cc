#include "libs/error/status_code.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(StatusCodeTest, EveryFailureHasANameAReasonAndAnHttpStatus) {
  for (int number = 1; number <= 16; ++number) {
    const auto code = static_cast<absl::StatusCode>(number);
    EXPECT_EQ(KnownCode(code), code);
    EXPECT_EQ(CodeName(code), absl::StatusCodeToString(code));
    EXPECT_GE(HttpStatusOf(code), 400);
    EXPECT_FALSE(DefaultReason(code).empty());
  }
  EXPECT_EQ(HttpStatusOf(absl::StatusCode::kOk), 200);
}

TEST(StatusCodeTest, ANumberOutOfRangeIsUnknown) {
  EXPECT_EQ(KnownCode(static_cast<absl::StatusCode>(99)), absl::StatusCode::kUnknown);
  EXPECT_EQ(CodeName(static_cast<absl::StatusCode>(-1)), "UNKNOWN");
}

}  // namespace
}  // namespace meridian
