#include "tests/simulation/worlds/schedule.h"

#include <algorithm>
#include <cstdio>
#include <tuple>
#include <utility>

namespace meridian::worlds {

bool Schedule::Later(const Event& a, const Event& b) {
  return std::tie(a.at, a.tie, a.order) > std::tie(b.at, b.tie, b.order);
}

void Schedule::After(Duration delay, Call call) {
  events_.push_back({now_ + std::max(delay, Duration::Zero()), random_(), ++scheduled_, std::move(call)});
  std::push_heap(events_.begin(), events_.end(), Later);
}

bool Schedule::RunNext() {
  if (events_.empty()) return false;
  std::pop_heap(events_.begin(), events_.end(), Later);
  Event event = std::move(events_.back());
  events_.pop_back();
  now_ = event.at;
  ++events_run_;
  event.call();
  return true;
}

Duration Schedule::Between(Duration least, Duration most) {
  if (most <= least) return least;
  return least + Duration{static_cast<int64_t>(Pick(static_cast<uint64_t>((most - least).ns) + 1))};
}

void Schedule::Note(std::string_view actor, std::string_view what) {
  const auto add = [this](const void* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      digest_ = (digest_ ^ static_cast<const unsigned char*>(bytes)[i]) * 0x100000001b3;
    }
  };
  const int64_t at = now_.ns;
  add(&at, sizeof(at));
  add(actor.data(), actor.size());
  add(what.data(), what.size());
  if (!trace_) return;
  std::printf("%12.6f %-10.*s %.*s\n", static_cast<double>(at) / 1e9, static_cast<int>(actor.size()), actor.data(),
              static_cast<int>(what.size()), what.data());
}

}  // namespace meridian::worlds
