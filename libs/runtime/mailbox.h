// A bounded mailbox with one lane per Lane: many threads post, the shard's thread takes. Each lane is first in, first
// out, but in the lane for new contacts each tenant has a line of its own (tenant_lines.h). Which lane is served is the
// taker's choice (shard_loop.h: live work, then new contacts, then reads). A full lane refuses without touching the
// others, so reads and new contacts never cost live work its place. Of new contacts a tenant has a share of the places
// and waits for itself alone; live work is never refused for its tenant's sake.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/runtime/clock.h"
#include "libs/runtime/shard_program.h"
#include "libs/runtime/tenant_lines.h"

namespace meridian {

struct MailboxLimits {
  std::array<size_t, kLanes> capacity = {65536, 16384, 4096};  // by Lane
  Duration longest_wait = Duration::Seconds(1);                // of new contacts (tenant_lines.h)
};

enum class PostResult { kPosted, kFull, kShareFull, kClosed };

template <typename Item>
class Mailbox {
 public:
  explicit Mailbox(const MailboxLimits& limits)
      : limits_(limits),
        new_contacts_({limits.capacity[static_cast<size_t>(Lane::kNewContacts)], limits.longest_wait}) {}

  // Any thread. `item` is moved from only when it was posted. Of new contacts: `tenant`, on whose behalf, empty where
  // that does not matter, and `now`.
  PostResult Post(Lane lane, Item&& item, std::string_view tenant = {}, MonotonicInstant now = {}) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return PostResult::kClosed;
    return lane == Lane::kNewContacts ? PostNewContact(std::move(item), tenant, now) : PostTo(lane, std::move(item));
  }

  // The taker's thread. False when the lane is empty. `now`: of new contacts.
  bool Take(Lane lane, Item* item, MonotonicInstant now = {}) {
    std::atomic<size_t>& size = sizes_[static_cast<size_t>(lane)];
    if (size.load(std::memory_order_acquire) == 0) return false;
    if (lane == Lane::kNewContacts) {
      std::lock_guard<std::mutex> lock(mutex_);
      new_contacts_.Pop(item, now);
    } else {
      TakeFrom(lanes_[static_cast<size_t>(lane)], item);
    }
    size.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  // The taker's thread.
  bool empty() const { return size(Lane::kLiveWork) + size(Lane::kNewContacts) + size(Lane::kReads) == 0; }
  // Any thread; for counters.
  size_t size(Lane lane) const { return sizes_[static_cast<size_t>(lane)].load(std::memory_order_acquire); }

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
  };

  // Both under mutex_.
  PostResult PostNewContact(Item&& item, std::string_view tenant, MonotonicInstant now) {
    using Result = typename TenantLines<Item>::Result;
    const Result result = new_contacts_.Push(tenant, std::move(item), now);
    if (result == Result::kFull) return PostResult::kFull;
    if (result == Result::kShareFull) return PostResult::kShareFull;
    sizes_[static_cast<size_t>(Lane::kNewContacts)].fetch_add(1, std::memory_order_release);
    return PostResult::kPosted;
  }
  PostResult PostTo(Lane lane, Item&& item) {
    const size_t at = static_cast<size_t>(lane);
    if (sizes_[at].load(std::memory_order_relaxed) >= limits_.capacity[at]) return PostResult::kFull;
    lanes_[at].inbox.push_back(std::move(item));
    sizes_[at].fetch_add(1, std::memory_order_release);
    return PostResult::kPosted;
  }

  void TakeFrom(LaneQueue& queue, Item* item) {
    if (queue.next == queue.outbox.size()) {
      queue.outbox.clear();
      queue.next = 0;
      std::lock_guard<std::mutex> lock(mutex_);
      queue.outbox.swap(queue.inbox);
    }
    *item = std::move(queue.outbox[queue.next++]);
  }

  const MailboxLimits limits_;
  std::mutex mutex_;
  bool closed_ = false;
  TenantLines<Item> new_contacts_;  // under mutex_
  std::array<LaneQueue, kLanes> lanes_;
  std::array<std::atomic<size_t>, kLanes> sizes_{};
};

}  // namespace meridian
