#include "services/ingress/visitor_sessions.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/error/status_code.h"
#include "libs/rpc/error.h"
#include "libs/security/token_issuer.h"

namespace meridian {
namespace {

absl::StatusOr<std::string> SiteKeyIn(const std::string& body) {
  auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return FieldError("body", "must be a JSON object");
  for (const auto& [name, value] : json.items()) {
    if (name != "siteKey") return FieldError("body", "may only have the field siteKey");
  }
  auto key = json.find("siteKey");
  if (key == json.end() || !key->is_string()) return FieldError("siteKey", "must be a string");
  return key->get<std::string>();
}

absl::StatusOr<std::string> OpenSession(const IngressPorts& ports, Sites& sites, const HttpRequest& request) {
  MERIDIAN_ASSIGN_OR_RETURN(std::string site_key, SiteKeyIn(request.body));
  const Instant now = ports.clock.Now();
  const std::string origin(request.OnlyHeader("origin").value_or(""));
  MERIDIAN_ASSIGN_OR_RETURN(security::Site site, sites.Admit(site_key, origin, request.remote_address, now));
  security::TokenClaims claims;
  claims.tenant = site.tenant;
  claims.role = security::Role::kCustomer;
  claims.subject = ports.ids.Next<CustomerId>().ToString();
  claims.session = ports.ids.Next<ConversationId>().ToString();
  claims.origin = origin;
  claims.expires_at = now + ports.visitor_token_life;
  MERIDIAN_ASSIGN_OR_RETURN(std::string token, security::IssueToken(ports.key, claims, now));
  nlohmann::json answer = {
      {"token", token},
      {"conversationId", claims.session},
      {"expiresAt",
       absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixNanos(claims.expires_at.ns), absl::UTCTimeZone())}};
  return answer.dump();
}

}  // namespace

void HandleVisitorSessions(const IngressPorts& ports, Sites& sites, HttpRouter& router) {
  router.Handle("POST", "/v1/visitor-sessions", [ports, &sites](const HttpRequest& request, HttpResponder responder) {
    auto answer = OpenSession(ports, sites, request);
    responder.Respond(answer.ok() ? HttpResponse::Json(200, *answer)
                                  : HttpResponse::Json(HttpStatusOf(answer.status().code()),
                                                       "{\"error\":" + rpc::ToErrorJson(answer.status()) + "}"));
  });
}

}  // namespace meridian
