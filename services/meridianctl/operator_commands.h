// meridianctl agents, contacts, explain: the state of a tenant, in words and tables. One thread; each returns the exit
// code.
#pragma once

#include <string>

#include "meridian/admin/v1/admin_service.pb.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct AgentsOptions {
  bool on_shift = false;  // only these
  bool attached = false;  // only these
};
int ListAgents(const ConnectionOptions& connection, const AgentsOptions& options, const Console& console);

struct ContactsOptions {
  std::string queue;  // "": all
};
int ListContacts(const ConnectionOptions& connection, const ContactsOptions& options, const Console& console);

int Explain(const ConnectionOptions& connection, const std::string& contact, const Console& console);
std::string ExplanationText(const admin::v1::ExplainContactResponse& response);

}  // namespace meridian::ctl
