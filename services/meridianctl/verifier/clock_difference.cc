#include "services/meridianctl/verifier/clock_difference.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace meridian::verifier {
namespace {

constexpr ptrdiff_t kNeighbours = 32;
constexpr Duration kNear = Duration::Seconds(2);
constexpr Duration kNowhere = Duration::Hours(24 * 365 * 200);

}  // namespace

void ClockDifference::Learn(std::vector<Submission> submissions) {
  submissions_ = std::move(submissions);
  std::ranges::sort(submissions_, {}, &Submission::submitted);
}

Instant ClockDifference::ToRoutingTime(Instant session_time) const {
  // The nearest, and not as many on either side, nor a distant one beside a near one: a shard's time jumps after a long
  // absence.
  auto first = std::ranges::lower_bound(submissions_, session_time, {}, &Submission::submitted);
  auto last = first;
  while (last - first < kNeighbours) {
    const Duration to_earlier = first == submissions_.begin() ? kNowhere : session_time - std::prev(first)->submitted;
    const Duration to_later = last == submissions_.end() ? kNowhere : last->submitted - session_time;
    const Duration nearer = std::min(to_earlier, to_later);
    if (nearer == kNowhere || (first != last && nearer > kNear)) break;
    nearer == to_earlier ? --first : ++last;
  }
  if (first == last) return session_time;
  const auto difference = [](const Submission& submission) { return submission.queued - submission.submitted; };
  std::vector<Duration> differences;
  std::transform(first, last, std::back_inserter(differences), difference);
  const auto quarter = differences.begin() + std::ssize(differences) / 4;
  std::ranges::nth_element(differences, quarter);
  return session_time + *quarter;
}

}  // namespace meridian::verifier
