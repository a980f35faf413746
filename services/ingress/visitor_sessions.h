// POST /v1/visitor-sessions: the one call that needs no token. A page names its site key; the answer is a visitor's
// token for IngressPorts::visitor_token_life, bound to one new conversation and to the page's origin.
//
//   {"siteKey": "demo-site"}  →  {"token": "…", "conversationId": "…", "expiresAt": "2026-01-05T08:45:00Z"}
#pragma once

#include "libs/http/router.h"
#include "services/ingress/ports.h"
#include "services/ingress/sites.h"

namespace meridian {

void HandleVisitorSessions(const IngressPorts& ports, Sites& sites, HttpRouter& router);

}  // namespace meridian
