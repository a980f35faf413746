// The line for new contacts of a shard: each tenant waits in a line of its own, and the lines are served in turn, one
// item each, so that a tenant who asks for much waits for itself and not the others for it. Bounded in number: a tenant
// may have as many waiting as are still free in all (as FairShare says). Bounded in time, too: while what comes out of
// a tenant's line has waited long (a quarter of `longest_wait`), only so many may wait as come out in `longest_wait` at
// the speed of just now. So what is taken is served soon however slow the shard is, and the rest is refused at once
// instead of late; where a flood begins, the first may wait longer.
//
// Not thread-safe: its owner's lock guards it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "libs/base/time.h"
#include "libs/runtime/clock.h"

namespace meridian {

struct TenantLineLimits {
  size_t capacity = 16384;  // of all lines
  Duration longest_wait = Duration::Seconds(1);
  size_t always = 64;  // so many may wait in a line however long they do, where the capacity allows it
};

template <typename Item>
class TenantLines {
 public:
  enum class Result { kTaken, kFull, kShareFull };

  explicit TenantLines(const TenantLineLimits& limits) : limits_(limits) {}

  // `item` is moved from only when it was taken. Without a tenant's name no share is counted.
  Result Push(std::string_view tenant, Item&& item, MonotonicInstant now) {
    if (size_ >= limits_.capacity) return Result::kFull;
    auto found = lines_.find(tenant);
    const size_t waiting = found == lines_.end() ? 0 : found->second.waiting.size();
    if (!tenant.empty() && waiting >= limits_.capacity - size_) return Result::kShareFull;
    if (found != lines_.end() && waiting >= Room(found->second)) return Result::kShareFull;
    if (found == lines_.end()) {
      found = lines_.try_emplace(std::string(tenant)).first;
      turns_.push_back(found);
    }
    found->second.waiting.push_back({std::move(item), now, waiting});
    ++size_;
    return Result::kTaken;
  }

  // False when nothing waits.
  bool Pop(Item* item, MonotonicInstant now) {
    if (turns_.empty()) return false;
    const auto turn = turns_.front();
    turns_.pop_front();
    Line& line = turn->second;
    Waiting& first = line.waiting.front();
    *item = std::move(first.item);
    line.last_wait = now - first.since;
    line.came_out = first.before + 1;
    line.waiting.pop_front();
    --size_;
    if (line.waiting.empty()) {
      lines_.erase(turn);
    } else {
      turns_.push_back(turn);
    }
    return true;
  }

  size_t size() const { return size_; }

 private:
  struct Waiting {
    Item item;
    MonotonicInstant since;
    size_t before = 0;  // it in its line
  };
  struct Line {
    std::deque<Waiting> waiting;  // never empty between two calls
    // Of the item that came out last: how long it waited, and how many came out in that time.
    Duration last_wait;
    size_t came_out = 0;
  };
  using Lines = std::map<std::string, Line, std::less<>>;

  size_t Room(const Line& line) const {
    if (line.last_wait <= limits_.longest_wait / 4) return limits_.capacity;
    const int64_t in_time = static_cast<int64_t>(line.came_out) * limits_.longest_wait.ns / line.last_wait.ns;
    return std::max(limits_.always, static_cast<size_t>(in_time));
  }

  const TenantLineLimits limits_;
  Lines lines_;
  std::deque<typename Lines::iterator> turns_;  // all of lines_
  size_t size_ = 0;
};

}  // namespace meridian
