// Conditions of a plan's rules over what is known of a contact when it is queued. A tree of at most kMaxPredicateNodes
// nodes and kMaxPredicateDepth levels; evaluation allocates nothing and cannot fail: what is absent or of another type
// makes a comparison false. Values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/domain/attributes.h"
#include "libs/domain/contact.h"
#include "libs/domain/country.h"
#include "libs/domain/language.h"
#include "libs/domain/names.h"
#include "libs/error/field_violation.h"

namespace meridian {

inline constexpr size_t kMaxPredicateNodes = 64;
inline constexpr size_t kMaxPredicateDepth = 8;
inline constexpr size_t kMaxPredicateValues = 64;  // of one kIn

// What a condition may read; points into the contact, holds nothing.
struct RoutingFacts {
  const AttributeSet* attributes = nullptr;  // nullptr: none
  std::string_view channel;
  LanguageTag language;
  CountryCode country;
  CustomerKind customer_kind = CustomerKind::kAnonymous;
  Direction direction = Direction::kInbound;
};
RoutingFacts FactsOf(const ContactSpec& contact);  // valid as long as `contact`

enum class Operand : uint8_t {
  kAttribute,     // a declared routing attribute
  kChannel,       // a channel's name
  kLanguage,      // equals "es" holds for every es-*, see MatchesRange
  kCountry,       // "ES"
  kCustomerKind,  // "anonymous", "identified", "verified"
  kDirection,     // "inbound", "outbound"
};
std::string_view ToString(Operand operand);

enum class PredicateOp : uint8_t {
  kAll,      // every child holds; without children: always true
  kAny,      // some child holds; without children: never
  kNot,      // its one child does not hold
  kEquals,   // one value
  kIn,       // one of the values
  kAtLeast,  // one number; number attributes only
  kAtMost,   // one number; number attributes only
  kPresent,  // the contact has it
};
std::string_view ToString(PredicateOp op);

struct Predicate {
  PredicateOp op = PredicateOp::kAll;  // by default: always true
  Operand operand = Operand::kAttribute;
  AttributeName attribute;             // for Operand::kAttribute
  std::vector<AttributeValue> values;  // strings for every operand but an attribute
  std::vector<Predicate> children;

  static Predicate Always() { return {}; }
  static Predicate All(std::vector<Predicate> children);
  static Predicate Any(std::vector<Predicate> children);
  static Predicate Not(Predicate child);
  static Predicate Equals(Operand operand, std::string value);
  static Predicate In(Operand operand, std::vector<std::string> values);
  static Predicate Present(Operand operand);
  static Predicate AttributeEquals(std::string attribute, AttributeValue value);
  static Predicate AttributeIn(std::string attribute, std::vector<AttributeValue> values);
  static Predicate AttributeAtLeast(std::string attribute, int64_t number);
  static Predicate AttributeAtMost(std::string attribute, int64_t number);
  static Predicate AttributePresent(std::string attribute);

  friend bool operator==(const Predicate&, const Predicate&) = default;
};

bool Evaluate(const Predicate& predicate, const RoutingFacts& facts);

// Shape, limits and types against what is declared; fields begin with `field`, as "when.children[1].values[0]".
std::vector<FieldViolation> CheckPredicate(const Predicate& predicate, std::string_view field,
                                           std::span<const AttributeDeclaration> attributes,
                                           std::span<const ChannelId> channels);

}  // namespace meridian
