#include "libs/base/entity_id.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(EntityIdTest, TextFormRoundTripsAndNamesItsRegion) {
  auto id = ContactId::Parse("eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->region.view(), "eu1");
  EXPECT_EQ(id->ToString(), "eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34");
}

TEST(EntityIdTest, RefusesMalformedIds) {
  for (const char* text :
       {"", "-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34", "EU-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34",
        "1eu-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34", "eu1-01932c07-209c-7b5e-8f2e-6a1f0c9d2b3x",
        "toolongx-01932c07-209c-7b5e-8f2e-6a1f0c9d2b34", "eu101932c07-209c-7b5e-8f2e-6a1f0c9d2b34"}) {
    EXPECT_FALSE(ContactId::Parse(text).has_value()) << text;
  }
}

TEST(NameTest, AcceptsOperatorsNames) {
  for (const char* text : {"a", "demo", "agent-7", "es.billing_2"}) EXPECT_TRUE(IsValidName(text)) << text;
  for (const char* text : {"", "-a", "a-", "Ana", "a b", "a/b", "ñ"}) EXPECT_FALSE(IsValidName(text)) << text;
  EXPECT_TRUE(IsValidName(std::string(63, 'a')));
  EXPECT_FALSE(IsValidName(std::string(64, 'a')));
}

}  // namespace
}  // namespace meridian
