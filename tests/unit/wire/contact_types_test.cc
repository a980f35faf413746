#include "libs/wire/contact_types.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

google::protobuf::Duration Proto(int64_t seconds, int32_t nanos) {
  google::protobuf::Duration proto;
  proto.set_seconds(seconds);
  proto.set_nanos(nanos);
  return proto;
}

TEST(ContactTypesTest, ADurationKeepsItsNanoseconds) {
  EXPECT_EQ(DurationFromProto(Proto(90, 5)), Duration{90'000'000'005});
  EXPECT_EQ(DurationFromProto(Proto(-1, -500'000'000)), Duration::Milliseconds(-1500));
}

TEST(ContactTypesTest, ADurationThatDoesNotFitIsTheLongest) {
  constexpr int64_t kLongest = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(DurationFromProto(Proto(315'576'000'000, 999'999'999)), Duration{kLongest});
  EXPECT_EQ(DurationFromProto(Proto(-315'576'000'000, 0)), Duration{-kLongest});
}

}  // namespace
}  // namespace meridian
