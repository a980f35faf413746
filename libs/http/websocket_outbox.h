// The frames of one WebSocket that are on their way to the server's thread: any thread puts them in (as the
// WebSocketConnection), the server's thread takes them out. Shared by both, so it outlives the connection.
#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "libs/http/websocket.h"

namespace meridian {

class WebSocketOutbox final : public WebSocketConnection {
 public:
  struct CloseWish {
    uint16_t code;
    std::string reason;
  };

  // `wake` asks the server's thread to call the functions below; it is called from any thread, without a lock held.
  WebSocketOutbox(size_t max_backlog_bytes, std::function<void()> wake)
      : max_backlog_bytes_(max_backlog_bytes), wake_(std::move(wake)) {}

  // Any thread.
  SendResult Send(std::string frame, FrameKind kind) override;
  size_t backlog_bytes() const override;
  void Close(uint16_t code, std::string_view reason) override;

  // The server's thread.
  void WokenUp();                     // later changes wake again
  std::optional<std::string> Take();  // the next frame; it counts as backlog until Written
  bool Written(size_t bytes);         // true when this was the drain that a kFull waits for
  bool full() const;
  std::optional<CloseWish> close_wish() const;
  void MarkClosed();  // every later Send says kClosed; what is queued is dropped

 private:
  const size_t max_backlog_bytes_;
  const std::function<void()> wake_;

  mutable std::mutex mutex_;  // for all below
  std::deque<std::string> frames_;
  size_t bytes_ = 0;
  bool woken_ = false;
  bool full_ = false;
  bool closed_ = false;
  std::optional<CloseWish> close_wish_;
};

}  // namespace meridian
