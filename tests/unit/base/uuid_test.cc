#include "libs/base/uuid.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(UuidTest, Version7CarriesItsTimeAndVersion) {
  Uuid uuid = Uuid::Version7(1732180000123, 0xabc, 0x1234);
  EXPECT_EQ(uuid.Version(), 7);
  EXPECT_EQ(uuid.UnixMilliseconds(), 1732180000123);
}

TEST(UuidTest, TextFormRoundTrips) {
  Uuid uuid = Uuid::Version7(1732180000123, ~0ULL, ~0ULL);
  EXPECT_EQ(Uuid::Parse(uuid.ToString()), uuid);
  EXPECT_EQ(Uuid::Parse("01932C07-209C-7B5E-8F2E-6A1F0C9D2B34")->ToString(), "01932c07-209c-7b5e-8f2e-6a1f0c9d2b34");
}

TEST(UuidTest, RefusesAnythingElse) {
  for (const char* text :
       {"", "01932c07", "01932c07-209c-7b5e-8f2e-6a1f0c9d2b3", "01932c07-209c-7b5e-8f2e-6a1f0c9d2b3g",
        "01932c07-209c-7b5e-8f2e-6a1f0c9d2b344", "01932c070209c-7b5e-8f2e-6a1f0c9d2b34"}) {
    EXPECT_FALSE(Uuid::Parse(text).has_value()) << text;
  }
}

TEST(UuidTest, StableHashIsTheSameInEveryBuild) {
  EXPECT_EQ(StableHash("meridian"), StableHash(std::string("meridian")));
  EXPECT_NE(StableHash("meridian"), StableHash("meridiam"));
}

}  // namespace
}  // namespace meridian
