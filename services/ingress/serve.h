// Ingress as every process that carries it shows it: IngressService and SessionService, visitor sessions, the
// conversation over WebSocket, and the customer's page.
#pragma once

#include "libs/app/command_line.h"
#include "services/ingress/ports.h"
#include "services/ingress/sites.h"
#include "services/process/endpoints.h"

namespace meridian {

struct IngressOptions {
  Duration visitor_token_life = Duration::Minutes(15);

  void BindTo(CommandLine& line);
};

// `ports` and `sites` outlive the servers.
void ServeIngress(const IngressPorts& ports, Sites& sites, Endpoints& endpoints);

// Lets every site be used from the page that this process serves on this machine: for a demo. Once it serves HTTP.
void AdmitOwnPage(const Endpoints& endpoints, Sites& sites);

}  // namespace meridian
