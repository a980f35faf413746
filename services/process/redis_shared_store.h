// The store that the processes of a region share: Redis. Main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "services/process/shared_store.h"

namespace meridian {

struct RedisStoreArguments {
  std::vector<std::string> redis;  // "host:port": the server, or the sentinels
  std::string sentinel_master;
  std::string user;
  std::string password_file;  // its first line; empty: no password
  std::string durability = "replicated";
  int64_t replicas = 1;

  void BindTo(CommandLine& line);
};

// Blocks until the server was found and verified. INVALID_ARGUMENT for arguments that are none; else as
// RedisStore::Open.
absl::StatusOr<SharedStore> OpenSharedStore(const RedisStoreArguments& arguments, Environment& environment);

}  // namespace meridian
