#include "libs/link/link_peer.h"

#include <utility>

#include "libs/error/error.h"
#include "libs/link/link_limits.h"
#include "libs/link/link_status.h"
#include "libs/runtime/refusal.h"

namespace meridian {

namespace pb = internal::link::v1;

namespace {

std::optional<Lane> LaneOf(pb::CallLane lane) {
  switch (lane) {
    case pb::CALL_LANE_LIVE_WORK:
      return Lane::kLiveWork;
    case pb::CALL_LANE_NEW_CONTACTS:
      return Lane::kNewContacts;
    case pb::CALL_LANE_READS:
      return Lane::kReads;
    default:
      return std::nullopt;
  }
}

}  // namespace

struct LinkPeer::Feed {
  uint64_t id = 0;
  // Under the peer's mutex.
  int64_t credit = 0;
  bool opened = false;              // its source is there, or never will be
  bool is_ready = false;            // in ready_, or being asked
  bool notified = false;            // again, while it was being asked
  bool gone = false;                // closed by the client, or told that it ended
  std::optional<absl::Status> end;  // once the source is empty
  // While the source is asked, and when it is taken away.
  std::mutex asking;
  std::unique_ptr<FeedSource> source;  // under asking
};

class LinkPeer::Sink final : public FeedSink {
 public:
  Sink(std::weak_ptr<LinkPeer> peer, FeedHandle feed) : peer_(std::move(peer)), feed_(std::move(feed)) {}
  void Notify() override {
    if (const auto peer = peer_.lock()) peer->Notify(feed_);
  }
  void End(absl::Status status) override {
    if (const auto peer = peer_.lock()) peer->EndFeed(feed_, std::move(status));
  }

