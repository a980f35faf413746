// Many agents on one stream of AgentService.Connect: they attach again where they are refused, accept each offer and
// complete each contact at once. Owned by the run; made and stopped on one thread, works on gRPC's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/app/id_source.h"
#include "libs/base/time.h"
#include "tests/benchmark/platform/scoreboard.h"

namespace grpc {
class Channel;
}

namespace meridian::load {

class AgentStream {
 public:
  // Starts to attach `agents`, which the token must name.
  AgentStream(std::shared_ptr<grpc::Channel> channel, const std::string& token, std::vector<std::string> agents,
              IdSource& ids, Scoreboard& scoreboard);
  // Cuts the stream and waits for its end.
  ~AgentStream();

  // Until all are attached; DEADLINE_EXCEEDED, or how the stream ended.
  absl::Status AwaitAttached(Duration limit);

  // Whether the agents keep the contacts that they are connected with from now on, instead of completing them at once;
  // how many they keep; and that they complete those.
  void Keep(bool keeping);
  size_t kept() const;
  void CompleteKept();

 private:
  class Reactor;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace meridian::load
