// How the connections of a process of a single service are protected, as options of the program
// (docs/adr/0014-two-kinds-of-tls.md). Between services: mutual TLS, with the process's own key and certificate and the
// authorities that it trusts; a process that serves links demands a certificate of whoever connects. To customers,
// agents and operators, who have tokens and no certificates: TLS with a certificate that they trust. Both are read
// again while the process runs (libs/rpc/tls_files.h). Without them everything is plain text, on this machine only.
// Used on the main thread at start.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "libs/rpc/client_channel.h"
#include "libs/rpc/tls_files.h"

namespace meridian {

struct TransportSecurity {
  std::string certificate, key, ca;            // between services: paths of PEM files; all or none
  std::string public_certificate, public_key;  // to everybody else; both or none
  Duration refresh = Duration::Seconds(10);    // how often the files are read again
  std::string http_listen;                     // HTTP's address; "": that of --listen, or 127.0.0.1 beyond this machine

  void BindTo(CommandLine& line);

  bool BetweenServices() const { return !certificate.empty(); }
  // Of a server whose clients are other services.
  std::optional<rpc::TlsFiles> ForServices() const;
  // Of a server for everybody else. INVALID_ARGUMENT beyond this machine without a certificate.
  absl::StatusOr<std::optional<rpc::TlsFiles>> ForEverybody(const Listeners& listeners) const;
  rpc::ChannelCredentials ForLinks() const;
  std::string HttpAddress(const Listeners& listeners) const;

 private:
  void Check(OptionProblems& problems) const;
};

}  // namespace meridian
