#include "libs/http/websocket_outbox.h"

namespace meridian {
namespace {

constexpr size_t kMaxReasonBytes = 123;  // RFC 6455: a control frame carries 125 bytes, two of them the code

// Cut between two characters: a peer may refuse a reason that is not UTF-8.
std::string CutReason(std::string_view reason) {
  if (reason.size() <= kMaxReasonBytes) return std::string(reason);
  size_t end = kMaxReasonBytes;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80) --end;
  return std::string(reason.substr(0, end));
}

}  // namespace

SendResult WebSocketOutbox::Send(std::string frame, FrameKind kind) {
  bool wake = false;
  SendResult result = SendResult::kQueued;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || close_wish_) return SendResult::kClosed;
    const size_t limit = kind == FrameKind::kKept ? 2 * max_backlog_bytes_ : max_backlog_bytes_;
    if (bytes_ > 0 && bytes_ + frame.size() > limit) {
      full_ = true;
      result = SendResult::kFull;
    } else {
      bytes_ += frame.size();
      frames_.push_back(std::move(frame));
    }
    wake = !std::exchange(woken_, true);
  }
  if (wake) wake_();
  return result;
}

size_t WebSocketOutbox::backlog_bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

void WebSocketOutbox::Close(uint16_t code, std::string_view reason) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || close_wish_) return;
    close_wish_ = CloseWish{code, CutReason(reason)};
    wake = !std::exchange(woken_, true);
  }
  if (wake) wake_();
}

void WebSocketOutbox::WokenUp() {
  std::lock_guard lock(mutex_);
  woken_ = false;
}

std::optional<std::string> WebSocketOutbox::Take() {
  std::lock_guard lock(mutex_);
  if (frames_.empty()) return std::nullopt;
  std::string frame = std::move(frames_.front());
  frames_.pop_front();
  return frame;
}

bool WebSocketOutbox::Written(size_t bytes) {
  std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  return full_ && bytes_ <= max_backlog_bytes_ / 2 && std::exchange(full_, false);
}

bool WebSocketOutbox::full() const {
  std::lock_guard lock(mutex_);
  return full_;
}

std::optional<WebSocketOutbox::CloseWish> WebSocketOutbox::close_wish() const {
  std::lock_guard lock(mutex_);
  return close_wish_;
}

void WebSocketOutbox::MarkClosed() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  frames_.clear();
  bytes_ = 0;
}

}  // namespace meridian
