// What became of each contact: when it arrived (in an open loop: was due), when it was acknowledged, offered, ended.
// An offer may overtake the acknowledgement that names its contact. Owned by the run; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>

#include "tests/benchmark/platform/latency_histogram.h"

namespace meridian::load {

struct Figures {
  LatencyHistogram sent;          // from when it was due until the client sent it
  LatencyHistogram acknowledged;  // from the arrival, of the contacts that arrived while measuring
  LatencyHistogram offered;
  LatencyHistogram ended;
  LatencyHistogram refused;
  // From the request on: of what was asked, and answered, while measuring.
  LatencyHistogram accepts;
  LatencyHistogram completes;
  LatencyHistogram messages;  // of customers in conversations that go on
  int64_t arrived = 0;
  int64_t completed = 0;  // ended while measuring, whenever they arrived
  std::map<std::string, int64_t>
      mishaps;  // refusals, rescinded offers, lost assignments: by reason, over the whole run, or since Remeasure
};

class Scoreboard {
 public:
  // `on_done` is called without a lock when a contact was acknowledged and has ended, or was refused; after 1,000
  // refusals no more, so that a closed loop against a server that is gone comes to rest.
  explicit Scoreboard(std::function<void()> on_done) : on_done_(std::move(on_done)) {}

  // Contacts that arrive in [from, to) of the monotonic clock are measured. Before the first arrival.
  void Measure(int64_t from_ns, int64_t to_ns);
  // As Measure, and forgets the figures so far; between two parts of a run.
  void Remeasure(int64_t from_ns, int64_t to_ns);

  void Arrived(int64_t arrival_ns);
  void Acknowledged(const std::string& contact, int64_t arrival_ns);
  void Refused(const std::string& reason, int64_t arrival_ns);
  void Offered(const std::string& contact);
  void Ended(const std::string& contact);
  void Mishap(const std::string& what);
  // Live work that was asked for at `asked_ns` is done now.
  void Accepted(int64_t asked_ns) { Note(&Figures::accepts, asked_ns); }
  void Completed(int64_t asked_ns) { Note(&Figures::completes, asked_ns); }
  void Said(int64_t asked_ns) { Note(&Figures::messages, asked_ns); }

  int64_t outstanding() const;
  int64_t first_offer_ns() const;  // 0: none yet
  Figures figures() const;

 private:
  struct Cycle {
    int64_t arrival = 0;  // 0: not acknowledged yet
    int64_t offered = 0;
    int64_t ended = 0;
  };
  bool Measured(int64_t arrival_ns) const { return arrival_ns >= from_ns_ && arrival_ns < to_ns_; }
  void Note(LatencyHistogram Figures::*histogram, int64_t asked_ns);
  void Finish(std::unordered_map<std::string, Cycle>::iterator cycle);

  const std::function<void()> on_done_;
  mutable std::mutex mutex_;
  int64_t from_ns_ = 0;
  int64_t to_ns_ = 0;
  int64_t outstanding_ = 0;
  int64_t refused_ = 0;
  int64_t first_offer_ns_ = 0;
  std::unordered_map<std::string, Cycle> cycles_;
  Figures figures_;
};

}  // namespace meridian::load
