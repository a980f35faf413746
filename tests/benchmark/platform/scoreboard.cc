#include "tests/benchmark/platform/scoreboard.h"

#include "tests/benchmark/platform/access.h"

namespace meridian::load {
namespace {

constexpr int64_t kMostRefusals = 1000;

}  // namespace

void Scoreboard::Measure(int64_t from_ns, int64_t to_ns) {
  std::lock_guard lock(mutex_);
  from_ns_ = from_ns;
  to_ns_ = to_ns;
}

void Scoreboard::Remeasure(int64_t from_ns, int64_t to_ns) {
  std::lock_guard lock(mutex_);
  figures_ = {};
  from_ns_ = from_ns;
  to_ns_ = to_ns;
}

void Scoreboard::Arrived(int64_t arrival_ns) {
  const int64_t now = MonotonicNs();
  std::lock_guard lock(mutex_);
  ++outstanding_;
  if (!Measured(arrival_ns)) return;
  ++figures_.arrived;
  figures_.sent.Record(now - arrival_ns);
}

void Scoreboard::Acknowledged(const std::string& contact, int64_t arrival_ns) {
  {
    const int64_t now = MonotonicNs();
    std::lock_guard lock(mutex_);
    auto cycle = cycles_.try_emplace(contact).first;
    cycle->second.arrival = arrival_ns;
    if (Measured(arrival_ns)) {
      figures_.acknowledged.Record(now - arrival_ns);
      if (cycle->second.offered != 0) figures_.offered.Record(cycle->second.offered - arrival_ns);
    }
    if (cycle->second.ended == 0) return;
    Finish(cycle);
  }
  on_done_();
}

void Scoreboard::Refused(const std::string& reason, int64_t arrival_ns) {
  {
    const int64_t now = MonotonicNs();
    std::lock_guard lock(mutex_);
    --outstanding_;
    if (Measured(arrival_ns)) figures_.refused.Record(now - arrival_ns);
    ++figures_.mishaps["refused: " + reason];
    if (++refused_ > kMostRefusals) return;
  }
  on_done_();
}

void Scoreboard::Offered(const std::string& contact) {
  const int64_t now = MonotonicNs();
  std::lock_guard lock(mutex_);
  if (first_offer_ns_ == 0) first_offer_ns_ = now;
  Cycle& cycle = cycles_[contact];
  if (cycle.offered != 0) {  // a second offer: the first one is what counts
    ++figures_.mishaps["offered again"];
    return;
  }
  cycle.offered = now;
  if (cycle.arrival != 0 && Measured(cycle.arrival)) figures_.offered.Record(now - cycle.arrival);
}

void Scoreboard::Ended(const std::string& contact) {
  {
    const int64_t now = MonotonicNs();
    std::lock_guard lock(mutex_);
    auto cycle = cycles_.find(contact);
    if (cycle == cycles_.end()) return;  // work of an earlier run
    cycle->second.ended = now;
    if (Measured(now)) ++figures_.completed;
    if (cycle->second.arrival == 0) return;
    Finish(cycle);
  }
  on_done_();
}

void Scoreboard::Mishap(const std::string& what) {
  std::lock_guard lock(mutex_);
  ++figures_.mishaps[what];
}

void Scoreboard::Note(LatencyHistogram Figures::*histogram, int64_t asked_ns) {
  const int64_t now = MonotonicNs();
  std::lock_guard lock(mutex_);
  if (Measured(asked_ns)) (figures_.*histogram).Record(now - asked_ns);
}

int64_t Scoreboard::outstanding() const {
  std::lock_guard lock(mutex_);
  return outstanding_;
}

int64_t Scoreboard::first_offer_ns() const {
  std::lock_guard lock(mutex_);
  return first_offer_ns_;
}

Figures Scoreboard::figures() const {
  std::lock_guard lock(mutex_);
  return figures_;
}

void Scoreboard::Finish(std::unordered_map<std::string, Cycle>::iterator cycle) {
  if (Measured(cycle->second.arrival)) figures_.ended.Record(cycle->second.ended - cycle->second.arrival);
  cycles_.erase(cycle);
  --outstanding_;
}

}  // namespace meridian::load
