// A bounded mailbox with one lane per Lane: many threads post, the shard's thread takes. Each lane is first in, first
// out; which lane is served is the taker's choice (shard_loop.h: live work, then new contacts, then reads). A full lane
// refuses without touching the others, so reads and new contacts never cost live work its place. In the lane for new
// contacts a tenant may hold at most as many places as are free (fair_share.h), so that one who floods it leaves room
// for the others; live work is never refused for its tenant's sake.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/runtime/fair_share.h"
#include "libs/runtime/shard_program.h"

namespace meridian {

struct MailboxLimits {
  std::array<size_t, kLanes> capacity = {65536, 16384, 4096};  // by Lane
};

enum class PostResult { kPosted, kFull, kShareFull, kClosed };

template <typename Item>
class Mailbox {
 public:
  explicit Mailbox(const MailboxLimits& limits) : limits_(limits) {}

  // Any thread. `item` is moved from only when it was posted. `tenant`: on whose behalf, empty where that does not
  // matter.
  PostResult Post(Lane lane, Item&& item, std::string_view tenant = {}) {
    const size_t at = static_cast<size_t>(lane);
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return PostResult::kClosed;
    const size_t size = lanes_[at].size.load(std::memory_order_relaxed);
    if (size >= limits_.capacity[at]) return PostResult::kFull;
    FairShare::Holding* holding = nullptr;
    if (lane == Lane::kNewContacts && !tenant.empty()) {
      holding = shares_.Take(tenant, limits_.capacity[at] - size);
      if (holding == nullptr) return PostResult::kShareFull;
    }
    lanes_[at].inbox.push_back({std::move(item), holding});
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
    Entry& entry = queue.outbox[queue.next++];
    *item = std::move(entry.item);
    if (entry.holding != nullptr) {
      std::lock_guard<std::mutex> lock(mutex_);
      shares_.Return(entry.holding);
    }
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
  struct Entry {
    Item item;
    FairShare::Holding* holding = nullptr;  // of its tenant's share
  };
  struct LaneQueue {
    std::vector<Entry> inbox;   // guarded by mutex_
    std::vector<Entry> outbox;  // the taker's
    size_t next = 0;
    std::atomic<size_t> size{0};  // of both
  };

  const MailboxLimits limits_;
  std::mutex mutex_;
  bool closed_ = false;
  FairShare shares_;  // of the lane for new contacts; under mutex_
  std::array<LaneQueue, kLanes> lanes_;
};

}  // namespace meridian
