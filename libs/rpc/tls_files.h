// The key, the certificate and the trusted authorities of a process, as PEM files that are read again when they change:
// they are rotated without a restart. Connections that exist go on; new ones use the new files. The key and its
// certificate must change together, as by a link to their folder that is moved (deploy/dev/certificates): while they do
// not fit each other there are no new connections.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace meridian::rpc {

struct TlsFiles {
  std::string certificate;  // paths
  std::string private_key;
  std::string roots;  // whom the process trusts: a server then demands a client's certificate; "" for a server without
  Duration refresh = Duration::Seconds(10);  // whole seconds
};

// INVALID_ARGUMENT naming the file that cannot be read, holds no PEM of its kind, or does not fit the other.
absl::Status CheckTlsFiles(const TlsFiles& files);
// The same of a file of certificates alone.
absl::Status CheckCertificateFile(const std::string& path);

}  // namespace meridian::rpc
