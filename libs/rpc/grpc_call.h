// One proto service of a MethodTable as a grpc::Service: its methods take raw bytes, pass the gate and reach their
// handlers. The only classes that derive from gRPC's reactors are in grpc_call.cc. Inside libs/rpc only.
#pragma once

#include <grpcpp/impl/service_type.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/rpc/call_gate.h"
#include "libs/rpc/call_observer.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/rpc/method_table.h"
#include "libs/rpc/stream_session.h"

namespace meridian::rpc {

// The streams that a drain has to end. Any thread.
class OpenStreams {
 public:
  // False while draining: the stream must not open.
  bool Add(const std::shared_ptr<StreamSession>& session);
  void Remove(const StreamSession* session);
  // Ends all that are open and refuses more.
  void FinishAll(const absl::Status& status);

 private:
  std::mutex mutex_;
  std::map<const StreamSession*, std::weak_ptr<StreamSession>> sessions_;
  bool draining_ = false;
};

// What every call of a server needs; outlives them.
struct CallEnvironment {
  const CallGate& gate;
  DeadlineTimer& timer;
  CallObserver* observer;  // may be null
  StreamOptions stream;
  OpenStreams open_streams;
};

// Serves `methods`, all of one proto service.
std::unique_ptr<grpc::Service> MakeService(const std::vector<const Method*>& methods, CallEnvironment* environment);

}  // namespace meridian::rpc
