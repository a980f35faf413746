#include "services/meridianctl/verifier/clock_difference.h"

#include <algorithm>
#include <utility>

namespace meridian::verifier {
namespace {

constexpr ptrdiff_t kNeighbours = 16;  // on either side

}  // namespace

void ClockDifference::Learn(std::vector<Submission> submissions) {
  submissions_ = std::move(submissions);
  std::ranges::sort(submissions_, {}, &Submission::virtual_start);
}

Instant ClockDifference::ToRoutingTime(Instant session_time) const {
  const auto at = std::ranges::lower_bound(submissions_, session_time, {}, &Submission::virtual_start);
  const auto first = at - std::min(at - submissions_.begin(), kNeighbours);
  const auto last = at + std::min(submissions_.end() - at, kNeighbours);
  if (first == last) return session_time;
  const auto difference = [](const Submission& submission) { return submission.queued - submission.virtual_start; };
  return session_time + difference(*std::min_element(first, last, [&](const Submission& a, const Submission& b) {
           return difference(a) < difference(b);
         }));
}

}  // namespace meridian::verifier
