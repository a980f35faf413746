#include "libs/domain/attributes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

AttributeDeclaration Enum(std::vector<std::string> values) {
  return {.name = {"product"}, .type = AttributeType::kEnum, .values = std::move(values)};
}
AttributeDeclaration Number(int64_t min, int64_t max) {
  return {.name = {"amount"}, .type = AttributeType::kNumber, .values = {}, .min = min, .max = max};
}
AttributeDeclaration Typed(AttributeType type) { return {.name = {"field"}, .type = type, .values = {}}; }

TEST(AttributeSetTest, IsSortedAndHoldsOneValueEach) {
  AttributeSet set({{{"b"}, int64_t{1}}, {{"a"}, true}, {{"b"}, int64_t{2}}});
  EXPECT_THAT(set.items(), ElementsAre(Attribute{{"a"}, true}, Attribute{{"b"}, int64_t{2}}));
  set.Set({"a"}, false);
  set.Set({"c"}, std::string("x"));
  EXPECT_EQ(set.Find("a"), AttributeView(false));
  EXPECT_EQ(set.Find("b"), AttributeView(int64_t{2}));
  EXPECT_EQ(set.Find("c"), AttributeView(std::string_view("x")));
  EXPECT_EQ(set.Find("d"), std::nullopt);
  EXPECT_EQ(AttributeSet().Find("a"), std::nullopt);
}

TEST(AttributeSetTest, HoldsWhateverItIsGiven) {
  std::vector<Attribute> all{{{""}, std::string()},
                             {{"n"}, std::numeric_limits<int64_t>::min()},
                             {{std::string("x\0y", 3)}, std::string(300, 'z')},
                             {{std::string(200, 'z')}, int64_t{-1}}};
  const AttributeSet set(all);
  EXPECT_EQ(set.items(), all);
  for (const Attribute& attribute : all) EXPECT_TRUE(Equals(*set.Find(attribute.name.value), attribute.value));
  std::swap(all[0], all[3]);
  EXPECT_EQ(AttributeSet(all), set);
  EXPECT_NE(AttributeSet(), set);
}

TEST(AttributeViewTest, EqualsAValueOfItsTypeOnly) {
  EXPECT_TRUE(Equals(AttributeView(int64_t{1}), AttributeValue(int64_t{1})));
  EXPECT_FALSE(Equals(AttributeView(int64_t{1}), AttributeValue(true)));
  EXPECT_TRUE(Equals(AttributeView(std::string_view("a")), AttributeValue(std::string("a"))));
  EXPECT_FALSE(Equals(AttributeView(std::string_view("a")), AttributeValue(std::string("b"))));
}

TEST(BrokenRuleTest, AcceptsValuesOfTheDeclaredType) {
  EXPECT_EQ(BrokenRule(Enum({"phone", "tv"}), std::string("tv")), std::nullopt);
  EXPECT_EQ(BrokenRule(Number(-5, 5), int64_t{-5}), std::nullopt);
  EXPECT_EQ(BrokenRule(Number(-5, 5), int64_t{5}), std::nullopt);
  EXPECT_EQ(BrokenRule(Typed(AttributeType::kBoolean), false), std::nullopt);
  EXPECT_EQ(BrokenRule(Typed(AttributeType::kCode), std::string("A-1_b.9")), std::nullopt);
  EXPECT_EQ(BrokenRule(Typed(AttributeType::kCode), std::string(32, 'x')), std::nullopt);
}

TEST(BrokenRuleTest, NamesTheRule) {
  const std::string code_rule = "must be a code: 1 to 32 characters of A-Z, a-z, 0-9, '_', '.', '-'";
  const struct {
    AttributeDeclaration declaration;
    AttributeValue value;
    std::string rule;
  } cases[] = {
      {Enum({"phone", "tv"}), std::string("radio"), "must be one of the declared values: phone tv"},
      {Enum({"phone", "tv"}), int64_t{1}, "must be one of the declared values: phone tv"},
      {Number(0, 10), int64_t{11}, "must be between 0 and 10"},
      {Number(0, 10), int64_t{-1}, "must be between 0 and 10"},
      {Number(0, 10), std::string("3"), "must be a whole number"},
      {Number(0, 1), true, "must be a whole number"},
      {Typed(AttributeType::kBoolean), int64_t{1}, "must be true or false"},
      {Typed(AttributeType::kCode), std::string(), code_rule},
      {Typed(AttributeType::kCode), std::string(33, 'x'), code_rule},
      {Typed(AttributeType::kCode), std::string("two words"), code_rule},
      {Typed(AttributeType::kCode), std::string("ana@example.org"), code_rule},
      {{.name = {"name"}, .use = AttributeUse::kPersonal, .values = {}},
       std::string("Ana"),
       "is declared personal and may not be used for routing"},
  };
  for (const auto& c : cases) EXPECT_EQ(BrokenRule(c.declaration, c.value), c.rule);
}

TEST(CheckAttributesTest, NamesFieldAndRule) {
  const std::vector<AttributeDeclaration> declared = {
      Number(0, 10), Enum({"tv"}), {.name = {"full_name"}, .use = AttributeUse::kPersonal, .values = {}}};
  EXPECT_THAT(CheckAttributes(declared, AttributeSet({{{"amount"}, int64_t{3}}, {{"product"}, std::string("tv")}})),
              IsEmpty());
  EXPECT_THAT(
      CheckAttributes(
          declared,
          AttributeSet({{{"amount"}, int64_t{30}}, {{"full_name"}, std::string("Ana")}, {{"note"}, std::string("x")}})),
      ElementsAre(FieldViolation{"attributes.amount", "must be between 0 and 10"},
                  FieldViolation{"attributes.full_name", "is declared personal and may not be used for routing"},
                  FieldViolation{"attributes.note", "is not declared as an attribute"}));
}

TEST(CheckAttributesTest, LimitsTheirNumber) {
  AttributeSet set;
  for (size_t i = 0; i <= kMaxAttributesPerContact; ++i) set.Set({"a" + std::to_string(i)}, true);
  EXPECT_THAT(CheckAttributes({}, set),
              ElementsAre(FieldViolation{"attributes", "must have at most 16 entries that are declared for routing"}));
}

}  // namespace
}  // namespace meridian
