#include "libs/link/link_client.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "libs/error/error.h"
#include "libs/link/link_limits.h"
#include "libs/link/link_server.h"
#include "libs/link/link_status.h"
#include "libs/runtime/fair_share.h"
#include "libs/runtime/refusal.h"

namespace meridian {

namespace pb = internal::link::v1;

namespace {

constexpr Duration kTick = Duration::Seconds(1);
// After a stream that could not be opened: until then calls fail at once.
constexpr Duration kReconnectPause = Duration::Milliseconds(50);

pb::CallLane ToProto(Lane lane) {
  switch (lane) {
    case Lane::kLiveWork:
      return pb::CALL_LANE_LIVE_WORK;
    case Lane::kNewContacts:
      return pb::CALL_LANE_NEW_CONTACTS;
    case Lane::kReads:
      return pb::CALL_LANE_READS;
  }
  return pb::CALL_LANE_UNSPECIFIED;
}

absl::Status NoCredit() {
  return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "too many calls wait for the shard");
}

// A feed's client between its two sides: the link, which calls it, and the handle.
struct FeedEntry {
  std::mutex calling;
  std::shared_ptr<FeedEvents> events;  // under calling; null once closed
  uint64_t taken = 0;                  // bytes since the last grant; only the link's reading thread

  template <typename Call>
  void With(Call call) {
    std::lock_guard lock(calling);
    if (events != nullptr) call(*events);
  }
  void Close() {
    std::shared_ptr<FeedEvents> last;  // destroyed without the lock
    std::lock_guard lock(calling);
    last.swap(events);
  }
};

}  // namespace

struct LinkClient::State {
  struct Pending {
    Done done;
    std::pair<uint32_t, Lane> credit_of;
    FairShare::Holding* holding = nullptr;  // of the tenant's share of it
    MonotonicInstant deadline;
  };
  struct Waiting {
    pb::Call call;
    MonotonicInstant deadline;
  };
  using Failed = std::pair<Done, absl::Status>;
  class Events;
  class Handle;

  State(const std::string& address, LinkOptions given)
      : options(std::move(given)), channel(rpc::ClientChannel::Create(address, options.credentials)) {}

  // ---- with the lock ----
  absl::Status EnsureStream();
  bool IsKnown(uint64_t id) const { return calls.contains(id) || feeds.contains(id); }
  pb::LinkRequest NextBatch();
  uint64_t Add(LinkCall&& call, MonotonicInstant deadline);
  absl::Status TakeCredit(const LinkCall& call, Pending* pending);
  void ReturnCredit(const Pending& pending);

  // ---- without ----
  void Flush();
  void OnResponse(pb::LinkResponse& response);
  void OnItem(pb::Item& item, const std::shared_ptr<FeedEntry>& feed);
  void OnWritten();
  void OnClosed(uint64_t of_stream, const absl::Status& status);
  void CloseFeed(uint64_t id, uint64_t of_stream);
  void Tick();
  void ArmTick();
  template <typename Calls>
  void Outside(Calls call_outside);

  std::weak_ptr<State> self;  // for the stream and the timer, which may outlive the link
  const LinkOptions options;
  std::unique_ptr<rpc::ClientChannel> channel;  // until the link is closed

  std::mutex mutex;
  std::condition_variable idle;
  bool closed = false;
  int running = 0;       // callbacks
  int open_streams = 0;  // whose OnClosed has not come
  std::shared_ptr<rpc::OpenedStream> stream;
  uint64_t stream_number = 0;
  bool connected = false;  // something was written on this stream
  MonotonicInstant not_before{};
  MonotonicInstant token_at{};
  bool ticking = false;

  uint64_t last_id = 0;
  std::unordered_map<uint64_t, Pending> calls;
  std::unordered_map<uint64_t, std::shared_ptr<FeedEntry>> feeds;
  std::map<std::pair<uint32_t, Lane>, size_t> unanswered;
  std::map<uint32_t, FairShare> shares;  // by shard: of the credit for new contacts
  std::deque<Waiting> waiting;
  pb::LinkRequest extras;  // grants and closed feeds to be sent
  bool writing = false;
  pb::LinkRequest written;  // lives until the transport has taken it
};

