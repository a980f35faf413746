// One WebSocket connection, as the layer above sees it: it sends through a WebSocketConnection and is told through its
// WebSocketHandler. A connection carries text frames only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/http/message.h"

namespace meridian {

// Close codes of RFC 6455 and its registry. 4000–4999 are the application's own.
namespace websocket_close {
inline constexpr uint16_t kNormal = 1000;
inline constexpr uint16_t kGoingAway = 1001;        // the server stops
inline constexpr uint16_t kUnsupportedData = 1003;  // a binary frame came
inline constexpr uint16_t kAbnormal = 1006;         // never sent: the connection broke
inline constexpr uint16_t kBadText = 1007;          // a text frame was not UTF-8
inline constexpr uint16_t kPolicy = 1008;
inline constexpr uint16_t kTooBig = 1009;
inline constexpr uint16_t kTryAgainLater = 1013;  // the client did not read for the drain time-out
}  // namespace websocket_close

enum class FrameKind {
  kDroppable,  // refused when the backlog is full: the sender replaces it by a Resync
  kKept,       // may use as much again as the limit: offers, rescinds, Resync itself
};

enum class SendResult {
  kQueued,
  kFull,    // not queued; OnDrained is called once the backlog has fallen to half its limit
  kClosed,  // not queued; OnClosed was called or will be
};

// Any thread may call; no call waits. Hold it as long as you like: after the end of the connection, and of the server,
// it answers kClosed.
class WebSocketConnection {
 public:
  virtual ~WebSocketConnection() = default;

  // Queues a text frame (UTF-8, which is not checked). The backlog is counted in bytes and bounded by
  // HttpServerOptions::max_backlog_bytes, for kKept frames by twice that; an empty backlog takes any one frame.
  virtual SendResult Send(std::string frame, FrameKind kind = FrameKind::kKept) = 0;
  // Bytes queued and not yet given to the kernel.
  virtual size_t backlog_bytes() const = 0;
  // Sends what is queued, then closes with this code. `reason` is cut to 123 bytes. Later frames are refused; the first
  // close counts. OnClosed follows when the peer has answered, or after the close time-out.
  virtual void Close(uint16_t code, std::string_view reason) = 0;
};

// Called on the server's thread, one call at a time, never after OnClosed. Must not block.
class WebSocketHandler {
 public:
  virtual ~WebSocketHandler() = default;

  // One whole message, valid UTF-8, at most HttpServerOptions::max_frame_bytes; valid during the call.
  virtual void OnText(std::string_view frame) = 0;
  // After a Send that said kFull: the backlog has fallen to half its limit or less.
  virtual void OnDrained() {}
  // The last call, exactly once. `code` is what closed the connection: the peer's code, ours, or kAbnormal.
  virtual void OnClosed(uint16_t code) = 0;
};

// What a client asked for when it opened the connection.
struct WebSocketOpening {
  const HttpRequest& request;
  std::string subprotocol;                  // the one of the route's that was selected
  std::vector<std::string> offered;         // all that the client offered, in its order
  std::optional<std::string> bearer_token;  // of a subprotocol "bearer.<token>", else of the Authorization header
};

struct WebSocketRoute {
  std::string path;
  // Accepted subprotocols; the first that the client offered and that is in this list is selected and answered. A
  // "bearer." subprotocol is never answered. A client that offers none of them is refused with 400.
  std::vector<std::string> subprotocols;
  // Whether a browser's Origin may connect; refused with 403, as is a second one. Requests without an Origin header
  // come from no browser and are not asked about. When empty, only the origin that equals the Host header may.
  std::function<bool(std::string_view origin)> origin_allowed;
  // Decides on the server's thread, before the upgrade is answered: a handler, or a status that refuses the upgrade
  // (FromStatus). Frames may be sent at once; they go out behind the handshake. Must not block.
  std::function<absl::StatusOr<std::unique_ptr<WebSocketHandler>>(std::shared_ptr<WebSocketConnection> connection,
                                                                  const WebSocketOpening& opening)>
      open;
};

}  // namespace meridian
