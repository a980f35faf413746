#include "services/replicator/position_token.h"

#include <charconv>

namespace meridian {

std::string FormatPosition(LogPosition position) {
  return std::to_string(position.term) + "." + std::to_string(position.number);
}

std::optional<LogPosition> ParsePosition(std::string_view text) {
  LogPosition position;
  const char* const end = text.data() + text.size();
  auto [dot, term_error] = std::from_chars(text.data(), end, position.term);
  if (term_error != std::errc() || dot == end || *dot != '.') return std::nullopt;
  auto [rest, number_error] = std::from_chars(dot + 1, end, position.number);
  if (number_error != std::errc() || rest != end || FormatPosition(position) != text) return std::nullopt;
  return position;
}

}  // namespace meridian
