#include "libs/http/websocket_upgrade.h"

#include <strings.h>

namespace meridian {
namespace {

constexpr std::string_view kBearer = "bearer.";
constexpr size_t kKeyLength = 24;  // 16 bytes in base64

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The comma-separated elements of all headers of this name.
std::vector<std::string> Elements(const HttpRequest& request, std::string_view name) {
  std::vector<std::string> elements;
  for (const auto& [key, value] : request.headers) {
    if (!EqualsIgnoringCase(key, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view element = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), element.size() + 1));
      if (!Trim(element).empty()) elements.emplace_back(Trim(element));
    }
  }
  return elements;
}

bool HasElement(const HttpRequest& request, std::string_view name, std::string_view element) {
  for (const std::string& each : Elements(request, name)) {
    if (EqualsIgnoringCase(each, element)) return true;
  }
  return false;
}

bool OriginAllowed(const HttpRequest& request, const WebSocketRoute& route) {
  if (!request.Header("Origin")) return true;
  const auto origin = request.OnlyHeader("Origin");
  if (!origin) return false;
  if (route.origin_allowed) return route.origin_allowed(*origin);
  const std::string host(request.Header("Host").value_or(""));
  return EqualsIgnoringCase(*origin, "http://" + host) || EqualsIgnoringCase(*origin, "https://" + host);
}

}  // namespace

bool AsksForWebSocket(const HttpRequest& request) {
  return HasElement(request, "Upgrade", "websocket") && HasElement(request, "Connection", "upgrade");
}

std::optional<HttpResponse> CheckUpgrade(const HttpRequest& request, const WebSocketRoute& route,
                                         std::vector<std::string>* offered, std::string* subprotocol) {
  if (request.method != "GET") return HttpResponse::Error(405, "METHOD_NOT_ALLOWED", "a WebSocket opens with GET");
  if (Trim(request.Header("Sec-WebSocket-Version").value_or("")) != "13") {
    HttpResponse response = HttpResponse::Error(426, "UPGRADE_REQUIRED", "only version 13 is spoken here");
    response.headers.emplace_back("Sec-WebSocket-Version", "13");
    return response;
  }
  if (Trim(request.Header("Sec-WebSocket-Key").value_or("")).size() != kKeyLength) {
    return HttpResponse::Error(400, "BAD_REQUEST", "the key is malformed", "Sec-WebSocket-Key");
  }
  if (!OriginAllowed(request, route)) {
    return HttpResponse::Error(403, "ORIGIN_NOT_ALLOWED", "pages of this origin may not connect", "Origin");
  }
  *offered = Elements(request, "Sec-WebSocket-Protocol");
  for (const std::string& each : *offered) {
    if (std::find(route.subprotocols.begin(), route.subprotocols.end(), each) != route.subprotocols.end()) {
      *subprotocol = each;
      return std::nullopt;
    }
  }
  return HttpResponse::Error(400, "SUBPROTOCOL_NOT_SUPPORTED", "none of the offered subprotocols is spoken here",
                             "Sec-WebSocket-Protocol");
}

std::optional<std::string> BearerTokenOf(const HttpRequest& request, const std::vector<std::string>& offered) {
  for (const std::string& each : offered) {
    if (each.size() > kBearer.size() && each.starts_with(kBearer)) return each.substr(kBearer.size());
  }
  if (const auto token = request.BearerToken()) return std::string(*token);
  return std::nullopt;
}

}  // namespace meridian
