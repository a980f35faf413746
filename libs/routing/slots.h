// The slots of a table, by dense index, and how one is found by the id that it holds. The shard's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"

namespace meridian {

inline constexpr uint32_t kNoIndex = UINT32_MAX;

// They lie in pieces that never move: adding one moves no other, references stay valid, and less than a piece is spare.
template <typename Slot>
class Slots {
 public:
  Slot& operator[](uint32_t index) { return pieces_[index / kPerPiece][index % kPerPiece]; }
  const Slot& operator[](uint32_t index) const { return pieces_[index / kPerPiece][index % kPerPiece]; }
  uint32_t size() const { return size_; }
  // Returns the index of a new slot, with default values.
  uint32_t Add() {
    if (size_ == pieces_.size() * kPerPiece) pieces_.push_back(std::make_unique<Slot[]>(kPerPiece));
    return size_++;
  }

 private:
  static constexpr uint32_t kPerPiece = (8192 - 16) / sizeof(Slot);  // 8 KiB, of which the allocator spares little

  std::vector<std::unique_ptr<Slot[]>> pieces_;
  uint32_t size_ = 0;
};

// Finds slots by id; holds indices alone, for the ids are in the slots. `id_of` says a slot's id, which stays the same
// while it is here. Never walked. `slots` must outlive it.
template <typename Slot, typename Id, const Id& (*id_of)(const Slot&)>
class SlotIndex {
 public:
  explicit SlotIndex(const Slots<Slot>& slots) : indices_(0, Hash{&slots}, IsSame{&slots}) {}

  uint32_t Find(const Id& id) const {
    const auto found = indices_.find(id);
    return found == indices_.end() ? kNoIndex : *found;
  }
  // False when a slot of this id is there already.
  bool Add(uint32_t index) { return indices_.insert(index).second; }
  void Remove(const Id& id) { indices_.erase(id); }
  size_t size() const { return indices_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    const Slots<Slot>* slots;
    size_t operator()(uint32_t index) const { return std::hash<Id>()(id_of((*slots)[index])); }
    size_t operator()(const Id& id) const { return std::hash<Id>()(id); }
  };
  struct IsSame {
    using is_transparent = void;
    const Slots<Slot>* slots;
    bool operator()(uint32_t a, uint32_t b) const { return id_of((*slots)[a]) == id_of((*slots)[b]); }
    bool operator()(uint32_t index, const Id& id) const { return id_of((*slots)[index]) == id; }
    bool operator()(const Id& id, uint32_t index) const { return id_of((*slots)[index]) == id; }
  };

  absl::flat_hash_set<uint32_t, Hash, IsSame> indices_;  // looked up, never walked
};

}  // namespace meridian