class LinkClient::State::Events final : public rpc::StreamEvents {
 public:
  Events(std::shared_ptr<State> state, uint64_t number) : state_(std::move(state)), number_(number) {}
  void OnMessage(Message& message) override { state_->OnResponse(static_cast<pb::LinkResponse&>(message)); }
  void OnWritten() override { state_->OnWritten(); }
  void OnClosed(const absl::Status& status) override { state_->OnClosed(number_, status); }

 private:
  const std::shared_ptr<State> state_;
  const uint64_t number_;
};

class LinkClient::State::Handle final : public LinkFeed {
 public:
  Handle(std::weak_ptr<State> state, std::shared_ptr<FeedEntry> entry, uint64_t id, uint64_t of_stream)
      : state_(std::move(state)), entry_(std::move(entry)), id_(id), of_stream_(of_stream) {}
  ~Handle() override {
    entry_->Close();
    if (const auto state = state_.lock()) state->CloseFeed(id_, of_stream_);
  }

 private:
  const std::weak_ptr<State> state_;
  const std::shared_ptr<FeedEntry> entry_;
  const uint64_t id_;
  const uint64_t of_stream_;
};

// ---- the stream ----

absl::Status LinkClient::State::EnsureStream() {
  if (closed) return LinkBroken("the process is stopping");
  if (stream != nullptr) return absl::OkStatus();
  const MonotonicInstant now = options.clock->Now();
  if (now < not_before) return LinkBroken("tried a moment ago", /*unsent=*/true);
  ++stream_number;
  ++open_streams;
  last_id = 0;
  connected = false;
  writing = false;
  token_at = now;
  stream = channel->OpenStream(kLinkMethod, options.token(), pb::LinkResponse::default_instance(),
                               std::make_shared<Events>(self.lock(), stream_number));
  if (!std::exchange(ticking, true)) ArmTick();
  return absl::OkStatus();
}

pb::LinkRequest LinkClient::State::NextBatch() {
  pb::LinkRequest batch = std::move(extras);
  extras.Clear();
  const MonotonicInstant now = options.clock->Now();
  if (now - token_at >= options.token_refresh) {
    token_at = now;
    batch.set_token(options.token());
  }
  size_t bytes = 0;
  while (!waiting.empty() && bytes < kBatchBytes && batch.calls_size() < kBatchEntries) {
    Waiting next = std::move(waiting.front());
    waiting.pop_front();
    if (!IsKnown(next.call.id())) continue;  // timed out or closed before it was sent
    if (next.deadline != MonotonicInstant::Never()) {
      const int64_t left = std::max<int64_t>((next.deadline - now).ToMilliseconds(), 1);
      next.call.set_timeout_ms(static_cast<uint32_t>(std::min<int64_t>(left, UINT32_MAX)));
    }
    bytes += next.call.body().size() + 32;
    *batch.add_calls() = std::move(next.call);
  }
  return batch;
}

absl::Status LinkClient::State::TakeCredit(const LinkCall& call, Pending* pending) {
  pending->credit_of = {call.shard, call.lane};
  size_t& taken = unanswered[pending->credit_of];
  const size_t credit = CallCredit(call.lane);
  if (taken >= credit) return NoCredit();
  if (call.lane == Lane::kNewContacts) {
    pending->holding = shares[call.shard].Take(call.tenant.value, credit - taken);
    if (pending->holding == nullptr) return NoCredit();
  }
  ++taken;
  return absl::OkStatus();
}

void LinkClient::State::ReturnCredit(const Pending& pending) {
  --unanswered[pending.credit_of];
  if (pending.holding != nullptr) shares[pending.credit_of.first].Return(pending.holding);
}

void LinkClient::State::Flush() {
  std::shared_ptr<rpc::OpenedStream> to;
  {
    std::lock_guard lock(mutex);
    if (writing || stream == nullptr) return;
    // The first one goes empty: so it is seen whether there is a server before a call is trusted to it.
    pb::LinkRequest batch = connected ? NextBatch() : pb::LinkRequest();
    const bool empty =
        connected && batch.calls_size() == 0 && batch.grants_size() == 0 && batch.closed_feeds_size() == 0;
    if (empty && batch.token().empty()) return;
    writing = true;
    written = std::move(batch);
    to = stream;
  }
  to->Write(written);  // or the stream is closing
}

