#include "libs/store/redis_durability_lane.h"

#include <utility>

namespace meridian {

RedisDurabilityLane::RedisDurabilityLane(const RedisOptions& options, RedisLink* link)
    : options_(options), link_(link) {}

void RedisDurabilityLane::Await(const std::string& base, Done done, Duration patience) {
  if (!link_->up()) return done(RedisReplication::kLost);
  if (!link_->durability_lane_needed()) return done(RedisReplication::kDone);
  base_ = base;
  waiting_.push_back({std::move(done), options_.monotonic->Now() + patience});
}

void RedisDurabilityLane::Tick() {
  if (busy_ || waiting_.empty() || !link_->up()) return;
  busy_ = true;
  marked_ = false;
  under_way_.swap(waiting_);
  const int needed = options_.durability == RedisDurability::kStrict ? options_.replicas : 1;
  link_->SendDurability(RedisCall("marker", base_, {std::to_string(++markers_)}),
                        [this](RedisReply reply) { OnMarker(reply); });
  link_->SendDurability({"WAIT", std::to_string(needed), std::to_string(options_.wait_timeout.ToMilliseconds())},
                        [this](RedisReply reply) { OnWait(reply); });
}

void RedisDurabilityLane::OnMarker(RedisReply reply) {
  if (reply.lost()) return;  // and so is the wait
  if (reply.is_error()) {
    link_->Fail(StatusOfReply(reply));
  } else if (reply.text() != link_->server()) {
    link_->Fail(absl::UnavailableError("the marker was written to another Redis server"));
  } else {
    marked_ = true;
  }
}

void RedisDurabilityLane::OnWait(RedisReply reply) {
  const int needed = options_.durability == RedisDurability::kStrict ? options_.replicas : 1;
  if (reply.is_error()) link_->Fail(StatusOfReply(reply));
  if (reply.lost() || reply.is_error() || !marked_) return Settle(RedisReplication::kLost);
  Settle(reply.number() >= static_cast<uint64_t>(needed) ? RedisReplication::kDone : RedisReplication::kShort);
}

void RedisDurabilityLane::Settle(RedisReplication how) {
  busy_ = false;
  std::vector<Waiter> settled;
  settled.swap(under_way_);
  const MonotonicInstant now = options_.monotonic->Now();
  for (Waiter& waiter : settled) {
    if (how == RedisReplication::kShort && now < waiter.until) {
      waiting_.push_back(std::move(waiter));
    } else {
      waiter.done(how);
    }
  }
}

// What is under way is answered by its connection, as lost.
void RedisDurabilityLane::OnDown() {
  std::vector<Waiter> lost;
  lost.swap(waiting_);
  for (Waiter& waiter : lost) waiter.done(RedisReplication::kLost);
}

}  // namespace meridian
