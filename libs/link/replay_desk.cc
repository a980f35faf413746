#include "libs/link/replay_desk.h"

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "libs/error/error.h"

namespace meridian {

namespace pb = internal::link::v1;

// What one client is told; under the state's mutex, but for the sink.
class ReplayDesk::Source final : public FeedSource {
 public:
  Source(std::shared_ptr<State> state, uint64_t stream, std::shared_ptr<FeedSink> sink)
      : state_(std::move(state)), stream_(stream), sink_(std::move(sink)) {
    std::lock_guard lock(state_->mutex);
    const MonotonicInstant now = state_->clock->Now();
    for (const auto& [shard, term] : state_->terms) {
      if (now < term.began + kKept) waiting_.emplace_back(shard, term);
    }
    state_->callers[stream_] = this;
    state_->last_change = now;
  }
  ~Source() override {
    std::lock_guard lock(state_->mutex);
    const auto found = state_->callers.find(stream_);
    if (found == state_->callers.end() || found->second != this) return;  // it follows anew over the same stream
    state_->callers.erase(found);
    state_->last_change = state_->clock->Now();
    std::erase_if(state_->replayed, [this](const auto& told) { return told.first == stream_; });
  }

  void Add(uint32_t shard, const Term& term) { waiting_.emplace_back(shard, term); }
  const std::shared_ptr<FeedSink>& sink() const { return sink_; }

  std::optional<std::string> Next() override {
    std::lock_guard lock(state_->mutex);
    if (waiting_.empty()) return std::nullopt;
    const auto [shard, term] = waiting_.front();
    waiting_.pop_front();
    pb::TermItem item;
    item.set_shard(shard);
    item.set_term(term.number);
    item.set_survived(term.survived);
    item.set_stream(stream_);
    return item.SerializeAsString();
  }

 private:
  const std::shared_ptr<State> state_;
  const uint64_t stream_;
  const std::shared_ptr<FeedSink> sink_;
  std::deque<std::pair<uint32_t, Term>> waiting_;
};

ReplayDesk::ReplayDesk(ShardKind kind, const MonotonicClock* clock)
    : kind_(kind), state_(std::make_shared<State>(clock)) {}

void ReplayDesk::Bind(LinkServer& server) {
  const bool routing = kind_ == ShardKind::kRouting;
  server.ServeFeed(routing ? pb::METHOD_FOLLOW_ROUTING_TERMS : pb::METHOD_FOLLOW_SESSION_TERMS, true,
                   [state = state_](const IncomingCall& call, std::shared_ptr<FeedSink> sink) {
                     return std::make_unique<Source>(state, call.peer, std::move(sink));
                   });
  server.ServeCall(
      routing ? pb::METHOD_ROUTING_REPLAYED : pb::METHOD_SESSION_REPLAYED,
      [this](const IncomingCall& call, LinkAnswer answer) {
        const absl::Status noted = OnReplayed(call);
        if (!noted.ok()) return answer(noted);
        answer(std::string());
      },
      /*all_tenants=*/true);
}

void ReplayDesk::Ask(ShardId shard, uint64_t term, uint64_t survived) {
  std::vector<std::shared_ptr<FeedSink>> sinks;
  {
    std::lock_guard lock(state_->mutex);
    const Term& began = state_->terms[shard.number] = {term, survived, state_->clock->Now()};
    std::erase_if(state_->replayed, [&](const auto& told) { return told.second == shard.number; });
    for (const auto& [stream, source] : state_->callers) {
      source->Add(shard.number, began);
      sinks.push_back(source->sink());
    }
  }
  for (const auto& sink : sinks) sink->Notify();
}

bool ReplayDesk::HaveReplayed(ShardId shard, uint64_t term) {
  std::lock_guard lock(state_->mutex);
  const auto asked = state_->terms.find(shard.number);
  if (asked == state_->terms.end() || asked->second.number != term) return false;
  const Duration quiet = state_->callers.empty() ? kEmptyQuiet : kQuiet;
  if (state_->clock->Now() < state_->last_change + quiet) return false;
  for (const auto& [stream, source] : state_->callers) {
    if (!state_->replayed.contains({stream, shard.number})) return false;
  }
  return true;
}

absl::Status ReplayDesk::OnReplayed(const IncomingCall& call) {
  pb::TermReplayed told;
  if (!told.ParseFromString(call.body)) return absl::InvalidArgumentError("a call of another process cannot be read");
  std::lock_guard lock(state_->mutex);
  const auto asked = state_->terms.find(told.shard());
  const bool is_newest = asked != state_->terms.end() && asked->second.number == told.term();
  const bool is_same_stream = told.stream() == call.peer && state_->callers.contains(call.peer);
  if (is_newest && is_same_stream) state_->replayed.insert({call.peer, told.shard()});
  return absl::OkStatus();
}

}  // namespace meridian
