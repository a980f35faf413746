// Submits contacts by unary calls, spread evenly over the tenant's lines and languages and over the connections: a new
// customer and 60 bytes of text each. Owned by the run. Submit on any thread; outlives its calls (see
// Scoreboard::outstanding).
#pragma once

#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "libs/app/id_source.h"
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
            IdSource& ids, Scoreboard& scoreboard);
  ~Submitter();

  // Sends one; `arrival_ns` is when it was due. Never blocks.
  void Submit(int64_t arrival_ns);

 private:
  struct Call;
  struct Stubs;
  void Fill(ingress::v1::SubmitContactRequest& request);

  const std::string authorization_;
  IdSource& ids_;
  Scoreboard& scoreboard_;
  std::unique_ptr<Stubs> stubs_;
  std::mutex mutex_;  // guards the two below
  std::mt19937_64 random_;
  size_t next_stub_ = 0;
};

}  // namespace meridian::load
