#include "libs/domain/attributes.h"

#include <algorithm>

namespace meridian {
namespace {

constexpr bool IsCodeCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

bool NameLess(const Attribute& attribute, std::string_view name) { return attribute.name.value < name; }

std::string EnumRule(const AttributeDeclaration& declaration) {
  std::string rule = "must be one of the declared values:";
  for (const std::string& value : declaration.values) rule.append(" ").append(value);
  return rule;
}

}  // namespace

std::string_view ToString(AttributeType type) {
  switch (type) {
    case AttributeType::kEnum:
      return "enum";
    case AttributeType::kNumber:
      return "number";
    case AttributeType::kBoolean:
      return "boolean";
    case AttributeType::kCode:
      return "code";
  }
  return "unknown";
}

std::string_view ToString(AttributeUse use) {
  switch (use) {
    case AttributeUse::kRouting:
      return "routing";
    case AttributeUse::kPersonal:
      return "personal";
  }
  return "unknown";
}

AttributeSet::AttributeSet(std::vector<Attribute> attributes) {
  items_.reserve(attributes.size());
  for (Attribute& attribute : attributes) Set(std::move(attribute.name), std::move(attribute.value));
}

void AttributeSet::Set(AttributeName name, AttributeValue value) {
  const auto at = std::lower_bound(items_.begin(), items_.end(), std::string_view(name.value), NameLess);
  if (at != items_.end() && at->name == name) {
    at->value = std::move(value);
  } else {
    items_.insert(at, Attribute{std::move(name), std::move(value)});
  }
}

const AttributeValue* AttributeSet::Find(std::string_view name) const {
  const auto at = std::lower_bound(items_.begin(), items_.end(), name, NameLess);
  return at != items_.end() && at->name.value == name ? &at->value : nullptr;
}

bool IsValidCode(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCodeLength && std::all_of(text.begin(), text.end(), IsCodeCharacter);
}

std::optional<std::string> BrokenRule(const AttributeDeclaration& declaration, const AttributeValue& value) {
  if (declaration.use == AttributeUse::kPersonal) return "is declared personal and may not be used for routing";
  switch (declaration.type) {
    case AttributeType::kEnum: {
      const std::string* text = std::get_if<std::string>(&value);
      const auto& values = declaration.values;
      if (text != nullptr && std::find(values.begin(), values.end(), *text) != values.end()) return std::nullopt;
      return EnumRule(declaration);
    }
    case AttributeType::kNumber: {
      const int64_t* number = std::get_if<int64_t>(&value);
      if (number == nullptr) return "must be a whole number";
      if (declaration.min <= *number && *number <= declaration.max) return std::nullopt;
      return "must be between " + std::to_string(declaration.min) + " and " + std::to_string(declaration.max);
    }
    case AttributeType::kBoolean:
      if (std::holds_alternative<bool>(value)) return std::nullopt;
      return "must be true or false";
    case AttributeType::kCode: {
      const std::string* text = std::get_if<std::string>(&value);
      if (text != nullptr && IsValidCode(*text)) return std::nullopt;
      return "must be a code: 1 to " + std::to_string(kMaxCodeLength) + " characters of A-Z, a-z, 0-9, '_', '.', '-'";
    }
  }
  return "has an unknown type";
}

std::vector<FieldViolation> CheckAttributes(std::span<const AttributeDeclaration> declarations,
                                            const AttributeSet& attributes) {
  std::vector<FieldViolation> violations;
  if (attributes.items().size() > kMaxAttributesPerContact) {
    violations.push_back({"attributes", "must have at most " + std::to_string(kMaxAttributesPerContact) +
                                            " entries that are declared for routing"});
    return violations;
  }
  for (const Attribute& attribute : attributes.items()) {
    const auto declared = std::find_if(declarations.begin(), declarations.end(),
                                       [&](const AttributeDeclaration& d) { return d.name == attribute.name; });
    const std::optional<std::string> rule = declared == declarations.end()
                                                ? std::optional<std::string>("is not declared as an attribute")
                                                : BrokenRule(*declared, attribute.value);
    if (rule) violations.push_back({"attributes." + attribute.name.value, *rule});
  }
  return violations;
}

}  // namespace meridian
