// What a handler knows of a call: who calls, after authentication and authorisation. A value; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libs/base/time.h"
#include "libs/security/token.h"

namespace meridian::rpc {

struct CallContext {
  std::string method;                                   // "/meridian.agent.v1.AgentService/Connect"
  std::shared_ptr<const security::TokenClaims> claims;  // never null in a handler
  std::string traceparent;           // W3C trace context, "" when the caller sent none or a malformed one
  std::string peer;                  // the client's address without its port, for rate limits; never logged
  Instant received_at;               // wall clock
  std::optional<Duration> patience;  // how long the caller waits from received_at on, where it said so

  const std::string& tenant() const { return claims->tenant; }
  const std::string& subject() const { return claims->subject; }
};

}  // namespace meridian::rpc
