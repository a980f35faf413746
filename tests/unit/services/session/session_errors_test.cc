#include "services/session/session_errors.h"

#include <gtest/gtest.h>

#include "libs/conversation/validation.h"
#include "libs/error/error.h"

namespace meridian {
namespace {

using conversation::ContactStanding;
using conversation::MessagePart;
using conversation::TextPart;

std::vector<FieldViolation> Said(const std::vector<MessagePart>& parts) {
  const auto refusal = conversation::CheckParts(parts);
  return refusal ? FieldViolations(ToStatus(*refusal)) : std::vector<FieldViolation>();
}

std::vector<MessagePart> Texts(size_t count, size_t bytes) {
  return std::vector<MessagePart>(count, TextPart{std::string(bytes, 'x'), {}, {}});
}

TEST(SessionErrorsTest, ABrokenLimitIsNamed) {
  using Violations = std::vector<FieldViolation>;
  EXPECT_EQ(Said(Texts(1, 1)), Violations());
  EXPECT_EQ(Said({}), (Violations{{"parts", "is required"}}));
  EXPECT_EQ(Said(Texts(17, 1)), (Violations{{"parts", "must have at most 16 entries"}}));
  EXPECT_EQ(Said(Texts(1, 8193)), (Violations{{"parts[0].text", "must be at most 8192 bytes"}}));
  EXPECT_EQ(Said(Texts(5, 8192)), (Violations{{"parts", "must be at most 32768 bytes together"}}));
  EXPECT_EQ(FieldViolations(ToStatus(*conversation::CheckClientNumber(1ull << 32))),
            (Violations{{"client_number", "must be between 1 and 4294967295"}}));
}

TEST(SessionErrorsTest, AnInvalidContactNamesItsField) {
  const absl::Status status = ToStatus(ContactStanding{ContactStanding::Kind::kRefused, "INVALID_CONTACT"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "INVALID_CONTACT");
  ASSERT_EQ(FieldViolations(status).size(), 1u);
  EXPECT_EQ(FieldViolations(status)[0].field, "attributes");
}

}  // namespace
}  // namespace meridian
