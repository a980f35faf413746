// Submits contacts by unary calls, spread evenly over the tenant's lines and languages and over the connections: a new
// customer and 60 bytes of text each. Owned by the run. Submit on any thread; outlives its calls (see
// Scoreboard::outstanding).
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "libs/app/id_source.h"
#include "libs/base/time.h"
#include "tests/benchmark/platform/scoreboard.h"

namespace grpc {
class Channel;
}
namespace meridian::ingress::v1 {
class SubmitContactRequest;
}

namespace meridian::load {

inline constexpr int kLines = 8;
inline constexpr int kLanguages = 4;

class Submitter {
 public:
  Submitter(const std::vector<std::shared_ptr<grpc::Channel>>& channels, const std::string& token, uint64_t seed,
            IdSource& ids, Scoreboard& scoreboard, Duration timeout);
  ~Submitter();

  // Told of each contact that was acknowledged, before the scoreboard is; on gRPC's threads. Before the first Submit.
  using Acknowledged =
      std::function<void(const std::string& request_id, const std::string& contact, const std::string& conversation)>;
  void OnAcknowledged(Acknowledged told) { acknowledged_ = std::move(told); }
  // Sends one; `arrival_ns` is when it was due. Never blocks.
  void Submit(int64_t arrival_ns);

 private:
  struct Call;
  struct Stubs;
  void Fill(ingress::v1::SubmitContactRequest& request);

  const std::string authorization_;
  const Duration timeout_;  // of each call
  IdSource& ids_;
  Scoreboard& scoreboard_;
  Acknowledged acknowledged_ = [](const auto&, const auto&, const auto&) {};
  std::unique_ptr<Stubs> stubs_;
  std::mutex mutex_;  // guards the two below
  std::mt19937_64 random_;
  size_t next_stub_ = 0;
};

}  // namespace meridian::load
