#include "libs/app/option_values.h"

#include <charconv>
#include <iterator>
#include <limits>

namespace meridian {
namespace {

struct Unit {
  std::string_view suffix;
  int64_t ns;
};

// A longer suffix stands before the one that it ends in.
constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1000},       {"ms", 1000000},
                           {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};

template <typename T>
std::optional<T> ParseWhole(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Duration> ParseDuration(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const auto count = ParseInteger(text.substr(0, text.size() - unit.suffix.size()));
    if (!count || *count < 0 || *count > std::numeric_limits<int64_t>::max() / unit.ns) return std::nullopt;
    return Duration{*count * unit.ns};
  }
  return std::nullopt;
}

std::string FormatDuration(Duration duration) {
  for (size_t i = std::size(kUnits); i-- > 0;) {
    if (duration.ns % kUnits[i].ns == 0)
      return std::to_string(duration.ns / kUnits[i].ns) + std::string(kUnits[i].suffix);
  }
  return std::to_string(duration.ns) + "ns";
}

std::optional<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::optional<int64_t> ParseInteger(std::string_view text) { return ParseWhole<int64_t>(text); }

std::optional<uint64_t> ParseUnsigned(std::string_view text) { return ParseWhole<uint64_t>(text); }

}  // namespace meridian
