#include "libs/domain/country.h"

namespace meridian {

std::optional<CountryCode> CountryCode::Parse(std::string_view text) {
  CountryCode code;
  if (text.size() != code.letters_.size()) return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    const char upper = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
    if (upper < 'A' || upper > 'Z') return std::nullopt;
    code.letters_[i] = upper;
  }
  return code;
}

}  // namespace meridian
