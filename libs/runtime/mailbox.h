// A bounded mailbox with one lane per Lane: many threads post, the shard's thread takes. Each lane is first in, first
// out; which lane is served is the taker's choice (shard_loop.h: live work, then new contacts, then reads). A full lane
// refuses without touching the others, so reads and new contacts never cost live work its place.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

#include "libs/runtime/shard_program.h"

namespace meridian {

struct MailboxLimits {
  std::array<size_t, kLanes> capacity = {65536, 16384, 4096};  // by Lane
};

enum class PostResult { kPosted, kFull, kClosed };

template <typename Item>
class Mailbox {
 public:
  explicit Mailbox(const MailboxLimits& limits) : limits_(limits) {}

  // Any thread. `item` is moved from only when it was posted.
  PostResult Post(Lane lane, Item&& item) {
    const size_t at = static_cast<size_t>(lane);
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return PostResult::kClosed;
    if (lanes_[at].size.load(std::memory_order_relaxed) >= limits_.capacity[at]) return PostResult::kFull;
    lanes_[at].inbox.push_back(std::move(item));
    lanes_[at].size.fetch_add(1, std::memory_order_release);
    return PostResult::kPosted;
  }

  // The taker's thread. False when the lane is empty.
  bool Take(Lane lane, Item* item) {
    LaneQueue& queue = lanes_[static_cast<size_t>(lane)];
    if (queue.size.load(std::memory_order_acquire) == 0) return false;
    if (queue.next == queue.outbox.size()) {
      queue.outbox.clear();
      queue.next = 0;
      std::lock_guard<std::mutex> lock(mutex_);
      queue.outbox.swap(queue.inbox);
    }
    *item = std::move(queue.outbox[queue.next++]);
    queue.size.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  // The taker's thread.
  bool empty() const { return size(Lane::kLiveWork) + size(Lane::kNewContacts) + size(Lane::kReads) == 0; }
  // Any thread; for counters.
  size_t size(Lane lane) const { return lanes_[static_cast<size_t>(lane)].size.load(std::memory_order_acquire); }

  // Any thread. While closed, Post refuses; what is inside can still be taken.
  void SetClosed(bool closed) {
    std::lock_guard<std::mutex> lock(mutex_);
    closed_ = closed;
  }

 private:
  struct LaneQueue {
    std::vector<Item> inbox;   // guarded by mutex_
    std::vector<Item> outbox;  // the taker's
    size_t next = 0;
    std::atomic<size_t> size{0};  // of both
  };

  const MailboxLimits limits_;
  std::mutex mutex_;
  bool closed_ = false;
  std::array<LaneQueue, kLanes> lanes_;
};

}  // namespace meridian
