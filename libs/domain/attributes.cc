#include "libs/domain/attributes.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace meridian {
namespace {

constexpr bool IsCodeCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// ---- what AttributeSet packs ----
// Lengths are varints: seven bits a byte, the lowest first. Kinds are the indices of AttributeValue; a number takes
// eight bytes, a boolean one, a text its length and bytes.

void PutLength(std::string& packed, size_t length) {
  for (; length >= 0x80; length >>= 7) packed.push_back(static_cast<char>(length | 0x80));
  packed.push_back(static_cast<char>(length));
}

void Put(std::string& packed, const Attribute& attribute) {
  PutLength(packed, attribute.name.value.size());
  packed += attribute.name.value;
  packed.push_back(static_cast<char>(attribute.value.index()));
  if (const auto* number = std::get_if<int64_t>(&attribute.value)) {
    packed.append(reinterpret_cast<const char*>(number), sizeof *number);
  } else if (const auto* boolean = std::get_if<bool>(&attribute.value)) {
    packed.push_back(*boolean ? '\1' : '\0');
  } else {
    const auto& text = std::get<std::string>(attribute.value);
    PutLength(packed, text.size());
    packed += text;
  }
}

std::string_view Take(std::string_view& rest, size_t bytes) {
  const std::string_view taken = rest.substr(0, bytes);
  rest.remove_prefix(bytes);
  return taken;
}

std::string_view TakeText(std::string_view& rest) {
  size_t length = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(Take(rest, 1)[0]);
    length |= static_cast<size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return Take(rest, length);
  }
}

struct Packed {
  std::string_view name;
  AttributeView value;
};

Packed TakeAttribute(std::string_view& rest) {
  Packed taken{TakeText(rest), {}};
  switch (Take(rest, 1)[0]) {
    case 0: {
      int64_t number = 0;
      std::memcpy(&number, Take(rest, sizeof number).data(), sizeof number);
      taken.value = number;
      break;
    }
    case 1:
      taken.value = Take(rest, 1)[0] != '\0';
      break;
    default:
      taken.value = TakeText(rest);
  }
  return taken;
}

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

bool Equals(const AttributeView& view, const AttributeValue& value) {
  return std::visit(
      [&value]<typename T>(const T& seen) {
        using Held = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;
        const Held* held = std::get_if<Held>(&value);
        return held != nullptr && *held == seen;
      },
      view);
}

AttributeSet::AttributeSet(std::vector<Attribute> attributes) {
  std::stable_sort(attributes.begin(), attributes.end(),
                   [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  for (size_t i = 0; i < attributes.size(); ++i) {
    const bool again = i + 1 < attributes.size() && attributes[i].name == attributes[i + 1].name;
    if (!again) Put(packed_, attributes[i]);
  }
  packed_.shrink_to_fit();
}

void AttributeSet::Set(AttributeName name, AttributeValue value) {
  std::vector<Attribute> attributes = items();
  attributes.push_back({std::move(name), std::move(value)});
  *this = AttributeSet(std::move(attributes));
}

std::optional<AttributeView> AttributeSet::Find(std::string_view name) const {
  for (std::string_view rest = packed_; !rest.empty();) {
    const Packed attribute = TakeAttribute(rest);
    if (attribute.name == name) return attribute.value;
  }
  return std::nullopt;
}

std::vector<Attribute> AttributeSet::items() const {
  std::vector<Attribute> items;
  for (std::string_view rest = packed_; !rest.empty();) {
    const Packed attribute = TakeAttribute(rest);
    Attribute& item = items.emplace_back();
    item.name.value = attribute.name;
    std::visit(
        [&item]<typename T>(const T& value) {
          using Held = std::conditional_t<std::is_same_v<T, std::string_view>, std::string, T>;
          item.value = Held(value);
        },
        attribute.value);
  }
  return items;
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
  const std::vector<Attribute> items = attributes.items();
  if (items.size() > kMaxAttributesPerContact) {
    violations.push_back({"attributes", "must have at most " + std::to_string(kMaxAttributesPerContact) +
                                            " entries that are declared for routing"});
    return violations;
  }
  for (const Attribute& attribute : items) {
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