void LinkClient::State::OnWritten() {
  {
    std::lock_guard lock(mutex);
    writing = false;
    connected = true;
  }
  Flush();
}

// ---- answers ----

// Runs callbacks, for which the destructor waits.
template <typename Calls>
void LinkClient::State::Outside(Calls call_outside) {
  call_outside();
  std::lock_guard lock(mutex);
  if (--running == 0) idle.notify_all();
}

void LinkClient::State::OnResponse(pb::LinkResponse& response) {
  std::vector<std::pair<Done, pb::Reply*>> answered;
  std::vector<std::pair<std::shared_ptr<FeedEntry>, pb::Reply*>> ended;
  std::vector<std::shared_ptr<FeedEntry>> receivers;
  {
    std::lock_guard lock(mutex);
    ++running;
    for (pb::Reply& reply : *response.mutable_replies()) {
      if (const auto call = calls.find(reply.id()); call != calls.end()) {
        ReturnCredit(call->second);
        answered.emplace_back(std::move(call->second.done), &reply);
        calls.erase(call);
      } else if (auto feed = feeds.extract(reply.id())) {
        ended.emplace_back(std::move(feed.mapped()), &reply);
      }
    }
    for (const pb::Item& item : response.items()) {
      const auto feed = feeds.find(item.id());
      receivers.push_back(feed == feeds.end() ? nullptr : feed->second);
    }
  }
  Outside([&] {
    for (auto& [done, reply] : answered) {
      if (reply->has_status()) {
        done(FromLink(reply->status()));
      } else {
        done(std::move(*reply->mutable_body()));
      }
    }
    for (auto& [feed, reply] : ended) {
      const absl::Status status = reply->has_status() ? FromLink(reply->status()) : absl::OkStatus();
      feed->With([&](FeedEvents& events) { events.OnEnded(status); });
    }
    for (int i = 0; i < response.items_size(); ++i) {
      if (const auto& feed = receivers[static_cast<size_t>(i)]) OnItem(*response.mutable_items(i), feed);
    }
  });
  Flush();
}

void LinkClient::State::OnItem(pb::Item& item, const std::shared_ptr<FeedEntry>& feed) {
  feed->With([&](FeedEvents& events) { events.OnItem(item.body()); });
  feed->taken += item.body().size();
  if (feed->taken < kFeedCredit / 4) return;
  std::lock_guard lock(mutex);
  pb::Grant* grant = extras.add_grants();
  grant->set_id(item.id());
  grant->set_credit(std::exchange(feed->taken, 0));
}

