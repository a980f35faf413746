#include "libs/error/error.h"

#include <gtest/gtest.h>

#include "absl/strings/cord.h"

namespace meridian {
namespace {

TEST(ErrorTest, CarriesReasonMessageAndMetadata) {
  absl::Status status = MakeError(absl::StatusCode::kFailedPrecondition, "REQUEST_TOO_OLD", "sent too long ago",
                                  {{"a", "1:2"}, {"b", ""}});
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "sent too long ago");
  EXPECT_EQ(ErrorReason(status), "REQUEST_TOO_OLD");
  EXPECT_EQ(ErrorMetadataOf(status), (ErrorMetadata{{"a", "1:2"}, {"b", ""}}));
}

TEST(ErrorTest, CarriesFieldViolationsInOrder) {
  absl::Status status = FieldErrors({{"queues[2].name", "must be set"}, {"plan", "must name a queue: \"es\""}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  EXPECT_EQ(status.message(), "queues[2].name: must be set (and 1 more)");
  EXPECT_EQ(FieldViolations(status),
            (std::vector<FieldViolation>{{"queues[2].name", "must be set"}, {"plan", "must name a queue: \"es\""}}));
}

TEST(ErrorTest, OtherStatusesHaveNoReason) {
  EXPECT_EQ(ErrorReason(absl::OkStatus()), "");
  EXPECT_EQ(ErrorReason(absl::NotFoundError("x")), "");
  EXPECT_TRUE(FieldViolations(absl::NotFoundError("x")).empty());
  EXPECT_TRUE(ErrorMetadataOf(absl::NotFoundError("x")).empty());
}

TEST(ErrorTest, OneAnswerNamesEveryField) {
  const FieldViolation a{"a", "must be set"};
  const FieldViolation b{"b", "must be set"};
  EXPECT_TRUE(WithMoreFields(absl::OkStatus(), {}).ok());
  EXPECT_EQ(FieldViolations(WithMoreFields(absl::OkStatus(), {b})), std::vector<FieldViolation>{b});
  EXPECT_EQ(FieldViolations(WithMoreFields(FieldErrors({a}), {b})), (std::vector<FieldViolation>{a, b}));
  EXPECT_EQ(WithMoreFields(FieldErrors({a}), {}), FieldErrors({a}));
  const absl::Status denied = MakeError(absl::StatusCode::kPermissionDenied, "SESSION_DENIED", "");
  EXPECT_EQ(WithMoreFields(denied, {b}), denied);
}

TEST(ErrorTest, MalformedPayloadsOfOthersAreReadAsFarAsTheyGo) {
  for (const char* payload : {"9:ab", "x", "5", "1:a1:b7:", "18446744073709551615:a", ":"}) {
    absl::Status status = absl::NotFoundError("x");
    status.SetPayload("meridian/metadata", absl::Cord(payload));
    EXPECT_LE(ErrorMetadataOf(status).size(), 1u) << payload;
  }
}

}  // namespace
}  // namespace meridian
