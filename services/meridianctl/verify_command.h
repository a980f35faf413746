// meridianctl events verify: gathers the evidence from the platform and the journals, and judges it. One thread;
// returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"
#include "services/meridianctl/insistence.h"
#include "services/meridianctl/verifier/evidence.h"

namespace meridian::ctl {

struct VerifyOptions {
  std::vector<std::string> journals;
  bool no_conversations = false;   // judge by events and journals alone
  std::string conversations_file;  // the ids of those to read back, one a line; "": all
  std::string events_file;         // as `events --json` prints them; "": from the platform
  std::string config_file;         // a tenant file for the capacities; "": what is in force
  verifier::Expectations expectations;
  Duration patience = kPatience;
};

int VerifyEvents(const ConnectionOptions& connection, const VerifyOptions& options, const Console& console);

}  // namespace meridian::ctl
