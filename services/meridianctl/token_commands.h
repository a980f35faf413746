// meridianctl token create, demo agent, demo customer: what is made with the local platform's own key and addresses.
// One thread; each returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "libs/base/time.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct TokenOptions {
  std::string role;
  std::string subject;
  std::vector<std::string> agents;       // that a token of role agent may attach; none: its subject alone
  std::vector<std::string> permissions;  // none: all of the role
  std::string session;                   // visitors
  std::string origin;                    // visitors
  Duration life;                         // zero: the role's own
};

// Prints the token alone, for $(…).
int CreateToken(const ConnectionOptions& connection, const TokenOptions& options, const Console& console);

struct DemoAgentOptions {
  std::string language = "es";
  std::string kind = "human";
  bool name_only = false;
};

// Prints the address of the page of an agent who speaks the language and is on shift now, the one whose shift goes on
// for longest. The token stands in the fragment, which browsers send nowhere.
int DemoAgent(const ConnectionOptions& connection, const DemoAgentOptions& options, const Console& console);
int DemoCustomer(const ConnectionOptions& connection, const Console& console);

// Who of `config` speaks `language` (native first) as `kind`, on shift at `now`, with the longest rest of the shift
// first; then by name. Empty when nobody is.
std::vector<std::string> OnShiftSpeakers(const admin::v1::TenantConfig& config, const std::string& language,
                                         const std::string& kind, Instant now);

}  // namespace meridian::ctl
