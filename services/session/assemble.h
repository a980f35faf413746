// Session, put together: options and ports → a service with a thread of its own that steps its shards.
//
//   auto session = AssembleSession(options, ports);
//   session->Start();
//   … session->client() …
//   session->Drain(Duration::Seconds(5));
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/runtime/shard_thread.h"
#include "services/session/session_service.h"

namespace meridian {

// Of SessionOptions::keep_closed.
inline constexpr Duration kShortestKept = Duration::Seconds(1);
inline constexpr Duration kLongestKept = Duration::Hours(3650 * 24);

struct AssembleSessionOptions {
  uint32_t shards = 1;  // session shards 0 … shards − 1; fixed for an installation (session_service.h)
  std::vector<ShardId> routing_shards = {{ShardKind::kRouting, 0}};
  std::string owner;   // the process, "standalone-4711"
  uint64_t nonce = 1;  // random per process
  Duration lease_ttl = Duration::Seconds(10);
  conversation::SessionOptions core;
};

class AssembledSession {
 public:
  AssembledSession(const AssembleSessionOptions& options, const SessionPorts& ports);

  SessionClient& client() { return service_; }
  const SessionService& service() const { return service_; }
  // Takes the leases and serves; commands posted before wait.
  void Start();
  // Stops taking work, makes durable what was taken, ends the readings, and joins. False when `patience` was not
  // enough. Once.
  bool Drain(Duration patience) { return thread_.Drain(patience); }

 private:
  SessionService service_;
  ShardThread thread_;
};

// The ports must outlive what is answered.
std::unique_ptr<AssembledSession> AssembleSession(const AssembleSessionOptions& options, const SessionPorts& ports);

}  // namespace meridian
