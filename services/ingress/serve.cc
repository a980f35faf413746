#include "services/ingress/serve.h"

#include <string>

#include "services/ingress/handlers.h"
#include "services/ingress/visitor_sessions.h"
#include "services/session/session_methods.h"

namespace meridian {
namespace {

constexpr Duration kShortestVisitorTokenLife = Duration::Seconds(10);
constexpr Duration kLongestVisitorTokenLife = Duration::Hours(1);

}  // namespace

void IngressOptions::BindTo(CommandLine& line) {
  line.Bind(
      "--visitor-token-life", &visitor_token_life,
      "Life of a visitor's token, 10s to 1h; while its conversation lives, its connection gets a new one in the last "
      "third");
  line.Must(rules::Between(kShortestVisitorTokenLife, kLongestVisitorTokenLife));
}

void ServeIngress(const IngressPorts& ports, Sites& sites, Endpoints& endpoints) {
  BindIngress(ports, endpoints.methods());
  BindSession(endpoints.methods(), ports.session);
  HandleVisitorSessions(ports, sites, endpoints.router());
  // A visitor's token is bound to its page's origin, which the gate checks.
  endpoints.HandleWebSocket(kConverseMethod, "/v1/ingress", "meridian.ingress.v1",
                            [](std::string_view) { return true; });
  endpoints.ServePages({"index.html", "customer/", "shared/"});
}

void AdmitOwnPage(const Endpoints& endpoints, Sites& sites) {
  const std::string port = std::to_string(endpoints.http_port());
  sites.AllowEverywhere({"http://127.0.0.1:" + port, "http://localhost:" + port});
}

}  // namespace meridian
