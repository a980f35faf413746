// A contact's attributes: declared in the tenant's configuration, either `routing` (plans may read them; kept in
// routing records and events) or `personal` (sealed in the session, never here). Values and pure functions, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/domain/names.h"
#include "libs/error/field_violation.h"

namespace meridian {

inline constexpr size_t kMaxAttributesPerContact = 16;
inline constexpr size_t kMaxAttributeDeclarations = 64;
inline constexpr size_t kMaxEnumValues = 64;
inline constexpr size_t kMaxCodeLength = 32;  // bytes, also of an enum's value

enum class AttributeType : uint8_t {
  kEnum,     // one of the declared values
  kNumber,   // int64 within the declared range
  kBoolean,  //
  kCode,     // 1 to kMaxCodeLength characters of [A-Za-z0-9_.-]
};
std::string_view ToString(AttributeType type);

enum class AttributeUse : uint8_t { kRouting, kPersonal };
std::string_view ToString(AttributeUse use);

struct AttributeDeclaration {
  AttributeName name;
  AttributeUse use = AttributeUse::kRouting;
  AttributeType type = AttributeType::kCode;          // not read when personal
  std::vector<std::string> values;                    // enum: what is allowed, each in the form of a code
  int64_t min = std::numeric_limits<int64_t>::min();  // number
  int64_t max = std::numeric_limits<int64_t>::max();  // number

  friend bool operator==(const AttributeDeclaration&, const AttributeDeclaration&) = default;
};

// An enum's value and a code are both strings.
using AttributeValue = std::variant<int64_t, bool, std::string>;

struct Attribute {
  AttributeName name;
  AttributeValue value;

  friend auto operator<=>(const Attribute&, const Attribute&) = default;
};

// A value as it is found in a set; a text is valid until the set changes or moves.
using AttributeView = std::variant<int64_t, bool, std::string_view>;
bool Equals(const AttributeView& view, const AttributeValue& value);

// Routing attributes sorted by name, one value each. Packed into one string, because every waiting contact has a set:
// a short one takes no memory beside the object.
class AttributeSet {
 public:
  AttributeSet() = default;
  explicit AttributeSet(std::vector<Attribute> attributes);  // sorts; of two with one name the later wins

  void Set(AttributeName name, AttributeValue value);
  std::optional<AttributeView> Find(std::string_view name) const;  // nullopt when absent; allocates nothing
  std::vector<Attribute> items() const;
  bool empty() const { return packed_.empty(); }
  friend bool operator==(const AttributeSet&, const AttributeSet&) = default;

 private:
  std::string packed_;  // per attribute: length of the name, name, kind, value; see attributes.cc
};

bool IsValidCode(std::string_view text);

// The rule that `value` breaks as a value of `declaration` for routing, without a field name; nullopt when it is fine.
// A personal declaration is always refused.
std::optional<std::string> BrokenRule(const AttributeDeclaration& declaration, const AttributeValue& value);

// Checks each attribute and their number; fields are named "attributes.<name>". `declarations` in any order.
std::vector<FieldViolation> CheckAttributes(std::span<const AttributeDeclaration> declarations,
                                            const AttributeSet& attributes);

}  // namespace meridian
