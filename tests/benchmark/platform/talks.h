// Conversations whose contacts agents have and keep: their customers write by unary calls, in turn. Owned by the run;
// any thread. Outlives its calls: AwaitAnswered.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "tests/benchmark/platform/scoreboard.h"
#include "tests/soak/journal.h"

namespace grpc {
class Channel;
}

namespace meridian::load {

class Talks {
 public:
  // `journal` may be null.
  Talks(std::shared_ptr<grpc::Channel> channel, const std::string& token, Scoreboard& scoreboard,
        soak::Journal* journal);
  ~Talks();

  void Add(const std::string& conversation);
  // The next customer says something that was due at `due_ns`. Never blocks.
  void Say(int64_t due_ns);
  bool AwaitAnswered(Duration limit);
  // What was refused stands on the scoreboard.
  int64_t said() const;

 private:
  struct Call;
  struct Stub;
  struct Talk {
    std::string conversation;
    uint64_t last = 1;  // the customer's number of its last message; the first one came with the contact
  };

  const std::string authorization_;
  Scoreboard& scoreboard_;
  soak::Journal* const journal_;
  const std::unique_ptr<Stub> stub_;
  mutable std::mutex mutex_;
  std::vector<Talk> talks_;
  size_t next_ = 0;
  int64_t unanswered_ = 0;
  int64_t said_ = 0;
};

}  // namespace meridian::load
