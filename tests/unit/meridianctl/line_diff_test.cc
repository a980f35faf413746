#include "services/meridianctl/line_diff.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace meridian::ctl {
namespace {

TEST(LineDiffTest, EqualTextsHaveNoDiff) {
  EXPECT_EQ(UnifiedDiff("a", "x\ny\n", "b", "x\ny\n"), "");
  EXPECT_EQ(UnifiedDiff("a", "", "b", ""), "");
}

TEST(LineDiffTest, ShowsChangesWithThreeLinesOfContext) {
  EXPECT_EQ(UnifiedDiff("old", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "new", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(UnifiedDiff("old", "", "new", "a\nb\n"), "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(UnifiedDiff("old", "a\n", "new", ""), "--- old\n+++ new\n@@ -1 +0,0 @@\n-a\n");
}

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// What patch(1) makes of a diff without fuzz; "does not fit" where context or removed lines are not there.
std::string Patched(const std::string& old_text, const std::string& diff) {
  const std::vector<std::string> old_lines = SplitLines(old_text);
  std::string result;
  size_t at = 0;
  for (const std::string& line : SplitLines(diff)) {
    if (line.starts_with("---") || line.starts_with("+++")) continue;
    if (line.starts_with("@@")) {
      const size_t from = std::stoul(line.substr(4));
      const bool empty = line.substr(4, line.find(" +") - 4).ends_with(",0");
      for (const size_t first = empty ? from : from - 1; at < first; ++at) result += old_lines.at(at) + "\n";
      continue;
    }
    if (line[0] != '+') {
      if (old_lines.at(at++) != line.substr(1)) return "does not fit";
    }
    if (line[0] != '-') result += line.substr(1) + "\n";
  }
  for (; at < old_lines.size(); ++at) result += old_lines[at] + "\n";
  return result;
}

TEST(LineDiffTest, RandomDiffsTurnTheOldTextIntoTheNewOne) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 2000; ++round) {
    auto text = [&] {
      std::string lines;
      for (unsigned i = random() % 40; i > 0; --i)
        lines += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
      return lines;
    };
    const std::string old_text = text();
    const std::string new_text = text();
    const std::string diff = UnifiedDiff("old", old_text, "new", new_text);
    ASSERT_EQ(Patched(old_text, diff), new_text) << "round " << round << "\n" << diff;
  }
}

}  // namespace
}  // namespace meridian::ctl
