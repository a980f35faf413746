#include "libs/store/redis_subscriber.h"

#include <algorithm>
#include <utility>

namespace meridian {

RedisSubscriber::RedisSubscriber(const RedisOptions& options, const RedisKeys& keys, RedisLink* link, Events events)
    : options_(options), keys_(keys), link_(link), events_(std::move(events)) {}

void RedisSubscriber::Listen(ShardId shard) {
  const auto [at, added] = channels_.emplace(keys_.Channel(shard), shard);
  if (added && connection_) Subscribe(at->first);
}

void RedisSubscriber::ListenTo(std::string channel, std::function<void()> on_news) {
  const auto [at, added] = others_.emplace(std::move(channel), std::move(on_news));
  if (added && connection_) Subscribe(at->first);
}

void RedisSubscriber::Open() {
  const MonotonicInstant now = options_.monotonic->Now();
  open_at_ = now + options_.longest_retry;
  connection_ = link_->OpenAnother({.connect_timeout = options_.connect_timeout,
                                    .command_timeout = options_.command_timeout,
                                    .on_push = [this](RedisReply reply) { OnPush(reply); }});
  if (!connection_) return;
  heard_ = now;
  ping_at_ = now + options_.check_every;
  for (const auto& [channel, shard] : channels_) Subscribe(channel);
  for (const auto& [channel, on_news] : others_) Subscribe(channel);
}

void RedisSubscriber::Subscribe(const std::string& channel) { connection_->SendUnanswered({"SUBSCRIBE", channel}); }

void RedisSubscriber::OnPush(RedisReply reply) {
  heard_ = options_.monotonic->Now();
  if (reply.is_error()) {
    connection_->Close(StatusOfReply(reply));
    return;
  }
  const std::string channel(reply.at(1).text());
  if (const auto other = others_.find(channel); other != others_.end()) return other->second();
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  if (reply.at(0).text() == "subscribe") events_.subscribed(found->second);
  if (reply.at(0).text() != "message") return;
  if (const auto position = ParseRedisPosition(reply.at(2).text())) events_.announced(found->second, *position);
}

void RedisSubscriber::Drop() {
  if (!connection_) return;
  connection_->Close(absl::CancelledError("the link went down"));
  link_->Retire(std::move(connection_));
  ping_at_ = MonotonicInstant::Never();
}

void RedisSubscriber::OnDown() {
  Drop();
  open_at_ = {};
}

void RedisSubscriber::Tick() {
  const MonotonicInstant now = options_.monotonic->Now();
  if (connection_) connection_->Tick();
  if (connection_ && (connection_->closed() || now >= heard_ + options_.command_timeout)) Drop();
  if (!connection_ && listens() && link_->up() && now >= open_at_) Open();
  if (connection_ && now >= ping_at_) {
    ping_at_ = now + options_.check_every;
    connection_->SendUnanswered({"PING"});
  }
  if (connection_) connection_->Tick();
}

MonotonicInstant RedisSubscriber::NextWake() const {
  if (connection_) return std::min({connection_->NextWake(), ping_at_, heard_ + options_.command_timeout});
  return !listens() || !link_->up() ? MonotonicInstant::Never() : open_at_;
}

}  // namespace meridian
