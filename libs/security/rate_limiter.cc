#include "libs/security/rate_limiter.h"

#include <algorithm>

namespace meridian::security {

Duration RateLimiter::Take(std::string_view key, Instant now, int burst, Duration refill_each) {
  std::lock_guard lock(mutex_);
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= limit_.max_keys) {
      buckets_.erase(by_use_.front().key);
      by_use_.pop_front();
    }
    by_use_.push_back({std::string(key), now});
    found = buckets_.emplace(by_use_.back().key, std::prev(by_use_.end())).first;
  } else {
    by_use_.splice(by_use_.end(), by_use_, found->second);
  }
  Bucket& bucket = *found->second;
  const Duration empty = refill_each * burst;              // how long an empty bucket takes to be full
  bucket.full_at = std::min(bucket.full_at, now + empty);  // else a clock that went back would be waited for
  const Instant full_at = std::max(bucket.full_at, now) + refill_each;
  const Duration wait = (full_at - now) - empty;
  if (wait > Duration::Zero()) return wait;
  bucket.full_at = full_at;
  return Duration::Zero();
}

}  // namespace meridian::security
