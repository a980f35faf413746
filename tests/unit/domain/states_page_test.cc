#include "libs/domain/states_page.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace meridian {
namespace {

TEST(StatesPageTest, TheCheckedInPageIsWhatTheTablesRender) {
  std::ifstream file(std::string(MERIDIAN_SOURCE_DIR) + "/docs/states.md");
  ASSERT_TRUE(file.is_open()) << "docs/states.md is missing";
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), RenderStatesPage()) << "write it anew: build/<preset>/libs/domain/states_page > docs/states.md";
}

}  // namespace
}  // namespace meridian
