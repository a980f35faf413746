#include "libs/domain/predicate.h"

#include <algorithm>

namespace meridian {
namespace {

// The contact's string for an operand other than attribute and language; empty when it is not known.
std::string_view TextOf(Operand operand, const RoutingFacts& facts) {
  switch (operand) {
    case Operand::kChannel:
      return facts.channel;
    case Operand::kCountry:
      return facts.country.view();
    case Operand::kCustomerKind:
      return ToString(facts.customer_kind);
    case Operand::kDirection:
      return ToString(facts.direction);
    case Operand::kAttribute:
    case Operand::kLanguage:
      break;
  }
  return {};
}

std::optional<AttributeView> AttributeOf(const Predicate& predicate, const RoutingFacts& facts) {
  return facts.attributes == nullptr ? std::nullopt : facts.attributes->Find(predicate.attribute.value);
}

bool EqualsValue(const Predicate& predicate, const AttributeValue& wanted, const RoutingFacts& facts) {
  if (predicate.operand == Operand::kAttribute) {
    const std::optional<AttributeView> value = AttributeOf(predicate, facts);
    return value && Equals(*value, wanted);
  }
  const std::string* text = std::get_if<std::string>(&wanted);
  if (text == nullptr) return false;
  if (predicate.operand == Operand::kLanguage) {
    const auto range = LanguageTag::Parse(*text);
    return range && MatchesRange(*range, facts.language);
  }
  const std::string_view actual = TextOf(predicate.operand, facts);
  return !actual.empty() && actual == *text;
}

bool EqualsSome(const Predicate& predicate, const RoutingFacts& facts) {
  return std::any_of(predicate.values.begin(), predicate.values.end(),
                     [&](const AttributeValue& wanted) { return EqualsValue(predicate, wanted, facts); });
}

// Compares the contact's number with the predicate's; false when either is missing or not a number.
template <typename Compare>
bool CompareNumber(const Predicate& predicate, const RoutingFacts& facts, Compare compare) {
  if (predicate.operand != Operand::kAttribute || predicate.values.size() != 1) return false;
  const std::optional<AttributeView> value = AttributeOf(predicate, facts);
  const int64_t* actual = value ? std::get_if<int64_t>(&*value) : nullptr;
  const int64_t* bound = std::get_if<int64_t>(&predicate.values[0]);
  return actual != nullptr && bound != nullptr && compare(*actual, *bound);
}

bool IsPresent(const Predicate& predicate, const RoutingFacts& facts) {
  switch (predicate.operand) {
    case Operand::kAttribute:
      return AttributeOf(predicate, facts).has_value();
    case Operand::kLanguage:
      return !facts.language.empty();
    default:
      return !TextOf(predicate.operand, facts).empty();
  }
}

Predicate Leaf(PredicateOp op, Operand operand, std::string attribute, std::vector<AttributeValue> values) {
  Predicate leaf;
  leaf.op = op;
  leaf.operand = operand;
  leaf.attribute.value = std::move(attribute);
  leaf.values = std::move(values);
  return leaf;
}

Predicate Branch(PredicateOp op, std::vector<Predicate> children) {
  Predicate branch;
  branch.op = op;
  branch.children = std::move(children);
  return branch;
}

}  // namespace

RoutingFacts FactsOf(const ContactSpec& contact) {
  return {.attributes = &contact.attributes,
          .channel = contact.channel.value,
          .language = contact.language,
          .country = contact.country,
          .customer_kind = contact.customer_kind,
          .direction = contact.direction};
}

std::string_view ToString(Operand operand) {
  switch (operand) {
    case Operand::kAttribute:
      return "attribute";
    case Operand::kChannel:
      return "channel";
    case Operand::kLanguage:
      return "language";
    case Operand::kCountry:
      return "country";
    case Operand::kCustomerKind:
      return "customer_kind";
    case Operand::kDirection:
      return "direction";
  }
  return "unknown";
}

std::string_view ToString(PredicateOp op) {
  switch (op) {
    case PredicateOp::kAll:
      return "all";
    case PredicateOp::kAny:
      return "any";
    case PredicateOp::kNot:
      return "not";
    case PredicateOp::kEquals:
      return "equals";
    case PredicateOp::kIn:
      return "in";
    case PredicateOp::kAtLeast:
      return "at_least";
    case PredicateOp::kAtMost:
      return "at_most";
    case PredicateOp::kPresent:
      return "present";
  }
  return "unknown";
}

Predicate Predicate::All(std::vector<Predicate> children) { return Branch(PredicateOp::kAll, std::move(children)); }
Predicate Predicate::Any(std::vector<Predicate> children) { return Branch(PredicateOp::kAny, std::move(children)); }
Predicate Predicate::Not(Predicate child) {
  std::vector<Predicate> children;
  children.push_back(std::move(child));
  return Branch(PredicateOp::kNot, std::move(children));
}
Predicate Predicate::Equals(Operand operand, std::string value) {
  return Leaf(PredicateOp::kEquals, operand, "", {std::move(value)});
}
Predicate Predicate::In(Operand operand, std::vector<std::string> values) {
  return Leaf(PredicateOp::kIn, operand, "", {values.begin(), values.end()});
}
Predicate Predicate::Present(Operand operand) { return Leaf(PredicateOp::kPresent, operand, "", {}); }
Predicate Predicate::AttributeEquals(std::string attribute, AttributeValue value) {
  return Leaf(PredicateOp::kEquals, Operand::kAttribute, std::move(attribute), {std::move(value)});
}
Predicate Predicate::AttributeIn(std::string attribute, std::vector<AttributeValue> values) {
  return Leaf(PredicateOp::kIn, Operand::kAttribute, std::move(attribute), std::move(values));
}
Predicate Predicate::AttributeAtLeast(std::string attribute, int64_t number) {
  return Leaf(PredicateOp::kAtLeast, Operand::kAttribute, std::move(attribute), {number});
}
Predicate Predicate::AttributeAtMost(std::string attribute, int64_t number) {
  return Leaf(PredicateOp::kAtMost, Operand::kAttribute, std::move(attribute), {number});
}
Predicate Predicate::AttributePresent(std::string attribute) {
  return Leaf(PredicateOp::kPresent, Operand::kAttribute, std::move(attribute), {});
}

bool Evaluate(const Predicate& predicate, const RoutingFacts& facts) {
  const auto holds = [&](const Predicate& child) { return Evaluate(child, facts); };
  const auto& children = predicate.children;
  switch (predicate.op) {
    case PredicateOp::kAll:
      return std::all_of(children.begin(), children.end(), holds);
    case PredicateOp::kAny:
      return std::any_of(children.begin(), children.end(), holds);
    case PredicateOp::kNot:
      return children.size() == 1 && !holds(children[0]);
    case PredicateOp::kEquals:
      return predicate.values.size() == 1 && EqualsSome(predicate, facts);
    case PredicateOp::kIn:
      return EqualsSome(predicate, facts);
    case PredicateOp::kAtLeast:
      return CompareNumber(predicate, facts, [](int64_t actual, int64_t bound) { return actual >= bound; });
    case PredicateOp::kAtMost:
      return CompareNumber(predicate, facts, [](int64_t actual, int64_t bound) { return actual <= bound; });
    case PredicateOp::kPresent:
      return IsPresent(predicate, facts);
  }
  return false;
}

}  // namespace meridian
