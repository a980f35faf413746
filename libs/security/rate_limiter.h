// Token buckets by key (a client's address, a site key, a tenant), for a bounded number of keys: when it is full, the
// key idle for longest is forgotten. Time is an argument; when it goes back, a bucket is at worst empty. Any thread.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "libs/base/time.h"

namespace meridian::security {

class RateLimiter {
 public:
  struct Limit {
    int burst = 10;                               // calls at once from a full bucket
    Duration refill_each = Duration::Seconds(6);  // one more call per this time
    size_t max_keys = 65536;
  };
  explicit RateLimiter(Limit limit) : limit_(limit) {}

  // Zero when the call may go on (and is counted), else how long until the next one may.
  Duration Take(std::string_view key, Instant now) { return Take(key, now, limit_.burst, limit_.refill_each); }
  // The same for a key with a limit of its own, which may be another each time.
  Duration Take(std::string_view key, Instant now, int burst, Duration refill_each);

 private:
  struct Bucket {
    std::string key;
    Instant full_at;  // when the bucket will be full again: the whole state of a token bucket
  };

  const Limit limit_;
  std::mutex mutex_;
  std::list<Bucket> by_use_;  // least recently used first
  std::unordered_map<std::string_view, std::list<Bucket>::iterator> buckets_;
};

}  // namespace meridian::security
