#include "libs/domain/predicate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<AttributeDeclaration>& Declared() {
  static const std::vector<AttributeDeclaration> declared = {
      {.name = {"product"}, .type = AttributeType::kEnum, .values = {"phone", "tv"}},
      {.name = {"amount"}, .type = AttributeType::kNumber, .values = {}, .min = 0, .max = 1000},
      {.name = {"urgent"}, .type = AttributeType::kBoolean, .values = {}},
      {.name = {"full_name"}, .use = AttributeUse::kPersonal, .values = {}}};
  return declared;
}
const std::vector<ChannelId>& Channels() {
  static const std::vector<ChannelId> channels = {{"chat"}, {"voice"}};
  return channels;
}

ContactSpec Contact() {
  ContactSpec contact;
  contact.channel = {"chat"};
  contact.language = *LanguageTag::Parse("es-MX");
  contact.country = *CountryCode::Parse("MX");
  contact.customer_kind = CustomerKind::kIdentified;
  contact.attributes = AttributeSet({{{"product"}, std::string("tv")}, {{"amount"}, int64_t{50}}, {{"urgent"}, true}});
  return contact;
}

bool Holds(const Predicate& predicate) {
  const ContactSpec contact = Contact();
  return Evaluate(predicate, FactsOf(contact));
}

TEST(EvaluateTest, Leaves) {
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kChannel, "chat")));
  EXPECT_FALSE(Holds(Predicate::Equals(Operand::kChannel, "voice")));
  EXPECT_TRUE(Holds(Predicate::In(Operand::kChannel, {"voice", "chat"})));
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kLanguage, "es")));
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kLanguage, "es-mx")));
  EXPECT_FALSE(Holds(Predicate::Equals(Operand::kLanguage, "es-ES")));
  EXPECT_FALSE(Holds(Predicate::Equals(Operand::kLanguage, "und")));
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kCountry, "MX")));
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kCustomerKind, "identified")));
  EXPECT_FALSE(Holds(Predicate::In(Operand::kCustomerKind, {"anonymous", "verified"})));
  EXPECT_TRUE(Holds(Predicate::Equals(Operand::kDirection, "inbound")));
  EXPECT_TRUE(Holds(Predicate::Present(Operand::kCountry)));
  EXPECT_TRUE(Holds(Predicate::Present(Operand::kLanguage)));
}

TEST(EvaluateTest, Attributes) {
  EXPECT_TRUE(Holds(Predicate::AttributeEquals("product", std::string("tv"))));
  EXPECT_TRUE(Holds(Predicate::AttributeIn("amount", {int64_t{49}, int64_t{50}})));
  EXPECT_FALSE(Holds(Predicate::AttributeIn("amount", {int64_t{49}, int64_t{51}})));
  EXPECT_TRUE(Holds(Predicate::AttributeEquals("urgent", true)));
  EXPECT_FALSE(Holds(Predicate::AttributeEquals("urgent", int64_t{1}))) << "another type is not equal";
  EXPECT_TRUE(Holds(Predicate::AttributeAtLeast("amount", 50)));
  EXPECT_FALSE(Holds(Predicate::AttributeAtLeast("amount", 51)));
  EXPECT_TRUE(Holds(Predicate::AttributeAtMost("amount", 50)));
  EXPECT_FALSE(Holds(Predicate::AttributeAtMost("amount", 49)));
  EXPECT_FALSE(Holds(Predicate::AttributeAtLeast("product", 0))) << "not a number";
  EXPECT_FALSE(Holds(Predicate::AttributeAtLeast("age", 0))) << "absent";
  EXPECT_FALSE(Holds(Predicate::AttributeAtMost("age", 0))) << "absent";
  EXPECT_TRUE(Holds(Predicate::AttributePresent("amount")));
  EXPECT_FALSE(Holds(Predicate::AttributePresent("age")));
}

TEST(EvaluateTest, AbsentFactsAreNeitherEqualNorPresent) {
  const RoutingFacts nothing;
  EXPECT_FALSE(Evaluate(Predicate::Present(Operand::kLanguage), nothing));
  EXPECT_FALSE(Evaluate(Predicate::Present(Operand::kCountry), nothing));
  EXPECT_FALSE(Evaluate(Predicate::AttributePresent("amount"), nothing));
  EXPECT_FALSE(Evaluate(Predicate::Equals(Operand::kCountry, ""), nothing));
  EXPECT_TRUE(Evaluate(Predicate::Equals(Operand::kLanguage, "und"), nothing));
}

TEST(EvaluateTest, Branches) {
  const Predicate yes = Predicate::Always();
  const Predicate no = Predicate::Any({});
  EXPECT_TRUE(Holds(yes));
  EXPECT_FALSE(Holds(no));
  EXPECT_TRUE(Holds(Predicate::All({yes, yes})));
  EXPECT_FALSE(Holds(Predicate::All({yes, no})));
  EXPECT_TRUE(Holds(Predicate::Any({no, yes})));
  EXPECT_FALSE(Holds(Predicate::Any({no, no})));
  EXPECT_TRUE(Holds(Predicate::Not(no)));
  EXPECT_FALSE(Holds(Predicate::Not(yes)));
  EXPECT_TRUE(Holds(Predicate::All({Predicate::Equals(Operand::kLanguage, "es"),
                                    Predicate::Not(Predicate::Any({Predicate::AttributeAtMost("amount", 10), no}))})));
}

std::vector<FieldViolation> Check(const Predicate& predicate) {
  return CheckPredicate(predicate, "when", Declared(), Channels());
}