 private:
  const std::weak_ptr<LinkPeer> peer_;
  const FeedHandle feed_;
};

std::shared_ptr<LinkPeer> LinkPeer::Create(const LinkServer& server, Stream stream) {
  std::shared_ptr<LinkPeer> peer(new LinkPeer(server, std::move(stream)));
  peer->self_ = peer;
  return peer;
}

LinkPeer::LinkPeer(const LinkServer& server, Stream stream)
    : server_(server), stream_(std::move(stream)), id_(server.NewPeer()) {}

// ---- from the client ----

void LinkPeer::OnRequest(pb::LinkRequest request) {
  if (!request.token().empty()) {
    const absl::Status renewed = stream_.RenewToken(request.token());
    if (!renewed.ok()) return stream_.Finish(renewed);
  }
  {
    std::lock_guard lock(mutex_);
    unanswered_ += static_cast<size_t>(request.calls_size());
    if (unanswered_ > kMaxUnansweredCalls) {
      return stream_.Finish(
          MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS", "too many calls wait for their answers"));
    }
    ++reading_;
  }
  for (pb::Call& call : *request.mutable_calls()) Dispatch(call);
  for (const pb::Grant& grant : request.grants()) GrantCredit(grant.id(), grant.credit());
  for (const uint64_t id : request.closed_feeds()) CloseFeed(id);
  {
    std::lock_guard lock(mutex_);
    --reading_;
  }
  Flush();
}

absl::Status LinkPeer::Check(const Call& call, const LinkServer::Served* served) const {
  if (served == nullptr) {
    return MakeError(absl::StatusCode::kUnimplemented, "METHOD_NOT_SERVED", "this process does not serve the method");
  }
  if (!LaneOf(call.lane())) return FieldError("calls.lane", "must be set");
  const auto claims = stream_.context().claims;
  const bool covered = served->all_tenants ? claims->tenant == "*" : claims->CoversTenant(call.tenant());
  if (!covered)
    return MakeError(absl::StatusCode::kPermissionDenied, "TENANT_DENIED", "the token is for another tenant");
  if (call.tenant().empty() != served->all_tenants)
    return FieldError("calls.tenant", "must be set, but for such feeds");
  return absl::OkStatus();
}

void LinkPeer::Dispatch(Call& call) {
  const LinkServer::Served* served = server_.Find(call.method());
  const absl::Status bad = Check(call, served);
  if (!bad.ok()) return Answer(call.id(), std::nullopt, bad);
  if (served->feed != nullptr) return OpenFeed(call, *served);
  std::optional<MonotonicInstant> deadline;
  if (call.timeout_ms() != 0) deadline = server_.Now() + Duration::Milliseconds(call.timeout_ms());
  served->call({id_, {std::move(*call.mutable_tenant())}, *LaneOf(call.lane()), std::move(*call.mutable_body())},
               [weak = self_, id = call.id(), deadline](absl::StatusOr<std::string> answer) {
                 if (const auto peer = weak.lock()) peer->Answer(id, deadline, std::move(answer));
               });
}

void LinkPeer::Answer(uint64_t id, std::optional<MonotonicInstant> deadline, absl::StatusOr<std::string> answer) {
  {
    std::lock_guard lock(mutex_);
    --unanswered_;
    if (closed_) return;
    if (deadline && server_.Now() > *deadline) return;  // nobody waits for it any more
    pb::Reply& reply = replies_.emplace_back();
    reply.set_id(id);
    if (answer.ok()) {
      reply.set_body(*std::move(answer));
    } else {
      ToLink(answer.status(), reply.mutable_status());
    }
  }
  Flush();
}

// ---- feeds ----

void LinkPeer::OpenFeed(Call& call, const LinkServer::Served& served) {
  auto feed = std::make_shared<Feed>();
  feed->id = call.id();
  feed->credit = static_cast<int64_t>(call.credit());
  {
    std::lock_guard lock(mutex_);
    --unanswered_;
    if (closed_) return;
    if (!feeds_.emplace(call.id(), feed).second) return stream_.Finish(FieldError("calls.id", "must be new"));
  }
  IncomingCall incoming{
      id_, {std::move(*call.mutable_tenant())}, *LaneOf(call.lane()), std::move(*call.mutable_body())};
  auto source = served.feed(std::move(incoming), std::make_shared<Sink>(self_, feed));
  {
    std::scoped_lock lock(feed->asking, mutex_);
    feed->opened = true;
    // The client may have gone meanwhile.
    if (source.ok() && !feed->gone) feed->source = *std::move(source);
  }
  if (!source.ok()) return EndFeed(feed, source.status());
  Notify(feed);
}

void LinkPeer::CloseFeed(uint64_t id) {
  FeedHandle feed;
  {
    std::lock_guard lock(mutex_);
    const auto found = feeds_.find(id);
    if (found == feeds_.end()) return;
    feed = found->second;
    feeds_.erase(found);
    feed->gone = true;
  }
  std::unique_ptr<FeedSource> source;  // destroyed without a lock
  std::lock_guard asking(feed->asking);
  source.swap(feed->source);
}

void LinkPeer::GrantCredit(uint64_t id, uint64_t credit) {
  std::lock_guard lock(mutex_);
  const auto found = feeds_.find(id);
  if (found == feeds_.end()) return;
  found->second->credit += static_cast<int64_t>(credit);
  MakeReady(found->second);
}

void LinkPeer::MakeReady(const FeedHandle& feed) {
  if (!feed->opened || feed->gone || (feed->credit <= 0 && !feed->end)) return;
  feed->notified = true;
  if (std::exchange(feed->is_ready, true)) return;
  ready_.push_back(feed);
}

void LinkPeer::Notify(const FeedHandle& feed) {
  {
    std::lock_guard lock(mutex_);
    MakeReady(feed);
  }
  Flush();
}

void LinkPeer::EndFeed(const FeedHandle& feed, absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    if (feed->end) return;
    feed->end = std::move(status);
    MakeReady(feed);
  }
  Flush();
}

// ---- to the client ----

void LinkPeer::OnWritable() {
  std::vector<std::unique_ptr<FeedSource>> ended;  // destroyed without a lock
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
    ended.swap(ended_);
  }
  ended.clear();
  Flush();
}