void LinkClient::State::OnClosed(uint64_t of_stream, const absl::Status& status) {
  std::unordered_map<uint64_t, Pending> lost_calls;
  std::unordered_map<uint64_t, std::shared_ptr<FeedEntry>> lost_feeds;
  std::unordered_set<uint64_t> unsent;
  std::shared_ptr<rpc::OpenedStream> last;  // destroyed without the lock
  {
    std::lock_guard lock(mutex);
    ++running;
    if (of_stream == stream_number) {
      // A server that refuses the stream would refuse it again.
      const bool may_come_back = absl::IsUnavailable(status) || absl::IsCancelled(status);
      for (const Waiting& call : waiting) {
        if (may_come_back && !closed) unsent.insert(call.call.id());
      }
      last.swap(stream);
      lost_calls.swap(calls);
      lost_feeds.swap(feeds);
      unanswered.clear();
      shares.clear();
      waiting.clear();
      extras.Clear();
      if (!connected && absl::IsUnavailable(status)) not_before = options.clock->Now() + kReconnectPause;
    }
  }
  const std::string why(status.message().data(), status.message().size());
  // In the order in which they were made.
  std::vector<std::pair<uint64_t, Done>> calls_in_order;
  for (auto& [id, call] : lost_calls) calls_in_order.emplace_back(id, std::move(call.done));
  std::sort(calls_in_order.begin(), calls_in_order.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Outside([&] {
    for (auto& [id, done] : calls_in_order) done(LinkBroken(why, unsent.contains(id)));
    for (auto& [id, feed] : lost_feeds) {
      feed->With([&](FeedEvents& events) { events.OnEnded(LinkBroken(why)); });
    }
  });
  std::lock_guard lock(mutex);
  --open_streams;
  idle.notify_all();
}

// ---- deadlines and tokens ----

void LinkClient::State::ArmTick() {
  options.timer->After(kTick, [weak = self] {
    if (const auto state = weak.lock()) state->Tick();
  });
}

void LinkClient::State::Tick() {
  std::vector<std::pair<uint64_t, Done>> late;
  {
    std::lock_guard lock(mutex);
    if (closed || stream == nullptr) {
      ticking = false;
      return;
    }
    const MonotonicInstant now = options.clock->Now();
    for (auto call = calls.begin(); call != calls.end();) {
      if (call->second.deadline > now) {
        ++call;
        continue;
      }
      ReturnCredit(call->second);
      late.emplace_back(call->first, std::move(call->second.done));
      call = calls.erase(call);
    }
    ++running;
  }
  std::sort(late.begin(), late.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Outside([&] {
    for (auto& [id, done] : late) {
      done(MakeError(absl::StatusCode::kUnavailable, "NO_ANSWER", "another service did not answer in time"));
    }
  });
  Flush();
  ArmTick();
}

// ---- what is asked ----

uint64_t LinkClient::State::Add(LinkCall&& call, MonotonicInstant deadline) {
  Waiting& added = waiting.emplace_back();
  added.deadline = deadline;
  added.call.set_id(++last_id);
  added.call.set_method(call.method);
  added.call.set_tenant(std::move(call.tenant.value));
  added.call.set_lane(ToProto(call.lane));
  added.call.set_body(std::move(call.body));
  return last_id;
}

void LinkClient::State::CloseFeed(uint64_t id, uint64_t of_stream) {
  {
    std::lock_guard lock(mutex);
    if (of_stream != stream_number || feeds.erase(id) == 0) return;
    extras.add_closed_feeds(id);
  }
  Flush();
}

LinkClient::LinkClient(const std::string& address, LinkOptions options)
    : state_(std::make_shared<State>(address, std::move(options))) {
  state_->self = state_;
}

LinkClient::~LinkClient() { Close(); }

void LinkClient::Close() {
  {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
  }
  Break();
  std::unique_lock lock(state_->mutex);
  state_->idle.wait(lock, [this] { return state_->running == 0 && state_->open_streams == 0; });
  const std::unique_ptr<rpc::ClientChannel> last = std::move(state_->channel);
  lock.unlock();  // the channel waits for its own threads
}

void LinkClient::Break() {
  std::shared_ptr<rpc::OpenedStream> stream;
  {
    std::lock_guard lock(state_->mutex);
    stream = state_->stream;
  }
  if (stream != nullptr) stream->Cancel();
}

void LinkClient::Call(LinkCall call, Done done) {
  absl::Status status;
  {
    std::lock_guard lock(state_->mutex);
    status = state_->EnsureStream();
    State::Pending pending;
    if (status.ok()) status = state_->TakeCredit(call, &pending);
    if (status.ok()) {
      pending.done = std::move(done);
      pending.deadline = state_->options.clock->Now() + call.timeout;
      const uint64_t id = state_->Add(std::move(call), pending.deadline);
      state_->calls.emplace(id, std::move(pending));
    }
  }
  if (!status.ok()) return done(status);
  state_->Flush();
}

bool LinkClient::Probe() {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->EnsureStream().ok()) return false;
    if (state_->connected) return true;
  }
  state_->Flush();
  return false;
}

std::unique_ptr<LinkFeed> LinkClient::Follow(LinkCall call, std::shared_ptr<FeedEvents> events) {
  auto entry = std::make_shared<FeedEntry>();
  entry->events = events;
  uint64_t id = 0;
  uint64_t of_stream = 0;
  absl::Status status;
  {
    std::lock_guard lock(state_->mutex);
    status = state_->EnsureStream();
    if (status.ok()) {
      id = state_->Add(std::move(call), MonotonicInstant::Never());
      state_->waiting.back().call.set_credit(kFeedCredit);
      of_stream = state_->stream_number;
      state_->feeds.emplace(id, entry);
    }
  }
  if (!status.ok()) {
    entry->With([&](FeedEvents& ended) { ended.OnEnded(status); });
  } else {
    state_->Flush();
  }
  return std::make_unique<State::Handle>(state_, std::move(entry), id, of_stream);
}

}  // namespace meridian
