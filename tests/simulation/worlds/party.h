// Whoever takes part in a world: a process, a gateway, a customer, an agent. It dies and comes again, and may stand
// still for a while; what reaches it meanwhile waits.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/worlds/schedule.h"

namespace meridian::worlds {

// From one start to its death; shared with all that is under way to it or from it.
struct Life {
  bool alive = true;
  bool last_words_arrive = false;  // what it had sent before its death may still reach the store
};

class Party {
 public:
  Party(Schedule& schedule, std::string name) : schedule_(schedule), name_(std::move(name)) {}
  virtual ~Party() = default;
  Party(const Party&) = delete;
  Party& operator=(const Party&) = delete;

  Schedule& schedule() const { return schedule_; }
  const std::string& name() const { return name_; }
  bool alive() const { return life_ != nullptr && life_->alive; }
  const std::shared_ptr<Life>& life() const { return life_; }
  bool frozen() const { return schedule_.now() < frozen_until_; }
  Duration frozen_until() const { return frozen_until_; }

  void Freeze(Duration time) {
    frozen_until_ = schedule_.now() + time;
    keeps_what_it_sent_ = schedule_.Happens(500);
    Note("stands still for " + std::to_string(time.ToMilliseconds()) + " ms");
  }
  // What it sent and has not arrived lies in its own memory until it goes on; nothing that it sent later overtakes
  // that.
  bool KeepsWhatItSent() const { return alive() && keeps_what_it_sent_ && (frozen() || !waiting_.empty()); }
  void Thaw() { frozen_until_ = schedule_.now(); }

  // Runs `call` now, or when it no longer stands still, in order; `dead`, if given, when this life ends before that.
  void WhenAwake(Schedule::Call call, Schedule::Call dead = nullptr) {
    if (!alive()) return;
    if (!frozen() && waiting_.empty()) return call();
    waiting_.push_back({std::move(call), std::move(dead)});
    if (waiting_.size() == 1) AwaitThaw();
  }
  // Runs `call` after a while of this life.
  void After(Duration delay, Schedule::Call call) {
    schedule_.After(delay, [this, life = life_, call = std::move(call)]() mutable {
      if (life->alive) WhenAwake(std::move(call));
    });
  }
  void Note(std::string_view what) const { schedule_.Note(name_, what); }

 protected:
  void Begin() { life_ = std::make_shared<Life>(); }
  void End(bool last_words_arrive) {
    life_->alive = false;
    life_->last_words_arrive = last_words_arrive;
    frozen_until_ = Duration::Zero();
    for (Waiting& waiting : std::exchange(waiting_, {})) {
      if (waiting.dead) schedule_.After(Duration::Zero(), std::move(waiting.dead));
    }
  }

 private:
  struct Waiting {
    Schedule::Call call;
    Schedule::Call dead;
  };

  void AwaitThaw() {
    schedule_.After(frozen_until_ - schedule_.now(), [this, life = life_] {
      if (!life->alive) return;
      if (frozen()) return AwaitThaw();
      while (life->alive && !waiting_.empty()) {
        Schedule::Call call = std::move(waiting_.front().call);
        waiting_.pop_front();
        call();
      }
    });
  }

  Schedule& schedule_;
  const std::string name_;
  std::shared_ptr<Life> life_;
  Duration frozen_until_;
  bool keeps_what_it_sent_ = false;  // while it stands still
  std::deque<Waiting> waiting_;
};

}  // namespace meridian::worlds
