#include "libs/http/response_text.h"

#include <strings.h>

namespace meridian {
namespace {

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Payload Too Large";
    case 417:
      return "Expectation Failed";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

bool HasLineBreak(std::string_view text) { return text.find_first_of("\r\n") != std::string_view::npos; }

void AppendHeader(std::string_view name, std::string_view value, std::string* out) {
  if (HasLineBreak(name) || HasLineBreak(value)) return;
  out->append(name).append(": ").append(value).append("\r\n");
}

bool HasCacheControl(const HttpHeaders& headers) {
  for (const auto& [name, value] : headers) {
    if (strcasecmp(name.c_str(), "Cache-Control") == 0) return true;
  }
  return false;
}

}  // namespace

std::string FormatResponse(const HttpResponse& response, const ResponseForm& form) {
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(ReasonPhrase(response.status)).append("\r\n");
  AppendHeader("Connection", form.keep_alive ? "keep-alive" : "close", &out);
  AppendHeader("X-Content-Type-Options", "nosniff", &out);
  AppendHeader("Referrer-Policy", "no-referrer", &out);
  if (!HasCacheControl(response.headers)) AppendHeader("Cache-Control", "no-store", &out);
  for (const auto& [name, value] : response.headers) AppendHeader(name, value, &out);
  if (!bodiless) {
    if (!response.content_type.empty()) AppendHeader("Content-Type", response.content_type, &out);
    AppendHeader("Content-Length", std::to_string(response.body.size()), &out);
  }
  out.append("\r\n");
  if (!bodiless && !form.head) out.append(response.body);
  return out;
}

}  // namespace meridian
