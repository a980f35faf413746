// Which handler answers which path. Filled before the server starts, then only read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/http/message.h"
#include "libs/http/static_files.h"
#include "libs/http/websocket.h"

namespace meridian {

// The one answer to a request, given at once or later, from any thread. Movable. Destroyed without an answer it answers
// 500. An answer to a client that has gone, or after the server's end, is dropped.
class HttpResponder {
 public:
  using Deliver = std::function<void(HttpResponse)>;

  explicit HttpResponder(Deliver deliver) : deliver_(std::move(deliver)) {}
  HttpResponder(HttpResponder&& other) noexcept : deliver_(std::exchange(other.deliver_, nullptr)) {}
  HttpResponder& operator=(HttpResponder&& other) noexcept;
  ~HttpResponder();

  // Once; a second call stops the process.
  void Respond(HttpResponse response);

 private:
  Deliver deliver_;
};

// Called on the server's thread; must not block.
using HttpHandler = std::function<void(const HttpRequest&, HttpResponder)>;

class HttpRouter {
 public:
  // `path` is compared whole, after percent-decoding. Two handlers for one method and path stop the process.
  void Handle(std::string_view method, std::string_view path, HttpHandler handler);
  void HandleWebSocket(WebSocketRoute route);
  // Files for GET under `prefix` ("/" or "/agent/"), looked up when no handler has the path; the longest prefix wins.
  void ServeFiles(std::string_view prefix, StaticFiles files);

  // Answers through the handler or a file; else 404, or 405 with Allow when the path knows other methods, or 426 when
  // it is a WebSocket's. HEAD is answered as GET; the server leaves out the body.
  void Dispatch(const HttpRequest& request, HttpResponder responder) const;
  const WebSocketRoute* FindWebSocket(std::string_view path) const;

 private:
  const StaticFile* FindFile(std::string_view path) const;

  std::map<std::string, std::map<std::string, HttpHandler>, std::less<>> handlers_;  // path → method → handler
  std::map<std::string, WebSocketRoute, std::less<>> websockets_;
  std::map<std::string, StaticFiles, std::less<>> files_;  // by prefix
};

}  // namespace meridian
