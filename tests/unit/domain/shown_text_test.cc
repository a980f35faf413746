#include "libs/domain/shown_text.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(ShownTextTest, ControlCharactersAreFound) {
  using std::literals::operator""sv;
  for (std::string_view text : {"a\0b"sv, "\x1b[31m"sv, "a\nb"sv, "\t"sv, "\x7f"sv, "\xc2\x9b"sv}) {
    EXPECT_TRUE(HasControlCharacter(text)) << text;
  }
  for (std::string_view text : {""sv, "Ana Núñez"sv, "Zoë Ø\xc2\xa0K"sv, "山田 花子"sv, "Ana 🙂"sv}) {
    EXPECT_FALSE(HasControlCharacter(text)) << text;
  }
}

}  // namespace
}  // namespace meridian
