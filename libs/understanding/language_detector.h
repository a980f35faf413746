// Which language a text is written in, by CLD2. Any thread; costs some microseconds a text.
#pragma once

#include <string>
#include <string_view>

#include "libs/domain/language.h"

namespace meridian {

struct LanguageGuess {
  LanguageTag language;         // empty: cannot tell
  int confidence_permille = 0;  // share of the text that is of this language, 0 when CLD2 calls its answer unreliable
};

// `text` is UTF-8; invalid bytes make the answer empty.
LanguageGuess DetectLanguage(std::string_view text);

// The rule by which a contact is routed: a declared locale wins with full confidence; else the detected language.
LanguageGuess JudgeLanguage(std::string_view declared_locale, std::string_view text);

}  // namespace meridian
