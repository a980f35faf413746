#include "libs/understanding/language_detector.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>

#include <algorithm>

#include "libs/domain/contact.h"

namespace meridian {
namespace {

constexpr size_t kMaxBytes = 4096;  // more does not change the answer

// Not more than kMaxBytes, not cut inside a character.
std::string_view FirstBytes(std::string_view text) {
  if (text.size() <= kMaxBytes) return text;
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace

LanguageGuess DetectLanguage(std::string_view text) {
  text = FirstBytes(text);
  bool reliable = false;
  int text_bytes = 0;
  int valid_prefix = 0;
  CLD2::Language languages[3];
  int percents[3];
  double scores[3];
  CLD2::CLDHints hints = {nullptr, "", CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
  CLD2::ExtDetectLanguageSummaryCheckUTF8(text.data(), static_cast<int>(text.size()), true, &hints,
                                          CLD2::kCLDFlagBestEffort, languages, percents, scores, nullptr, &text_bytes,
                                          &reliable, &valid_prefix);
  if (valid_prefix < static_cast<int>(text.size()) || languages[0] == CLD2::UNKNOWN_LANGUAGE) return {};
  auto tag = LanguageTag::Parse(CLD2::LanguageCode(languages[0]));
  if (!tag) return {};
  return {*tag, reliable ? std::clamp(percents[0], 0, 100) * 10 : 0};
}

LanguageGuess JudgeLanguage(std::string_view declared_locale, std::string_view text) {
  if (auto declared = LanguageTag::Parse(declared_locale); declared && !declared->empty()) {
    return {*declared, kFullConfidence};
  }
  return DetectLanguage(text);
}

}  // namespace meridian