TEST(CheckPredicateTest, AcceptsWhatEvaluateUnderstands) {
  EXPECT_THAT(Check(Predicate::Always()), IsEmpty());
  EXPECT_THAT(
      Check(Predicate::All(
          {Predicate::Equals(Operand::kChannel, "chat"), Predicate::In(Operand::kLanguage, {"es", "pt-BR"}),
           Predicate::Equals(Operand::kCountry, "MX"), Predicate::In(Operand::kCustomerKind, {"anonymous", "verified"}),
           Predicate::Equals(Operand::kDirection, "inbound"), Predicate::Present(Operand::kLanguage),
           Predicate::AttributeEquals("product", std::string("tv")),
           Predicate::Not(Predicate::AttributeAtLeast("amount", 5000)),
           Predicate::Any({Predicate::AttributePresent("urgent")})})),
      IsEmpty());
}

TEST(CheckPredicateTest, NamesFieldAndRule) {
  Predicate odd_not = Predicate::Not(Predicate::Always());
  odd_not.children.clear();
  Predicate values_on_branch = Predicate::Always();
  values_on_branch.values = {true};
  Predicate children_on_leaf = Predicate::Present(Operand::kLanguage);
  children_on_leaf.children = {Predicate::Always()};
  Predicate attribute_on_channel = Predicate::Equals(Operand::kChannel, "chat");
  attribute_on_channel.attribute = {"product"};
  Predicate two_values = Predicate::Equals(Operand::kChannel, "chat");
  two_values.values = {std::string("chat"), std::string("voice")};
  Predicate number_channel = Predicate::Equals(Operand::kChannel, "chat");
  number_channel.values = {int64_t{1}};
  Predicate compare_channel = Predicate::Equals(Operand::kChannel, "chat");
  compare_channel.op = PredicateOp::kAtLeast;
  Predicate present_with_value = Predicate::Equals(Operand::kChannel, "chat");
  present_with_value.op = PredicateOp::kPresent;
  Predicate text_bound = Predicate::AttributeAtLeast("amount", 1);
  text_bound.values = {std::string("1")};

  const struct {
    Predicate predicate;
    FieldViolation violation;
  } cases[] = {
      {odd_not, {"when.children", "must be exactly one for not"}},
      {values_on_branch, {"when.values", "must be empty for all"}},
      {children_on_leaf, {"when.children", "must be empty for present"}},
      {attribute_on_channel, {"when.attribute", "must be empty for the operand channel"}},
      {two_values, {"when.values", "must be exactly one"}},
      {number_channel, {"when.values[0]", "must be a text"}},
      {compare_channel, {"when.op", "is only for number attributes"}},
      {present_with_value, {"when.values", "must be empty for present"}},
      {text_bound, {"when.values[0]", "must be a whole number"}},
      {Predicate::In(Operand::kChannel, {}), {"when.values", "must have 1 to 64 entries"}},
      {Predicate::In(Operand::kChannel, {"chat", "fax"}), {"when.values[1]", "is not a channel of the tenant"}},
      {Predicate::Equals(Operand::kLanguage, "Spanish"),
       {"when.values[0]", "must be a language tag such as es or es-MX"}},
      {Predicate::Equals(Operand::kCountry, "mx"), {"when.values[0]", "must be a country code of two capital letters"}},
      {Predicate::Equals(Operand::kCustomerKind, "vip"),
       {"when.values[0]", "must be anonymous, identified or verified"}},
      {Predicate::Equals(Operand::kDirection, "up"), {"when.values[0]", "must be inbound or outbound"}},
      {Predicate::AttributeEquals("size", int64_t{1}), {"when.attribute", "is not declared as an attribute"}},
      {Predicate::AttributePresent("full_name"),
       {"when.attribute", "is declared personal and may not be used for routing"}},
      {Predicate::AttributeEquals("product", std::string("radio")),
       {"when.values[0]", "must be one of the declared values: phone tv"}},
      {Predicate::AttributeEquals("amount", int64_t{1001}), {"when.values[0]", "must be between 0 and 1000"}},
      {Predicate::AttributeAtLeast("urgent", 1),
       {"when.attribute", "must be a number attribute for at_least and at_most"}},
      {Predicate::All({Predicate::Always(), Predicate::Not(Predicate::AttributeAtMost("product", 1))}),
       {"when.children[1].children[0].attribute", "must be a number attribute for at_least and at_most"}},
  };
  for (const auto& c : cases) EXPECT_THAT(Check(c.predicate), ElementsAre(c.violation));
}

TEST(CheckPredicateTest, LimitsDepthAndSize) {
  Predicate deep = Predicate::Always();
  for (size_t i = 1; i < kMaxPredicateDepth; ++i) deep = Predicate::Not(deep);
  EXPECT_THAT(Check(deep), IsEmpty());
  const auto too_deep = Check(Predicate::Not(deep));
  ASSERT_EQ(too_deep.size(), 1u);
  EXPECT_EQ(too_deep[0].rule, "must not be nested deeper than 8 levels");

  std::vector<Predicate> many(kMaxPredicateNodes - 1, Predicate::Present(Operand::kLanguage));
  EXPECT_THAT(Check(Predicate::All(many)), IsEmpty());
  many.push_back(Predicate::Present(Operand::kLanguage));
  many.push_back(Predicate::Present(Operand::kLanguage));
  EXPECT_THAT(Check(Predicate::All(many)),
              ElementsAre(FieldViolation{"when.children[63]", "must have at most 64 conditions in all"}));
}

}  // namespace
}  // namespace meridian
