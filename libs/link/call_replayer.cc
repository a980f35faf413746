#include "libs/link/call_replayer.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace meridian {

namespace pb = internal::link::v1;

namespace {

constexpr Duration kTimeout = Duration::Seconds(30);

size_t BytesOf(const LinkCall& call) { return sizeof(call) + call.tenant.value.size() + call.body.size(); }

}  // namespace

CallReplayer::CallReplayer(ShardKind kind, CallReplayerPorts ports) : kind_(kind), ports_(std::move(ports)) {}

CallReplayer::~CallReplayer() { Stop(); }

void CallReplayer::Stop() {
  std::map<std::string, std::unique_ptr<StandingFeed>> ended;
  std::lock_guard lock(feeds_mutex_);
  stopped_ = true;
  ended.swap(feeds_);
}

void CallReplayer::Keep(LinkCall call, const Acknowledgement& answered) {
  bool first = false;
  {
    std::lock_guard lock(mutex_);
    const size_t bytes = BytesOf(call);
    shards_[call.shard].kept.Keep(std::move(call), answered, bytes, ports_.clock->Now());
    first = !std::exchange(following_, true);
  }
  if (first) FollowServers();
}

void CallReplayer::KeepLost(Calls::Kept lost) {
  std::lock_guard lock(mutex_);
  shards_[lost.command.shard].kept.KeepLost(std::move(lost));
}

// ---- the servers' terms ----

void CallReplayer::FollowServers() {
  {
    std::lock_guard lock(mutex_);
    if (!following_) return;
  }
  const std::vector<std::string> live = ports_.addresses();
  std::lock_guard lock(feeds_mutex_);
  if (stopped_) return;
  std::erase_if(feeds_,
                [&live](const auto& feed) { return !std::binary_search(live.begin(), live.end(), feed.first); });
  for (const std::string& address : live) {
    auto& feed = feeds_[address];
    if (feed == nullptr) feed = Follow(address);
  }
}

std::unique_ptr<StandingFeed> CallReplayer::Follow(const std::string& address) {
  const bool routing = kind_ == ShardKind::kRouting;
  StandingFeedPlan plan;
  plan.open = [this, address, routing](std::shared_ptr<FeedEvents> events) {
    return ports_.link_to(address).Follow(
        {.method = routing ? pb::METHOD_FOLLOW_ROUTING_TERMS : pb::METHOD_FOLLOW_SESSION_TERMS,
         .tenant = {},
         .lane = Lane::kLiveWork,
         .body = {}},
        std::move(events));
  };
  plan.on_item = [this, address](std::string_view item) { OnTerm(address, item); };
  plan.on_ended = [](const absl::Status&) {};  // it does not ask
  plan.timer = ports_.timer;
  return std::make_unique<StandingFeed>(std::move(plan));
}

void CallReplayer::OnTerm(const std::string& address, std::string_view bytes) {
  pb::TermItem item;
  if (!item.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  std::vector<Calls::Kept> lost;
  {
    std::lock_guard lock(mutex_);
    Shard& shard = shards_[item.shard()];
    if (item.term() < shard.term) return;  // of an owner before the one that is known
    shard.term = item.term();
    lost = shard.kept.TakeLost(item.term(), item.survived());
  }
  LinkClient& link = ports_.link_to(address);
  for (Calls::Kept& one : lost) SendAgain(link, std::move(one), item.term());
  pb::TermReplayed replayed;
  replayed.set_shard(item.shard());
  replayed.set_term(item.term());
  replayed.set_stream(item.stream());
  LinkCall call;
  call.method = kind_ == ShardKind::kRouting ? pb::METHOD_ROUTING_REPLAYED : pb::METHOD_SESSION_REPLAYED;
  call.shard = item.shard();
  call.lane = Lane::kLiveWork;
  call.body = replayed.SerializeAsString();
  call.replay_of = ReplayOf{item.shard(), item.term(), {}};
  link.Call(std::move(call), [](absl::StatusOr<std::string>) {});  // over a broken stream the server asks once more
}

void CallReplayer::SendAgain(LinkClient& link, Calls::Kept lost, uint64_t term) {
  LinkCall again = lost.command;
  again.timeout = kTimeout;
  again.replay_of = ReplayOf{lost.command.shard, term, lost.answered};
  auto answered = std::make_shared<std::optional<Acknowledgement>>();
  link.Call(
      std::move(again),
      [this, lost = std::move(lost), answered](absl::StatusOr<std::string> answer) mutable {
        if (absl::IsUnavailable(answer.status())) return KeepLost(std::move(lost));
        if (*answered) Keep(std::move(lost.command), **answered);
      },
      [answered](const Acknowledgement& now) { *answered = now; });
}

}  // namespace meridian
