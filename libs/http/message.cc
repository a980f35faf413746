#include "libs/http/message.h"

#include <strings.h>

#include <nlohmann/json.hpp>

#include "libs/error/status_code.h"

namespace meridian {
namespace {

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view Std(absl::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoringCase(key, name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> HttpRequest::OnlyHeader(std::string_view name) const {
  std::optional<std::string_view> only;
  for (const auto& [key, value] : headers) {
    if (!EqualsIgnoringCase(key, name)) continue;
    if (only) return std::nullopt;
    only = value;
  }
  return only;
}

std::optional<std::string_view> HttpRequest::BearerToken() const {
  constexpr std::string_view kScheme = "Bearer ";
  const auto value = Header("Authorization");
  if (!value || value->size() <= kScheme.size() || !EqualsIgnoringCase(value->substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  return value->substr(kScheme.size());
}

HttpResponse HttpResponse::Json(int status, std::string body) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

HttpResponse HttpResponse::Text(int status, std::string_view content_type, std::string body) {
  return {.status = status, .content_type = std::string(content_type), .body = std::move(body)};
}

HttpResponse HttpResponse::Error(int status, std::string_view code, std::string_view message, std::string_view field) {
  nlohmann::ordered_json error = {{"code", code}, {"message", message}};
  if (!field.empty()) error["field"] = field;
  const nlohmann::ordered_json body = {{"error", error}};
  return Json(status, body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

HttpResponse HttpResponse::FromStatus(const absl::Status& status) {
  return Error(HttpStatusOf(status.code()), CodeName(status.code()), Std(status.message()));
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    decoded.push_back(c);
  }
  return decoded;
}

std::optional<std::string> QueryParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name) continue;
    std::string value(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    std::replace(value.begin(), value.end(), '+', ' ');
    return PercentDecode(value);
  }
  return std::nullopt;
}

}  // namespace meridian
