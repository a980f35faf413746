#include "libs/http/router.h"

#include "libs/base/check.h"

namespace meridian {

HttpResponder& HttpResponder::operator=(HttpResponder&& other) noexcept {
  std::swap(deliver_, other.deliver_);
  return *this;
}

HttpResponder::~HttpResponder() {
  if (deliver_) Respond(HttpResponse::Error(500, "INTERNAL", "the request was dropped without an answer"));
}

void HttpResponder::Respond(HttpResponse response) {
  MERIDIAN_CHECK(deliver_ != nullptr);
  std::exchange(deliver_, nullptr)(std::move(response));
}

void HttpRouter::Handle(std::string_view method, std::string_view path, HttpHandler handler) {
  const bool added = handlers_[std::string(path)].emplace(std::string(method), std::move(handler)).second;
  MERIDIAN_CHECK(added);
}

void HttpRouter::HandleWebSocket(WebSocketRoute route) {
  std::string path = route.path;
  const bool added = websockets_.emplace(std::move(path), std::move(route)).second;
  MERIDIAN_CHECK(added);
}

void HttpRouter::ServeFiles(std::string_view prefix, StaticFiles files) {
  MERIDIAN_CHECK(prefix.starts_with('/') && prefix.ends_with('/'));
  const bool added = files_.emplace(std::string(prefix), std::move(files)).second;
  MERIDIAN_CHECK(added);
}

void HttpRouter::Dispatch(const HttpRequest& request, HttpResponder responder) const {
  if (const auto path = handlers_.find(request.path); path != handlers_.end()) {
    if (const auto handler = path->second.find(request.method); handler != path->second.end()) {
      handler->second(request, std::move(responder));
      return;
    }
    std::string allowed;
    for (const auto& [method, handler] : path->second) allowed += (allowed.empty() ? "" : ", ") + method;
    HttpResponse response = HttpResponse::Error(405, "METHOD_NOT_ALLOWED", "this path takes " + allowed);
    response.headers.emplace_back("Allow", allowed);
    responder.Respond(std::move(response));
    return;
  }
  if (FindWebSocket(request.path) != nullptr) {
    HttpResponse response = HttpResponse::Error(426, "UPGRADE_REQUIRED", "this path is a WebSocket");
    response.headers.emplace_back("Upgrade", "websocket");
    responder.Respond(std::move(response));
    return;
  }
  const StaticFile* file = request.method == "GET" ? FindFile(request.path) : nullptr;
  if (file != nullptr) {
    responder.Respond(ServeStaticFile(*file, request));
    return;
  }
  responder.Respond(HttpResponse::Error(404, "NOT_FOUND", "nothing is served at this path"));
}

const WebSocketRoute* HttpRouter::FindWebSocket(std::string_view path) const {
  const auto it = websockets_.find(path);
  return it == websockets_.end() ? nullptr : &it->second;
}

const StaticFile* HttpRouter::FindFile(std::string_view path) const {
  // A longer prefix of the same path sorts behind a shorter one.
  for (auto it = files_.rbegin(); it != files_.rend(); ++it) {
    if (!path.starts_with(it->first)) continue;
    if (const StaticFile* file = it->second.Find(path.substr(it->first.size())); file != nullptr) return file;
  }
  return nullptr;
}

}  // namespace meridian
