// The least that gRPC can do here: a server that sends 200 bytes back, and its caller. What the platform costs is read
// beside it, measured in the same run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/benchmark/platform/latency_histogram.h"

namespace grpc {
class Channel;
}

namespace meridian::load {

// Serves on a free port of 127.0.0.1, prints the address as a line, and returns when standard input ends.
absl::Status ServeEcho();

class EchoCaller {
 public:
  // `on_done` is called, without a lock, after each call, with how long it took since it was due.
  EchoCaller(const std::vector<std::shared_ptr<grpc::Channel>>& channels,
             std::function<void(bool ok, int64_t arrival_ns)> on_done);
  ~EchoCaller();

  void Call(int64_t arrival_ns);  // any thread; never blocks

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meridian::load
