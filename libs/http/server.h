// An HTTP/1.1 and WebSocket server with one thread of its own, on which all handlers are called. Plain text: TLS is the
// business of a proxy before it.
//
// Every wait on a client has a limit (header, body, write, close), and everything kept for one has a bound (header,
// body, frame, backlog, number of connections), so no client can hold or fill the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/http/router.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

struct HttpServerOptions {
  std::string address = "127.0.0.1";  // an IPv4 or IPv6 address, not a name
  uint16_t port = 0;                  // 0: the system chooses, see port()

  size_t max_connections = 20000;         // a further one is answered 503 and closed
  size_t max_header_bytes = 16 * 1024;    // 431
  size_t max_body_bytes = 64 * 1024;      // 413
  size_t max_frame_bytes = 64 * 1024;     // 1009
  size_t max_backlog_bytes = 256 * 1024;  // per WebSocket, see WebSocketConnection::Send
  size_t send_buffer_bytes = 128 * 1024;  // per connection, in the kernel (SO_SNDBUF); 0: the kernel's choice

  Duration header_timeout = Duration::Seconds(15);  // from the connection's start or the last answer to a whole header
  Duration body_timeout = Duration::Seconds(15);    // from the header to the whole body
  Duration write_timeout = Duration::Seconds(30);   // for a client to take one answer
  Duration ping_interval = Duration::Seconds(20);   // a WebSocket silent for twice that long is closed
  Duration drain_timeout = Duration::Seconds(10);   // from the first kFull to OnDrained, else the connection is cut
  Duration close_timeout = Duration::Seconds(5);    // for the handshake, and for the answer to a close frame

  Metrics* metrics = nullptr;  // may be null; must outlive the server
};

class ServerCore;

class HttpServer {
 public:
  // Listens and serves from here on. Fails when the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options, HttpRouter router);
  // Stops (with no time to drain) unless Stop was called.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;
  // Accepts nothing more, closes idle connections, lets running requests answer and closes WebSockets with 1001; what
  // is still open after `limit` is cut. On return no handler runs, every WebSocketHandler has had its OnClosed, and the
  // server's thread has ended. Not from a handler. A second call does nothing.
  void Stop(Duration limit);

 private:
  explicit HttpServer(std::unique_ptr<ServerCore> core);
  std::unique_ptr<ServerCore> core_;
};

}  // namespace meridian
