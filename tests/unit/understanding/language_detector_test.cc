#include "libs/understanding/language_detector.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(LanguageDetectorTest, RecognisesLanguagesByTheirText) {
  struct Case {
    const char* text;
    const char* language;
  };
  for (const Case& c : {Case{"Hola, tengo un problema con mi última factura, ¿me pueden ayudar?", "es"},
                        Case{"Hello, I have a problem with my last invoice, can you help me?", "en"},
                        Case{"Bonjour, j'ai un problème avec ma dernière facture, pouvez-vous m'aider ?", "fr"},
                        Case{"Guten Tag, ich habe ein Problem mit meiner letzten Rechnung.", "de"},
                        Case{"Здравствуйте, у меня проблема с последним счётом.", "ru"},
                        Case{"こんにちは、先月の請求書について質問があります。", "ja"}}) {
    LanguageGuess guess = DetectLanguage(c.text);
    EXPECT_EQ(guess.language.ToString(), c.language) << c.text;
    EXPECT_GT(guess.confidence_permille, 500) << c.text;
  }
}

TEST(LanguageDetectorTest, DeclaredLocaleWins) {
  LanguageGuess guess = JudgeLanguage("pt-BR", "Hello, I have a problem with my last invoice");
  EXPECT_EQ(guess.language.ToString(), "pt-BR");
  EXPECT_EQ(guess.confidence_permille, 1000);
}

TEST(LanguageDetectorTest, UnusableTextGivesNoLanguage) {
  for (std::string_view text :
       {std::string_view(""), std::string_view("12345 !!"), std::string_view("\xff\xfe\x80 broken", 10)}) {
    EXPECT_TRUE(DetectLanguage(text).language.empty()) << text;
  }
  EXPECT_TRUE(JudgeLanguage("not a locale", "").language.empty());
}

TEST(LanguageDetectorTest, LongTextIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 9000) text += "¿Dónde está el pedido que hice la semana pasada en su tienda? ";
  EXPECT_EQ(DetectLanguage(text).language.ToString(), "es");
}

}  // namespace
}  // namespace meridian
