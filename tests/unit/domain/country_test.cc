#include "libs/domain/country.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(CountryCodeTest, TwoLettersInEitherCase) {
  EXPECT_EQ(CountryCode::Parse("es")->view(), "ES");
  EXPECT_EQ(CountryCode::Parse("MX")->view(), "MX");
  for (const char* text : {"", "E", "ESP", "E1", "é", "e "}) EXPECT_FALSE(CountryCode::Parse(text).has_value()) << text;
}

TEST(CountryCodeTest, EmptyIsUnknown) {
  EXPECT_TRUE(CountryCode().empty());
  EXPECT_EQ(CountryCode().view(), "");
  EXPECT_NE(CountryCode(), *CountryCode::Parse("ES"));
}

}  // namespace
}  // namespace meridian
