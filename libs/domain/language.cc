#include "libs/domain/language.h"

namespace meridian {
namespace {

// Not <cctype>: those read the process's locale.
constexpr bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char Upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool AllLetters(std::string_view text) {
  for (char c : text) {
    if (!IsLetter(c)) return false;
  }
  return true;
}

bool AllDigits(std::string_view text) {
  for (char c : text) {
    if (!IsDigit(c)) return false;
  }
  return true;
}

bool IsLanguage(std::string_view part) { return (part.size() == 2 || part.size() == 3) && AllLetters(part); }
bool IsScript(std::string_view part) { return part.size() == 4 && AllLetters(part); }
bool IsRegion(std::string_view part) {
  return (part.size() == 2 && AllLetters(part)) || (part.size() == 3 && AllDigits(part));
}

// Takes the text up to the next '-' from `rest`. A trailing '-' leaves a part behind that is empty and so never valid.
std::string_view TakePart(std::optional<std::string_view>& rest) {
  const size_t end = rest->find('-');
  std::string_view part = rest->substr(0, end);
  if (end == std::string_view::npos) {
    rest.reset();
  } else {
    rest = rest->substr(end + 1);
  }
  return part;
}

// How an entry relates to what is wanted; a higher rank decides before a lower one.
enum : int { kNotServed = -1, kOtherRegion = 0, kFullLevel = 1 };

// kFullLevel plus the number of further subtags that both state.
int Rank(const LanguageTag& spoken, const LanguageTag& wanted) {
  if (spoken.empty() || spoken.language() != wanted.language()) return kNotServed;
  const bool both_scripts = !spoken.script().empty() && !wanted.script().empty();
  if (both_scripts && spoken.script() != wanted.script()) return kNotServed;
  const bool both_regions = !spoken.region().empty() && !wanted.region().empty();
  if (both_regions && spoken.region() != wanted.region()) return kOtherRegion;
  return kFullLevel + (both_scripts ? 1 : 0) + (both_regions ? 1 : 0);
}

std::optional<LanguageLevel> OneLess(LanguageLevel level) {
  if (level == LanguageLevel::kWorking) return std::nullopt;
  return static_cast<LanguageLevel>(static_cast<uint8_t>(level) - 1);
}

}  // namespace

std::optional<LanguageTag> LanguageTag::Parse(std::string_view text) {
  std::optional<std::string_view> rest = text;
  LanguageTag tag;
  std::string_view part = TakePart(rest);
  if (!IsLanguage(part)) return std::nullopt;
  for (size_t i = 0; i < part.size(); ++i) tag.language_[i] = Lower(part[i]);
  const bool undetermined = tag.language() == "und";
  if (!rest) return undetermined ? LanguageTag() : tag;
  if (undetermined) return std::nullopt;

  part = TakePart(rest);
  if (IsScript(part)) {
    for (size_t i = 0; i < part.size(); ++i) tag.script_[i] = i == 0 ? Upper(part[i]) : Lower(part[i]);
    if (!rest) return tag;
    part = TakePart(rest);
  }
  if (!IsRegion(part) || rest) return std::nullopt;
  for (size_t i = 0; i < part.size(); ++i) tag.region_[i] = Upper(part[i]);
  return tag;
}

std::string LanguageTag::ToString() const {
  if (empty()) return "und";
  std::string text(language());
  for (std::string_view part : {script(), region()}) {
    if (!part.empty()) text.append("-").append(part);
  }
  return text;
}

std::string_view ToString(LanguageLevel level) {
  switch (level) {
    case LanguageLevel::kWorking:
      return "working";
    case LanguageLevel::kFluent:
      return "fluent";
    case LanguageLevel::kNative:
      return "native";
  }
  return "unknown";
}

std::optional<LanguageLevel> ParseLanguageLevel(std::string_view text) {
  for (auto level : {LanguageLevel::kWorking, LanguageLevel::kFluent, LanguageLevel::kNative}) {
    if (text == ToString(level)) return level;
  }
  return std::nullopt;
}

std::optional<LanguageLevel> ServedLevel(std::span<const SpokenLanguage> spoken, const LanguageTag& wanted) {
  if (wanted.empty()) return LanguageLevel::kWorking;
  int best_rank = kNotServed;
  std::optional<LanguageLevel> best;
  for (const SpokenLanguage& entry : spoken) {
    const int rank = Rank(entry.tag, wanted);
    if (rank == kNotServed || rank < best_rank) continue;
    const auto level = rank == kOtherRegion ? OneLess(entry.level) : std::optional(entry.level);
    if (rank > best_rank || level > best) best = level;
    best_rank = rank;
  }
  return best;
}

bool MatchesRange(const LanguageTag& range, const LanguageTag& tag) {
  if (range.language() != tag.language()) return false;
  if (!range.script().empty() && range.script() != tag.script()) return false;
  return range.region().empty() || range.region() == tag.region();
}

}  // namespace meridian
