// A country as its two-letter ISO 3166-1 code. A value of two bytes, any thread.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string_view>

namespace meridian {

class CountryCode {
 public:
  CountryCode() = default;  // empty: not known
  // Two letters in either case; nullopt for anything else. Whether the code is assigned is not checked.
  static std::optional<CountryCode> Parse(std::string_view text);

  bool empty() const { return letters_[0] == '\0'; }
  std::string_view view() const { return {letters_.data(), empty() ? size_t{0} : letters_.size()}; }
  friend auto operator<=>(const CountryCode&, const CountryCode&) = default;

 private:
  std::array<char, 2> letters_{};
};

}  // namespace meridian
