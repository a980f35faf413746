// Makes the ids of new entities: version 7 UUIDs of now, rising within the process. Not for keys or tokens: the bits
// come from the environment's seed. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <random>

#include "libs/base/entity_id.h"
#include "libs/base/uuid.h"
#include "libs/runtime/clock.h"

namespace meridian {

class IdSource {
 public:
  IdSource(RegionCode region, uint64_t seed, const WallClock& clock) : region_(region), random_(seed), clock_(clock) {}

  const RegionCode& region() const { return region_; }
  Uuid NextUuid();
  template <typename Id>
  Id Next() {
    return Id{region_, NextUuid()};
  }

 private:
  const RegionCode region_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  const WallClock& clock_;
};

}  // namespace meridian
