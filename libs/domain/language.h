// Languages of customers and agents: a subset of BCP 47 tags, levels, and the rule who serves whom. Values and pure
// functions, any thread.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace meridian {

// language[-Script][-REGION]: 2 or 3 letters, 4 letters, 2 letters or 3 digits; held as "es", "Latn", "MX" whatever
// the case of the source. Ten bytes, no allocation. A default value is empty: "no language is known".
class LanguageTag {
 public:
  LanguageTag() = default;
  // nullopt for anything outside the subset (variants, extensions, private use, '_' as separator). "und" gives the
  // empty tag, so that "no language is known" has one form.
  static std::optional<LanguageTag> Parse(std::string_view text);

  bool empty() const { return language_[0] == '\0'; }
  std::string_view language() const { return View(language_); }
  std::string_view script() const { return View(script_); }  // empty when not stated
  std::string_view region() const { return View(region_); }  // empty when not stated
  std::string ToString() const;                              // "und" for the empty tag

  friend auto operator<=>(const LanguageTag&, const LanguageTag&) = default;

 private:
  template <size_t N>
  static std::string_view View(const std::array<char, N>& part) {
    size_t length = 0;
    while (length < N && part[length] != '\0') ++length;
    return {part.data(), length};
  }

  std::array<char, 3> language_{};
  std::array<char, 4> script_{};
  std::array<char, 3> region_{};
};
static_assert(sizeof(LanguageTag) <= 16);

// How well an agent speaks a language.
enum class LanguageLevel : uint8_t { kWorking = 1, kFluent = 2, kNative = 3 };
std::string_view ToString(LanguageLevel level);
std::optional<LanguageLevel> ParseLanguageLevel(std::string_view text);

struct SpokenLanguage {
  LanguageTag tag;
  LanguageLevel level = LanguageLevel::kWorking;

  friend auto operator<=>(const SpokenLanguage&, const SpokenLanguage&) = default;
};

// The level at which someone who speaks `spoken` serves a customer who wants `wanted`, or nullopt: not at all. In the
// manner of RFC 4647 lookup the most specific entry that serves decides:
//   - the languages must be the same; scripts or regions that only one side states do not matter ("es" serves every
//     "es-*", and "es-ES" serves a customer of whom only "es" is known, both at full level);
//   - both state a script and they differ: not served ("zh-Hans" does not serve "zh-Hant");
//   - both state a region and they differ: one level less ("es-ES" native serves "es-MX" as fluent), and a working
//     level is then not enough. Such an entry counts only when no entry serves at full level.
// An empty `wanted` makes no demand: everybody serves it at working level.
std::optional<LanguageLevel> ServedLevel(std::span<const SpokenLanguage> spoken, const LanguageTag& wanted);

// True when `range` is `tag` or a prefix of it by subtags: "es" matches "es-MX", "es-MX" does not match "es". An empty
// range matches only the empty tag. (RFC 4647 basic filtering, also across an unstated script.)
bool MatchesRange(const LanguageTag& range, const LanguageTag& tag);

}  // namespace meridian
