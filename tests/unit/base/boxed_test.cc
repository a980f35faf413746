#include "libs/base/boxed.h"

#include <gtest/gtest.h>

#include <string>

namespace meridian {
namespace {

using Text = Boxed<std::string>;

TEST(BoxedTest, IsTheDefaultWithoutAValueAndAfterItIsSetAgain) {
  Text text;
  EXPECT_TRUE(text.IsDefault());
  EXPECT_EQ(*text, "");
  text.Set("a");
  EXPECT_FALSE(text.IsDefault());
  EXPECT_EQ(text->size(), 1u);
  text.Set("");
  EXPECT_TRUE(text.IsDefault());
  static_assert(sizeof(Text) == sizeof(void*));
}

TEST(BoxedTest, CopiesAndComparesWhatItHolds) {
  Text text(std::string("a"));
  Text copy = text;
  EXPECT_EQ(copy, text);
  copy.Set("b");
  EXPECT_EQ(*text, "a");
  EXPECT_FALSE(copy == text);
  copy = text;
  EXPECT_EQ(copy, text);
  Text moved = std::move(copy);
  EXPECT_EQ(moved, text);
  text = Text();
  EXPECT_EQ(text, Text());
}

}  // namespace
}  // namespace meridian