void LinkPeer::Flush() {
  while (true) {
    pb::LinkResponse batch;
    std::deque<FeedHandle> ready;
    size_t bytes = 0;
    {
      std::lock_guard lock(mutex_);
      if (writing_ || closed_ || reading_ > 0 || (replies_.empty() && ready_.empty())) return;
      writing_ = true;
      bytes = TakeReplies(&batch);
      if (replies_.empty()) ready.swap(ready_);  // no item overtakes an answer that came before it
    }
    TakeItems(std::move(ready), bytes, &batch);
    if (batch.replies_size() > 0 || batch.items_size() > 0) {
      stream_.Send(batch);  // OnWritable comes
      return;
    }
    std::lock_guard lock(mutex_);
    writing_ = false;
  }
}

size_t LinkPeer::TakeReplies(pb::LinkResponse* batch) {
  size_t bytes = 0;
  while (!replies_.empty() && bytes < kBatchBytes && batch->replies_size() < kBatchEntries) {
    bytes += replies_.front().body().size() + 16;
    *batch->add_replies() = std::move(replies_.front());
    replies_.pop_front();
  }
  return bytes;
}

// One item of each feed in turn, so that a long one does not hold up the others.
void LinkPeer::TakeItems(std::deque<FeedHandle> ready, size_t bytes, pb::LinkResponse* batch) {
  while (!ready.empty() && bytes < kBatchBytes && batch->items_size() < kBatchEntries) {
    FeedHandle feed = std::move(ready.front());
    ready.pop_front();
    if (!TakeItem(*feed, &bytes, batch)) ready.push_back(std::move(feed));
  }
  std::lock_guard lock(mutex_);
  // They go on where they stopped, before those that came meanwhile.
  ready_.insert(ready_.begin(), std::make_move_iterator(ready.begin()), std::make_move_iterator(ready.end()));
}

bool LinkPeer::TakeItem(Feed& feed, size_t* bytes, pb::LinkResponse* batch) {
  std::optional<std::string> body;
  {
    {
      std::lock_guard lock(mutex_);
      feed.notified = false;
    }
    std::lock_guard asking(feed.asking);
    if (feed.source != nullptr) body = feed.source->Next();
  }
  std::scoped_lock lock(feed.asking, mutex_);
  if (body && !feed.gone) {
    *bytes += body->size() + 16;
    feed.credit -= static_cast<int64_t>(body->size());
    pb::Item* item = batch->add_items();
    item->set_id(feed.id);
    item->set_body(*std::move(body));
    if (feed.credit > 0 || feed.end) return false;  // what is left at the end goes, however slow the client is
    feed.is_ready = false;                          // until there is credit again
    return true;
  }
  if (feed.notified && !feed.gone) return false;
  feed.is_ready = false;
  if (!feed.end || feed.gone) return true;
  // Its items have all been taken before: the reply may stand in the same message, whose items come after its replies,
  // only when none of them is this feed's. So it goes with the next one.
  pb::Reply& reply = replies_.emplace_back();
  reply.set_id(feed.id);
  if (!feed.end->ok()) ToLink(*feed.end, reply.mutable_status());
  feed.gone = true;
  ended_.push_back(std::move(feed.source));
  feeds_.erase(feed.id);
  return true;
}

void LinkPeer::OnClosed() {
  std::unordered_map<uint64_t, FeedHandle> feeds;
  std::vector<std::unique_ptr<FeedSource>> ended;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ended.swap(ended_);
    feeds.swap(feeds_);
    ready_.clear();
    replies_.clear();
    for (auto& [id, feed] : feeds) feed->gone = true;
  }
  for (auto& [id, feed] : feeds) {
    std::unique_ptr<FeedSource> source;
    std::lock_guard asking(feed->asking);
    source.swap(feed->source);
  }
  server_.TellClosed(id_);
}

}  // namespace meridian
