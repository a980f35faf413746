// After a term whose acknowledged tail may be lost (TermGrant::tail_at_risk), gateways and ingresses send again what
// was acknowledged in the last 30 s; until each has said so, or 2 s have passed, the shard makes no offers. Kept by the
// loop; one thread at a time.
#pragma once

#include <set>
#include <string>

#include "libs/runtime/clock.h"

namespace meridian {

class ReplayWindow {
 public:
  static constexpr Duration kLongest = Duration::Seconds(2);

  void Register(std::string client) { clients_.insert(std::move(client)); }
  void Unregister(const std::string& client) { clients_.erase(client); }
  void Replayed(const std::string& client) { replayed_.insert(client); }

  void Open(MonotonicInstant now) {
    replayed_.clear();
    ends_ = now + kLongest;
    open_ = true;
  }
  void Close() { open_ = false; }
  bool is_open() const { return open_; }
  // Open, and nothing more to wait for. Without registered clients it waits its full length: they may yet come.
  bool IsOver(MonotonicInstant now) const {
    if (!open_) return false;
    if (now >= ends_) return true;
    for (const std::string& client : clients_) {
      if (!replayed_.contains(client)) return false;
    }
    return !clients_.empty();
  }
  MonotonicInstant NextWake() const { return open_ ? ends_ : MonotonicInstant::Never(); }

 private:
  bool open_ = false;
  MonotonicInstant ends_;
  std::set<std::string> clients_;
  std::set<std::string> replayed_;
};

}  // namespace meridian
