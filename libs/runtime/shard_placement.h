// The port that says which processes live and which shards each of them holds, how many shards an installation has, and
// which process an operator wishes for a shard. It decides nothing: leases say who owns a shard, terms fence what is
// written (shard_leases.h, shard_store.h); this is how processes find each other and share the shards out.
// Implementations: libs/store. Any thread; callbacks as in shard_store.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/runtime/shard_id.h"

namespace meridian {

// What a process says of itself.
struct ShardProcess {
  ShardKind kind = ShardKind::kRouting;  // of the shards that it may hold
  std::string address;                   // "host:port" where it is called; unique among the processes of its kind
  bool leaving = false;                  // it takes no shard any more and gives away what it holds
  std::string trust;                     // what all must share to be able to call each other; one word, not empty
  std::vector<uint32_t> serving;         // shards, rising
  std::vector<uint32_t> held;            // held, but not served: being taken or given away; rising

  friend bool operator==(const ShardProcess&, const ShardProcess&) = default;
};

struct PlacementView {
  std::map<ShardKind, uint32_t> counts;   // shards of a kind are 0 to count − 1; none: not fixed yet
  std::vector<ShardProcess> processes;    // those that live, by kind and address
  std::map<ShardId, std::string> wishes;  // the address that an operator wishes for a shard
  uint64_t assignments = 0;               // rises with every assignment in the ShardDirectory

  uint32_t CountOf(ShardKind kind) const {
    const auto found = counts.find(kind);
    return found == counts.end() ? 0 : found->second;
  }
  friend bool operator==(const PlacementView&, const PlacementView&) = default;
};

// Unheard of for so long, a process is taken for dead.
inline constexpr Duration kProcessTtl = Duration::Milliseconds(1500);

// What Announce answers while the process at `address` lives and trusts others.
inline absl::Status OtherTrust(const std::string& address) {
  return absl::FailedPreconditionError("the process at " + address + " has another signing key, or other TLS");
}

class ShardPlacement {
 public:
  virtual ~ShardPlacement() = default;

  // Fixes how many shards of a kind there are, durably, unless that has been done; answers the number in force.
  virtual void FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) = 0;
  // The same of the region whose store this is.
  virtual void FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) = 0;

  // The process lives, and will be taken to for `ttl`. In place of what it said before. FAILED_PRECONDITION, and
  // nothing is changed, while another lives whose `trust` is another.
  virtual void Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) = 0;
  // It is gone. Idempotent.
  virtual void Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) = 0;

  // Durably; an empty address ends the wish.
  virtual void Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) = 0;

  virtual void View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) = 0;

  // `on_change` is called, soon, when a view may have changed by a call of any process, but not when a process is no
  // longer heard of; a call may be lost with a connection. Ends when destroyed, after which no call comes; a call may
  // destroy its own subscription.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  virtual std::unique_ptr<Subscription> Watch(std::function<void()> on_change) = 0;
};

}  // namespace meridian
