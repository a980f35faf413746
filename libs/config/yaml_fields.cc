#include "libs/config/yaml_fields.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace meridian {
namespace {

namespace pb = google::protobuf;

struct Unit {
  std::string_view name;
  int64_t milliseconds;
};
constexpr std::array<Unit, 4> kUnits = {{{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr int64_t kMaxMilliseconds = int64_t{10} * 365 * 24 * 3600 * 1000;

// LanguagePolicy → LANGUAGE_POLICY_
std::string EnumPrefix(const pb::EnumDescriptor& type) {
  std::string prefix;
  for (char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + "_";
}

}  // namespace

std::string ShortEnumName(const pb::EnumValueDescriptor& value) {
  std::string name = value.name().substr(EnumPrefix(*value.type()).size());
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return name;
}

std::vector<std::string> ShortEnumNames(const pb::EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(ShortEnumName(*type.value(i)));
  }
  return names;
}

const pb::EnumValueDescriptor* FindByShortName(const pb::EnumDescriptor& type, std::string_view name) {
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0 && ShortEnumName(*type.value(i)) == name) return type.value(i);
  }
  return nullptr;
}

bool IsDuration(const pb::FieldDescriptor& field) {
  return field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE && field.message_type() == pb::Duration::descriptor();
}

std::optional<pb::Duration> ParseYamlDuration(std::string_view text) {
  int64_t total = 0;
  size_t next_unit = 0;
  size_t at = 0;
  if (text == "0") text = "0s";
  if (text.empty()) return std::nullopt;
  while (at < text.size()) {
    int64_t number = 0;
    size_t digits = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      number = number * 10 + (text[at++] - '0');
      if (number > kMaxMilliseconds) return std::nullopt;
    }
    if (at == digits) return std::nullopt;
    size_t letters = at;
    while (at < text.size() && (text[at] < '0' || text[at] > '9')) ++at;
    std::string_view unit = text.substr(letters, at - letters);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != unit) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    if (number > kMaxMilliseconds / kUnits[next_unit].milliseconds) return std::nullopt;
    total += number * kUnits[next_unit++].milliseconds;
  }
  if (total > kMaxMilliseconds) return std::nullopt;
  pb::Duration duration;
  duration.set_seconds(total / 1000);
  duration.set_nanos(static_cast<int32_t>(total % 1000 * 1000000));
  return duration;
}

std::string FormatYamlDuration(const pb::Duration& duration) {
  int64_t rest = duration.seconds() * 1000 + duration.nanos() / 1000000;
  std::string text;
  for (const Unit& unit : kUnits) {
    if (rest < unit.milliseconds) continue;
    text += std::to_string(rest / unit.milliseconds);
    text += unit.name;
    rest %= unit.milliseconds;
  }
  return text.empty() ? "0s" : text;
}

bool IsOutputOnly(const pb::FieldDescriptor& field) {
  return field.full_name() == "meridian.admin.v1.TenantConfig.revision";
}

}  // namespace meridian
