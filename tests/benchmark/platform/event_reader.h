// One reader of the tenant's events, as an integrator has: counts them and proves that no sequence has a gap. Owns its
// thread; made and asked on one other.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "libs/rpc/client.h"

namespace meridian::event::v1 {
class Event;
}

namespace meridian::load {

class EventReader {
 public:
  // Reads new events only.
  EventReader(const std::string& target, const std::string& token);
  ~EventReader();

  int64_t events() const { return events_; }
  int64_t gaps() const { return gaps_; }

 private:
  void Read();
  void Judge(const event::v1::Event& event);

  std::unique_ptr<rpc::Client> client_;
  std::unique_ptr<rpc::ClientStream> stream_;
  std::map<std::pair<int, uint64_t>, uint64_t> last_;  // the last sequence by topic and term; the reading thread's
  std::atomic<int64_t> events_ = 0;
  std::atomic<int64_t> gaps_ = 0;
  std::thread thread_;
};

}  // namespace meridian::load
