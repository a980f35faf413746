#include "services/replicator/event_stream.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/store/log_trimmed.h"
#include "libs/wire/log_entry.h"
#include "libs/wire/routing_events.h"
#include "services/replicator/position_token.h"

namespace meridian {
namespace {

constexpr size_t kSliceBytes = 128 * 1024;
constexpr int kMaxEventsPerFrame = 500;

absl::Status Trimmed(LogPosition oldest) {
  return MakeError(absl::StatusCode::kOutOfRange, "POSITION_TRIMMED",
                   "events after this position are no longer kept; the oldest position is " + FormatPosition(oldest),
                   {{"oldest_position", FormatPosition(oldest)}});
}

absl::Status Ahead(LogPosition newest) {
  return MakeError(
      absl::StatusCode::kOutOfRange, "POSITION_AHEAD",
      "the log never came to this position, or lost it; the newest position before it is " + FormatPosition(newest),
      {{"newest_position", FormatPosition(newest)}});
}

absl::Status CheckTopics(const event::v1::StreamRequest& request) {
  for (int i = 0; i < request.topics_size(); ++i) {
    const int topic = request.topics(i);
    if (topic == event::v1::TOPIC_UNSPECIFIED || !event::v1::Topic_IsValid(topic)) {
      return FieldError("topics[" + std::to_string(i) + "]", "must be a topic");
    }
  }
  return absl::OkStatus();
}

}  // namespace

EventStream::EventStream(const EventPorts& ports, TenantId tenant, event::v1::StreamRequest request, Out out)
    : ports_(ports),
      tenant_(std::move(tenant)),
      request_(std::move(request)),
      topics_(request_.topics().begin(), request_.topics().end()),
      out_(std::move(out)) {}

template <typename Result>
absl::AnyInvocable<void(Result)> EventStream::Later(void (EventStream::*handle)(Result)) {
  return [weak = weak_from_this(), handle](Result result) {
    if (auto self = weak.lock()) ((*self).*handle)(std::move(result));
  };
}

absl::Status EventStream::Start() {
  MERIDIAN_RETURN_IF_ERROR(CheckTopics(request_));
  if (request_.position() == "now") {
    from_ = From::kNow;
  } else if (!request_.position().empty()) {
    auto position = ParsePosition(request_.position());
    if (!position) return FieldError("position", "must be a position of this stream, now, or empty");
    from_ = From::kPosition;
    position_ = *position;
  }
  ports_.directory->Lookup(tenant_, Later(&EventStream::OnShard));
  return absl::OkStatus();
}

void EventStream::OnShard(absl::StatusOr<TenantShards> shards) {
  if (!shards.ok()) {
    return Finish(absl::IsNotFound(shards.status())
                      ? MakeError(absl::StatusCode::kNotFound, "TENANT_NOT_FOUND", "the tenant has no shard yet")
                      : shards.status());
  }
  {
    std::lock_guard lock(mutex_);
    shard_ = shards->routing;
  }
  ports_.store->LastCommit(shards->routing, Later(&EventStream::OnEnd));
}

void EventStream::OnEnd(absl::StatusOr<ChainHead> head) {
  if (!head.ok()) return Finish(head.status());
  const LogPosition end{head->term, head->number};
  // Numbers go on rising over terms, so that neither part of a position can be above the log's end.
  if (from_ == From::kPosition && (position_.term > end.term || position_.number > end.number)) {
    return Finish(Ahead(end));
  }
  auto watch = ports_.log->Watch(shard_, [weak = weak_from_this()](LogPosition) {
    auto self = weak.lock();
    if (!self) return;
    {
      std::lock_guard lock(self->mutex_);
      self->news_ = true;
    }
    self->ReadOn();
  });
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (from_ == From::kNow) position_ = end;
    if (request_.until_now()) end_ = end;
    watch_ = std::move(watch);
    started_ = true;
  }
  ReadOn();
}

bool EventStream::ReachedEnd() const { return end_ && position_ >= *end_; }

void EventStream::ReadOn() {
  ShardId shard;
  LogPosition position;
  {
    std::lock_guard lock(mutex_);
    if (!started_ || stopped_ || reading_ || writing_ || !news_) return;
    reading_ = true;
    news_ = false;
    shard = shard_;
    position = position_;
  }
  ports_.log->ReadAfter(shard, position, kSliceBytes, Later(&EventStream::OnEntries));
}

void EventStream::OnEntries(absl::StatusOr<std::vector<LogEntry>> entries) {
  if (!entries.ok()) {
    const auto oldest = OldestReadable(entries.status());
    if (!oldest) return Finish(entries.status());
    if (from_ != From::kOldest) return Finish(Trimmed(*oldest));
    {
      std::lock_guard lock(mutex_);
      position_ = *oldest;
      reading_ = false;
      news_ = true;
    }
    return ReadOn();
  }
  // What follows a commit has a higher number than it, unless a later term took the commit's place.
  if (from_ == From::kPosition && !entries->empty() && entries->front().position.number <= position_.number) {
    return Finish(Ahead({position_.term, entries->front().position.number - 1}));
  }
  const bool sent = SendEvents(*entries);
  bool ended = false;
  {
    std::lock_guard lock(mutex_);
    reading_ = false;
    if (!entries->empty()) {
      position_ = entries->back().position;
      news_ = true;
      from_ = From::kEntry;
    }
    ended = request_.until_now() && (entries->empty() || ReachedEnd());
    writing_ = sent && !ended && out_.backlog().frames > 0;
  }
  if (ended) {
    event::v1::StreamResponse last;
    last.set_position(FormatPosition(position_));
    out_.Send(last);
    return Finish(absl::OkStatus());
  }
  ReadOn();
}

bool EventStream::SendEvents(const std::vector<LogEntry>& entries) {
  bool sent = false;
  event::v1::StreamResponse frame;
  auto flush = [&](LogPosition position) {
    frame.set_position(FormatPosition(position));
    out_.Send(frame);
    frame.clear_events();
    sent = true;
  };
  for (const LogEntry& stored : entries) {
    auto entry = DecodeLogEntry(stored.bytes);
    if (!entry.ok()) {
      Finish(entry.status());
      return sent;
    }
    for (const LoggedEvent& logged : entry->events) {
      if (logged.tenant != tenant_) continue;
      if (!topics_.empty() && !topics_.contains(ToProto(logged.event.topic))) continue;
      event::v1::Event* event = frame.add_events();
      if (!ToPublicEvent(tenant_, entry->region, logged.event, event)) frame.mutable_events()->RemoveLast();
    }
    // A position stands behind whole entries only: what a client resumes from has been sent completely.
    if (frame.events_size() >= kMaxEventsPerFrame) flush(stored.position);
  }
  if (frame.events_size() > 0) flush(entries.back().position);
  return sent;
}

void EventStream::OnWritable() {
  {
    std::lock_guard lock(mutex_);
    writing_ = false;
  }
  ReadOn();
}

void EventStream::Finish(absl::Status status) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
  }
  out_.Finish(std::move(status));
}

void EventStream::Stop() {
  std::unique_ptr<EventLog::Subscription> watch;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    watch = std::move(watch_);
  }
}

}  // namespace meridian
