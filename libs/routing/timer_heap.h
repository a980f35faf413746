// The engine's deadlines: at most one per owner, earliest first. Equal instants come in an order that does not depend
// on history: by kind, then by the owner's tie. A binary heap that knows where each owner stands, so that setting,
// moving and removing cost O(log n) and nothing is left behind. The shard's thread only.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "libs/base/time.h"
#include "libs/base/uuid.h"

namespace meridian {

enum class TimerKind : uint8_t { kShift, kAgent, kContact };
inline constexpr int kTimerKinds = 3;

class TimerHeap {
 public:
  struct Timer {
    Instant at;
    Uuid tie;
    uint32_t owner = 0;  // index in the owner's table
    TimerKind kind = TimerKind::kShift;
  };

  // Sets the owner's only timer; Instant::Never() removes it.
  void Set(TimerKind kind, uint32_t owner, const Uuid& tie, Instant at);
  void Remove(TimerKind kind, uint32_t owner) { Set(kind, owner, {}, Instant::Never()); }
  Instant NextAt() const { return heap_.empty() ? Instant::Never() : heap_[0].at; }
  // The earliest timer, removed. There must be one.
  Timer Pop();
  size_t size() const { return heap_.size(); }

 private:
  static constexpr uint32_t kAbsent = UINT32_MAX;
  uint32_t& PositionOf(TimerKind kind, uint32_t owner);
  void Place(uint32_t position, const Timer& timer);
  void RemoveAt(uint32_t position);
  void SiftUp(uint32_t position, Timer timer);
  void SiftDown(uint32_t position, Timer timer);

  std::vector<Timer> heap_;
  std::array<std::vector<uint32_t>, kTimerKinds> positions_;  // by kind and owner
};

}  // namespace meridian
