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

TEST(ContactTypesTest, ATimestampThatDoesNotFitIsNeverOrTheEarliest) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(1'767'600'000);
  proto.set_nanos(5);
  EXPECT_EQ(InstantFromProto(proto), Instant{1'767'600'000'000'000'005});
  proto.set_seconds(253'402'300'799);  // the last one of the year 9999
  proto.set_nanos(999'999'999);
  EXPECT_EQ(InstantFromProto(proto), Instant::Never());
  proto.set_seconds(-62'135'596'800);  // the first one of the year 1
  EXPECT_LT(InstantFromProto(proto), Instant{});
}

}  // namespace
}  // namespace meridian
