#include "services/meridianctl/line_diff.h"

#include <algorithm>
#include <vector>

namespace meridian::ctl {
namespace {

constexpr int kContext = 3;
// Texts that differ in more lines than this are shown as one change: the search is quadratic in the difference.
constexpr int kMaxEdits = 4000;

using Lines = std::vector<std::string_view>;

Lines SplitLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

struct Edit {
  char kind;  // ' ', '-' or '+'
  std::string_view line;
};

// Myers' greedy search for the shortest edit script; `farthest[d]` keeps each round to walk back through.
class ShortestScript {
 public:
  ShortestScript(const Lines& old_lines, const Lines& new_lines)
      : old_(old_lines), new_(new_lines), n_(static_cast<int>(old_.size())), m_(static_cast<int>(new_.size())) {}

  std::vector<Edit> Find() {
    const int limit = std::min(n_ + m_, kMaxEdits);
    std::vector<int> reach(static_cast<size_t>(2 * limit + 3), 0);
    for (int d = 0; d <= limit; ++d) {
      rounds_.emplace_back(reach.begin() + (limit + 1 - d - 1), reach.begin() + (limit + 1 + d + 2));
      for (int k = -d; k <= d; k += 2) {
        int& here = reach[static_cast<size_t>(limit + 1 + k)];
        here = From(reach, limit + 1, k, d);
        while (here < n_ && here - k < m_ && old_[Index(here)] == new_[Index(here - k)]) ++here;
        if (here >= n_ && here - k >= m_) return WalkBack(d);
      }
    }
    std::vector<Edit> everything;
    for (std::string_view line : old_) everything.push_back({'-', line});
    for (std::string_view line : new_) everything.push_back({'+', line});
    return everything;
  }

 private:
  static size_t Index(int i) { return static_cast<size_t>(i); }

  static int From(const std::vector<int>& reach, int middle, int k, int d) {
    if (d == 0) return 0;
    const int below = reach[Index(middle + k - 1)];
    const int above = reach[Index(middle + k + 1)];
    return k == -d || (k != d && below < above) ? above : below + 1;
  }

  std::vector<Edit> WalkBack(int d) const {
    std::vector<Edit> edits;
    int x = n_;
    int y = m_;
    for (; d >= 0; --d) {
      const std::vector<int>& reach = rounds_[Index(d)];  // before the round; diagonal k lies at k + d + 1
      const int k = x - y;
      const bool down = d > 0 && (k == -d || (k != d && reach[Index(k - 1 + d + 1)] < reach[Index(k + 1 + d + 1)]));
      const int from_k = down ? k + 1 : k - 1;
      const int from_x = d == 0 ? 0 : reach[Index(from_k + d + 1)];
      const int start_x = d == 0 ? 0 : (down ? from_x : from_x + 1);
      while (x > start_x) {
        edits.push_back({' ', old_[Index(--x)]});
        --y;
      }
      if (d == 0) break;
      if (down) {
        edits.push_back({'+', new_[Index(--y)]});
      } else {
        edits.push_back({'-', old_[Index(--x)]});
      }
    }
    std::reverse(edits.begin(), edits.end());
    return edits;
  }

  const Lines& old_;
  const Lines& new_;
  const int n_;
  const int m_;
  std::vector<std::vector<int>> rounds_;
};

std::string Range(size_t start, size_t count) {
  return std::to_string(count == 0 ? start : start + 1) + (count == 1 ? "" : "," + std::to_string(count));
}

// The changes with their context; changes whose contexts meet share one hunk.
std::string Hunks(const std::vector<Edit>& edits) {
  std::string text;
  size_t old_line = 0;
  size_t new_line = 0;
  size_t shown_until = 0;
  auto count = [&](size_t from, size_t to, char other) {
    return static_cast<size_t>(std::count_if(edits.begin() + static_cast<int64_t>(from),
                                             edits.begin() + static_cast<int64_t>(to),
                                             [&](const Edit& e) { return e.kind != other; }));
  };
  for (size_t i = 0; i < edits.size(); ++i) {
    if (edits[i].kind == ' ') continue;
    const size_t begin = std::max(shown_until, i - std::min<size_t>(i, kContext));
    size_t end = i;
    for (size_t quiet = 0; end < edits.size() && quiet <= 2 * kContext; ++end) {
      quiet = edits[end].kind == ' ' ? quiet + 1 : 0;
    }
    size_t last = end;
    while (last > i && edits[last - 1].kind == ' ') --last;
    end = std::min(edits.size(), last + kContext);
    old_line += count(shown_until, begin, '+');
    new_line += count(shown_until, begin, '-');
    const size_t old_count = count(begin, end, '+');
    const size_t new_count = count(begin, end, '-');
    text += "@@ -" + Range(old_line, old_count) + " +" + Range(new_line, new_count) + " @@\n";
    for (size_t j = begin; j < end; ++j) text += std::string(1, edits[j].kind).append(edits[j].line) + "\n";
    old_line += old_count;
    new_line += new_count;
    shown_until = end;
    i = end - 1;
  }
  return text;
}

}  // namespace

std::string UnifiedDiff(std::string_view old_name, std::string_view old_text, std::string_view new_name,
                        std::string_view new_text) {
  const Lines old_lines = SplitLines(old_text);
  const Lines new_lines = SplitLines(new_text);
  if (old_lines == new_lines) return "";
  std::string text = "--- " + std::string(old_name) + "\n+++ " + std::string(new_name) + "\n";
  return text + Hunks(ShortestScript(old_lines, new_lines).Find());
}

}  // namespace meridian::ctl
