#include "services/process/transport_security.h"

#include "libs/rpc/tls_credentials.h"

namespace meridian {
namespace {

constexpr char kThisMachine[] = "127.0.0.1";

absl::Status Refused(const Listeners& listeners, const char* why) {
  return absl::InvalidArgumentError("--listen " + listeners.address() + " is refused without " + why);
}

}  // namespace

void TransportSecurity::BindTo(CommandLine& line) {
  line.Bind("--tls-certificate", &certificate,
            "Mutual TLS between services: PEM file of this process's certificate; with --tls-key and --tls-ca");
  line.Bind("--tls-key", &key, "PEM file of its private key");
  line.Bind("--tls-ca", &ca, "PEM file of the authorities whose certificates the other services have");
  line.Bind("--public-certificate", &public_certificate,
            "TLS of gRPC to customers, agents and operators: PEM file of a certificate that they trust, and its chain");
  line.Bind("--public-key", &public_key, "PEM file of its private key");
  line.Bind("--tls-refresh", &refresh, "How often the TLS files are read again, in whole seconds; 1s to 1h");
  line.Must(rules::Between(Duration::Seconds(1), Duration::Hours(1)));
  line.Bind(
      "--http-listen", &http_listen,
      "Address to listen on for HTTP, which is plain text: beyond this machine only behind a proxy that ends TLS; "
      "by default that of --listen on this machine, else 127.0.0.1");
  line.Must(rules::IpAddress());
  line.Check([this](OptionProblems& problems) { Check(problems); });
}

void TransportSecurity::Check(OptionProblems& problems) const {
  CheckTlsOptions(problems, "--tls");
  if (!ca.empty() && certificate.empty() && key.empty()) {
    problems.Add("--tls-certificate", "must be given, with --tls-key, where there is --tls-ca");
  }
  if (public_certificate.empty() != public_key.empty()) {
    problems.Add("--public-certificate", "must be given with --public-key, and that with it");
  } else if (!public_key.empty()) {
    CheckCertificateOption(problems, "--public-certificate", public_certificate, public_key);
  }
  const Listeners listeners(problems.ValueOf("--listen"), 0, 0);
  if (!BetweenServices() && !listeners.IsLoopback()) {
    problems.Add("--listen",
                 "must be an address of this machine without --tls-certificate, --tls-key and --tls-ca: what "
                 "services say to each other is secret");
  }
}

std::optional<rpc::TlsFiles> TransportSecurity::ForServices() const {
  if (!BetweenServices()) return std::nullopt;
  return rpc::TlsFiles{certificate, key, ca, refresh};
}

absl::StatusOr<std::optional<rpc::TlsFiles>> TransportSecurity::ForEverybody(const Listeners& listeners) const {
  if (!public_certificate.empty()) return rpc::TlsFiles{public_certificate, public_key, "", refresh};
  if (listeners.IsLoopback()) return std::nullopt;
  return Refused(listeners, "--public-certificate and --public-key: calls carry tokens");
}

rpc::ChannelCredentials TransportSecurity::ForLinks() const {
  const auto files = ForServices();
  return files ? rpc::ChannelTls(*files) : rpc::PlaintextCredentials();
}

std::string TransportSecurity::HttpAddress(const Listeners& listeners) const {
  if (!http_listen.empty()) return http_listen;
  return listeners.IsLoopback() ? listeners.address() : kThisMachine;
}

}  // namespace meridian
