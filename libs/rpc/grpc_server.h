// The gRPC server of a process: serves a MethodTable, health (grpc.health.v1, without a token) and, when told,
// reflection. Owns its threads (gRPC's). Start, Drain, destroy on one thread; the table, gate, timer and observer must
// outlive it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/rpc/call_gate.h"
#include "libs/rpc/call_observer.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/rpc/method_table.h"
#include "libs/rpc/stream_session.h"
#include "libs/rpc/tls_files.h"

namespace meridian::rpc {

// A name of health that says whether the process answers at all: SERVING, whatever SetServing says.
inline constexpr char kAliveHealthName[] = "alive";

struct GrpcServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0 chooses a free one
  std::optional<TlsFiles> tls;
  bool reflection = false;
  size_t max_request_bytes = 1 << 20;
  Duration keepalive_interval = Duration::Seconds(20);  // a ping to silent clients …
  Duration keepalive_timeout = Duration::Seconds(10);   // … which are gone when they do not answer within this
  StreamOptions stream;
};

class GrpcServer {
 public:
  // UNAVAILABLE with reason ADDRESS_IN_USE when the port cannot be bound; INVALID_ARGUMENT as CheckTlsFiles.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const GrpcServerOptions& options, const MethodTable& methods,
                                                           const CallGate& gate, DeadlineTimer& timer,
                                                           CallObserver* observer);
  // As Drain with one second, unless drained already.
  virtual ~GrpcServer() = default;

  virtual int port() const = 0;
  // What health says, per service and for "" (all). Starts as serving.
  virtual void SetServing(bool serving) = 0;
  // No new calls; streams end UNAVAILABLE (DRAINING) after what was sent; unary calls may finish. What is left after
  // `patience` is cancelled. Returns when no handler runs any more.
  virtual void Drain(Duration patience) = 0;
};

}  // namespace meridian::rpc
