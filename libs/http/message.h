// An HTTP request as a handler sees it, and the answer that it gives. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace meridian {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;   // "GET", "POST", …; HEAD is given to the handler of GET as "GET"
  std::string path;     // percent-decoded, without the query; starts with '/'
  std::string query;    // behind the '?', still encoded; may be empty
  HttpHeaders headers;  // in the order received
  std::string body;
  std::string remote_address;  // of the connection, such as "127.0.0.1"

  // The first header of this name, compared without case; nullopt when there is none.
  std::optional<std::string_view> Header(std::string_view name) const;
  // The one header of this name; nullopt when there is none, or more than one.
  std::optional<std::string_view> OnlyHeader(std::string_view name) const;
  // The token of "Authorization: Bearer <token>".
  std::optional<std::string_view> BearerToken() const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type;  // left out when the body is empty
  std::string body;
  HttpHeaders headers;  // further ones; the server adds Content-Length, Cache-Control: no-store, nosniff and the like

  static HttpResponse Json(int status, std::string body);
  static HttpResponse Text(int status, std::string_view content_type, std::string body);
  // {"error":{"code":"NOT_FOUND","message":"…","field":"…"}}; `field` names the part of the request that is wrong and
  // is left out when empty. Invalid UTF-8 in the message is replaced.
  static HttpResponse Error(int status, std::string_view code, std::string_view message, std::string_view field = {});
  // The same for a failed status: its code by name, its message, and the HTTP status that fits
  // (libs/error/status_code.h).
  static HttpResponse FromStatus(const absl::Status& status);
};

// Decodes %XX; nullopt for a malformed escape or a NUL.
std::optional<std::string> PercentDecode(std::string_view text);

// The first value of `name` in a query such as "a=1&b=x%20y", decoded ('+' is a space); nullopt when there is none.
std::optional<std::string> QueryParameter(std::string_view query, std::string_view name);

}  // namespace meridian
