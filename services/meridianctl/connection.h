// How meridianctl finds a platform and proves who it is. Values and functions for one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/rpc/client.h"
#include "libs/security/token.h"

namespace meridian::ctl {

struct ConnectionOptions {
  std::string data = ".data";  // the local platform's folder: addresses.json, and the key under keys/
  std::string target;          // "127.0.0.1:8081"; "": what addresses.json says
  std::string token;           // "": `token_file`, or else one made with the local platform's key
  std::string token_file;
  std::string tls_roots_file;   // PEM; TLS when set, "system" trusts the system's roots
  std::string tenant = "demo";  // of a token made here
};

// What the local platform wrote when it was ready, by name. NOT_FOUND when none is ready in that folder.
absl::StatusOr<std::map<std::string, std::string>> ReadAddresses(const std::string& data);

// Signed with the key of the platform in `data`. NOT_FOUND without one: a key is never made here. INVALID_FIELD names
// the option that gave the claim.
absl::StatusOr<std::string> MakeToken(const std::string& data, const security::TokenClaims& claims);

// A client with an operator's token for `options.tenant`, unless another was given. `service`: the process that serves
// the call where services are processes of their own; a platform in one process serves them all.
absl::StatusOr<std::unique_ptr<rpc::Client>> Connect(const ConnectionOptions& options,
                                                     const std::string& service = "admin");

// `call` with a fresh request id, and once more with an id of the shard's time when the answer is that this machine's
// clock differs from it.
absl::Status CallWithRequestId(const std::function<absl::Status(const std::string& request_id)>& call);

}  // namespace meridian::ctl
