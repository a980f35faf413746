#include "libs/rpc/outbound_queue.h"

#include <algorithm>
#include <utility>

namespace meridian::rpc {

void OutboundQueue::Append(Frame frame) {
  bytes_ += frame.bytes.size();
  frame.number = ++last_pushed_;
  frames_.push_back(std::move(frame));
}

bool OutboundQueue::PushKept(std::string frame) {
  if (IsAtHardLimit()) return false;
  Append({.bytes = std::move(frame)});
  return true;
}

bool OutboundQueue::PushDroppable(std::string frame, Droppable droppable, const EncodeMarker& encode_marker) {
  if (marked_.contains(droppable.key)) {
    ++dropped_;
    return true;
  }
  if (!IsOverLimits()) {
    Append({.bytes = std::move(frame),
            .key = std::move(droppable.key),
            .resume_after = droppable.resume_after,
            .is_droppable = true});
    return true;
  }
  uint64_t lowest = DropFramesOf(droppable.key, droppable.resume_after);
  ++dropped_;
  if (IsAtHardLimit()) return false;
  Append({.bytes = encode_marker(droppable.key, lowest), .key = droppable.key, .is_marker = true});
  marked_.insert(std::move(droppable.key));
  return true;
}

uint64_t OutboundQueue::DropFramesOf(const std::string& key, uint64_t lowest) {
  auto is_of_key = [&](const Frame& frame) { return frame.is_droppable && frame.key == key; };
  for (const Frame& frame : frames_) {
    if (!is_of_key(frame)) continue;
    lowest = std::min(lowest, frame.resume_after);
    bytes_ -= frame.bytes.size();
    ++dropped_;
  }
  std::erase_if(frames_, is_of_key);
  return lowest;
}

std::optional<std::string> OutboundQueue::Pop() {
  if (frames_.empty()) return std::nullopt;
  Frame frame = std::move(frames_.front());
  frames_.pop_front();
  bytes_ -= frame.bytes.size();
  last_popped_ = frame.number;
  if (frame.is_marker) marked_.erase(frame.key);
  return std::move(frame.bytes);
}

void OutboundQueue::Clear() {
  frames_.clear();
  marked_.clear();
  bytes_ = 0;
}

}  // namespace meridian::rpc
