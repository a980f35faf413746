#include "libs/domain/language.h"

#include <gtest/gtest.h>

#include <vector>

namespace meridian {
namespace {

constexpr auto kWorking = LanguageLevel::kWorking;
constexpr auto kFluent = LanguageLevel::kFluent;
constexpr auto kNative = LanguageLevel::kNative;

LanguageTag Tag(std::string_view text) { return LanguageTag::Parse(text).value(); }

TEST(LanguageTagTest, NormalisesCase) {
  const std::pair<const char*, const char*> cases[] = {
      {"es", "es"},
      {"ES", "es"},
      {"es-mx", "es-MX"},
      {"zh-hant-tw", "zh-Hant-TW"},
      {"ZH-HANS", "zh-Hans"},
      {"es-419", "es-419"},
      {"fil-latn-ph", "fil-Latn-PH"},
      {"und", "und"},
  };
  for (const auto& [text, normal] : cases) {
    const auto tag = LanguageTag::Parse(text);
    ASSERT_TRUE(tag.has_value()) << text;
    EXPECT_EQ(tag->ToString(), normal);
  }
}

TEST(LanguageTagTest, RefusesWhatIsNotInTheSubset) {
  for (const char* text :
       {"",          "e",     "engl",    "es_MX",        "es-",        "-es",          "es--MX",  "es-M",
        "es-MEX",    "es-41", "es-4190", "zh-Han",       "zh-TW-Hant", "zh-Hant-TW-x", "de-1996", "en-a-b",
        "x-klingon", "e1",    "es-M1",   "zh-Hant-Hans", "und-ES",     "es ",          "ñu",      "es-MX-"}) {
    EXPECT_FALSE(LanguageTag::Parse(text).has_value()) << text;
  }
}

TEST(LanguageTagTest, UndeterminedIsTheEmptyTag) {
  EXPECT_TRUE(Tag("und").empty());
  EXPECT_EQ(Tag("und"), LanguageTag());
  EXPECT_FALSE(Tag("es").empty());
}

TEST(LanguageTagTest, KeepsItsParts) {
  const LanguageTag tag = Tag("zh-hant-tw");
  EXPECT_EQ(tag.language(), "zh");
  EXPECT_EQ(tag.script(), "Hant");
  EXPECT_EQ(tag.region(), "TW");
  EXPECT_EQ(Tag("fil").language(), "fil");
  EXPECT_EQ(Tag("es-419").region(), "419");
  EXPECT_EQ(Tag("es").script(), "");
}

struct ServedCase {
  std::vector<SpokenLanguage> spoken;
  const char* wanted;
  std::optional<LanguageLevel> served;
};

TEST(ServedLevelTest, MostSpecificEntryThatServesDecides) {
  const ServedCase cases[] = {
      // Plain serves every variant and is served by every variant.
      {{{Tag("es"), kFluent}}, "es-MX", kFluent},
      {{{Tag("es-ES"), kWorking}}, "es", kWorking},
      {{{Tag("es-ES"), kNative}}, "es-ES", kNative},
      // Another region is one level less, and working is not enough.
      {{{Tag("es-ES"), kNative}}, "es-MX", kFluent},
      {{{Tag("es-ES"), kFluent}}, "es-MX", kWorking},
      {{{Tag("es-ES"), kWorking}}, "es-MX", std::nullopt},
      // Of several entries the most specific that serves; other regions only when none does at full level.
      {{{Tag("es"), kNative}, {Tag("es-MX"), kWorking}}, "es-MX", kWorking},
      {{{Tag("es-MX"), kWorking}, {Tag("es"), kNative}}, "es-MX", kWorking},
      {{{Tag("es-ES"), kNative}, {Tag("es"), kWorking}}, "es-MX", kWorking},
      {{{Tag("es-AR"), kWorking}, {Tag("es-ES"), kNative}}, "es-MX", kFluent},
      {{{Tag("es-ES"), kNative}, {Tag("es-AR"), kWorking}}, "es-MX", kFluent},
      {{{Tag("es-ES"), kWorking}, {Tag("es-MX"), kNative}}, "es", kNative},
      // Scripts.
      {{{Tag("zh-Hans"), kNative}}, "zh-Hant", std::nullopt},
      {{{Tag("zh-Hans-CN"), kNative}}, "zh-Hant-CN", std::nullopt},
      {{{Tag("zh-Hant"), kNative}}, "zh-Hant-TW", kNative},
      {{{Tag("zh"), kNative}}, "zh-Hant-TW", kNative},
      {{{Tag("zh-TW"), kNative}}, "zh-Hant-TW", kNative},
      {{{Tag("zh-Hant-HK"), kNative}}, "zh-Hant-TW", kFluent},
      {{{Tag("zh-Hant"), kWorking}, {Tag("zh"), kNative}}, "zh-Hant-TW", kWorking},
      // Other languages, no languages, no demand.
      {{{Tag("en"), kNative}}, "es", std::nullopt},
      {{{Tag("pt-BR"), kNative}}, "es-BR", std::nullopt},
      {{}, "es", std::nullopt},
      {{}, "und", kWorking},
      {{{Tag("en"), kNative}}, "und", kWorking},
      {{{LanguageTag(), kNative}}, "es", std::nullopt},
  };
  for (const ServedCase& c : cases) {
    std::string spoken;
    for (const SpokenLanguage& language : c.spoken) spoken += language.tag.ToString() + " ";
    EXPECT_EQ(ServedLevel(c.spoken, Tag(c.wanted)), c.served) << spoken << "for " << c.wanted;
  }
}

TEST(MatchesRangeTest, PrefixesMatch) {
  EXPECT_TRUE(MatchesRange(Tag("es"), Tag("es-MX")));
  EXPECT_TRUE(MatchesRange(Tag("es-MX"), Tag("es-MX")));
  EXPECT_TRUE(MatchesRange(Tag("zh-Hant"), Tag("zh-Hant-TW")));
  EXPECT_TRUE(MatchesRange(Tag("zh-TW"), Tag("zh-Hant-TW")));
  EXPECT_FALSE(MatchesRange(Tag("es-MX"), Tag("es")));
  EXPECT_FALSE(MatchesRange(Tag("es-MX"), Tag("es-ES")));
  EXPECT_FALSE(MatchesRange(Tag("zh-Hant"), Tag("zh-Hans")));
  EXPECT_FALSE(MatchesRange(Tag("es"), Tag("und")));
  EXPECT_TRUE(MatchesRange(Tag("und"), Tag("und")));
  EXPECT_FALSE(MatchesRange(Tag("und"), Tag("es")));
}

TEST(LanguageLevelTest, NamesRoundTrip) {
  for (auto level : {kWorking, kFluent, kNative}) EXPECT_EQ(ParseLanguageLevel(ToString(level)), level);
  for (const char* text : {"", "Native", "good"}) EXPECT_FALSE(ParseLanguageLevel(text).has_value()) << text;
}

}  // namespace
}  // namespace meridian
