// A Redis server of a test's own: redis-server on a Unix socket in a temporary folder, and on a free TCP port; ended by
// its process id, also when the test dies. One thread, that which made it, which must live as long.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/testing/temporary_folder.h"

namespace meridian::testing {

class RedisServer {
 public:
  struct Options {
    std::vector<std::string> settings;  // further arguments, e.g. "--appendfsync", "always"
    bool sentinel = false;              // `settings` are then lines of its configuration file
    std::string admin_password;         // of a user `admin`, which Command then is; the default user is off
    bool tls = false;                   // `settings` name the certificates; the port speaks TLS only
  };

  // As the store demands it: append-only file, no eviction. Returns when it accepts connections.
  explicit RedisServer(Options options);
  RedisServer() : RedisServer(Options{}) {}
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  const std::string& socket_path() const { return socket_path_; }
  uint16_t port() const { return port_; }
  pid_t pid() const { return pid_; }
  const std::string& folder() const { return folder_.path(); }

  // One command over the Unix socket; the reply as text, an array's elements a line each. Errors begin with "-".
  std::string Command(const std::vector<std::string>& arguments);
  // Calls Command until the reply holds `wanted`, at most 30 s.
  void AwaitReply(const std::vector<std::string>& arguments, const std::string& wanted);

  // SIGKILL; nothing is written any more.
  void Kill();
  // SIGSTOP and SIGCONT: the server is there and does not answer. Returns when it has stopped.
  void Freeze(bool freeze);
  // Starts it again over its files, at the same addresses.
  void Start();
  // Ends it, takes its files away, starts it again: as if its disk had been lost.
  void StartEmpty();

  // Returns when the primary counts it and sends it what it writes.
  void ReplicateFrom(RedisServer& primary);
  void Promote();

 private:
  std::vector<std::string> Arguments() const;
  bool TryStart();
  bool AwaitReady();

  const Options options_;
  const TemporaryFolder folder_;
  const std::string socket_path_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace meridian::testing
