// Frames on their way to one client, bounded in frames and bytes. When it is full, droppable frames are dropped key by
// key and replaced by one marker; kept frames go on up to a hard limit. Pure: no locks, no clock; its owner guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "libs/rpc/server_stream.h"

namespace meridian::rpc {

class OutboundQueue {
 public:
  struct Limits {
    size_t frames = 1024;
    size_t bytes = 1 << 20;
    size_t hard_factor = 4;  // kept frames and markers may fill this many times the limits
  };
  // The encoded marker for a key.
  using EncodeMarker = std::function<std::string(const std::string& key, uint64_t resume_after)>;

  explicit OutboundQueue(Limits limits) : limits_(limits) {}

  // False when the hard limit is reached: the stream must end.
  bool PushKept(std::string frame);
  // The same for a frame that may be dropped. When the queue is full, all frames of its key leave it and one marker
  // takes their place at the end; while that marker waits, further frames of the key are dropped, which it covers. The
  // marker names the lowest `resume_after` of those dropped.
  bool PushDroppable(std::string frame, Droppable droppable, const EncodeMarker& encode_marker);

  std::optional<std::string> Pop();
  void Clear();

  bool empty() const { return frames_.empty(); }
  bool IsOverLimits() const { return frames_.size() >= limits_.frames || bytes_ >= limits_.bytes; }
  Backlog backlog() const { return {frames_.size(), bytes_}; }
  uint64_t dropped() const { return dropped_; }
  // Frames are numbered 1, 2, 3 … as they come: a backlog is drained when the last frame that it had has been taken.
  uint64_t last_pushed() const { return last_pushed_; }
  uint64_t last_popped() const { return last_popped_; }

 private:
  struct Frame {
    std::string bytes;
    std::string key;
    uint64_t resume_after = 0;
    uint64_t number = 0;
    bool is_marker = false;
    bool is_droppable = false;
  };

  bool IsAtHardLimit() const {
    return frames_.size() >= limits_.frames * limits_.hard_factor || bytes_ >= limits_.bytes * limits_.hard_factor;
  }
  void Append(Frame frame);
  uint64_t DropFramesOf(const std::string& key, uint64_t lowest);

  const Limits limits_;
  std::deque<Frame> frames_;
  size_t bytes_ = 0;
  std::set<std::string> marked_;  // keys whose marker waits
  uint64_t dropped_ = 0;
  uint64_t last_pushed_ = 0;
  uint64_t last_popped_ = 0;
};

}  // namespace meridian::rpc
