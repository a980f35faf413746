#include "services/replicator/event_relay.h"

#include <algorithm>
#include <utility>

#include "libs/wire/log_entry.h"
#include "libs/wire/routing_events.h"
#include "services/replicator/kafka_record.h"

namespace meridian {
namespace {

constexpr Duration kTrimEvery = Duration::Seconds(1);
constexpr Duration kAccountEvery = Duration::Seconds(1);

struct EntryRecords {
  std::vector<KafkaRecord> records;
  std::map<event::v1::Topic, uint64_t> events;  // by topic
  Instant first;                                // event's time
};

absl::StatusOr<EntryRecords> RecordsOf(std::string_view bytes) {
  auto entry = DecodeLogEntry(bytes);
  if (!entry.ok()) return entry.status();
  EntryRecords made;
  made.records.reserve(entry->events.size());
  event::v1::Event event;
  for (const LoggedEvent& logged : entry->events) {
    event.Clear();
    if (!ToPublicEvent(logged.tenant, entry->region, logged.event, &event)) continue;
    if (made.records.empty()) made.first = logged.event.at;
    ++made.events[event.topic()];
    made.records.push_back(ToKafkaRecord(entry->region, event));
  }
  return made;
}

}  // namespace

RelayMetrics RelayMetrics::Make(Metrics& metrics, uint32_t shard) {
  const std::string number = std::to_string(shard);
  RelayMetrics made;
  for (const auto& [topic, name] :
       {std::pair(event::v1::TOPIC_CONTACT, "contact"), std::pair(event::v1::TOPIC_AGENT, "agent"),
        std::pair(event::v1::TOPIC_CONFIG, "config")}) {
    made.published[topic] =
        metrics.MakeCounter("meridian_relay_published_events_total", "Events that Kafka's replicas acknowledged.",
                            {{"shard", number}, {"topic", name}});
  }
  made.resent = metrics.MakeCounter("meridian_relay_resent_events_total",
                                    "Events published again because they were not acknowledged.", {{"shard", number}});
  made.errors = metrics.MakeCounter("meridian_relay_errors_total",
                                    "Failures after which the relay began anew from the last acknowledged event.",
                                    {{"shard", number}});
  made.lag_entries = metrics.MakeGauge("meridian_relay_lag_entries",
                                       "Commits of the shard that Kafka has not acknowledged.", {{"shard", number}});
  made.lag_ms = metrics.MakeGauge("meridian_relay_lag_milliseconds",
                                  "Age of the oldest event that Kafka has not acknowledged; 0 when there is none.",
                                  {{"shard", number}});
  made.holds_lease = metrics.MakeGauge("meridian_relay_lease_held", "1 in the process that relays the shard's events.",
                                       {{"shard", number}});
  return made;
}

EventRelay::EventRelay(EventRelayOptions options, EventRelayPorts ports)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      completions_(std::make_shared<CompletionQueue>()),
      nonce_(options_.nonce),
      lease_({ShardKind::kRelay, options_.shard}, options_.owner, options_.lease_ttl, ports_.leases, completions_,
             ports_.monotonic) {}

EventRelay::~EventRelay() {
  watch_.reset();
  follower_.reset();
  producer_.reset();
  completions_->Close();
}

void EventRelay::SetWaker(std::function<void()> waker) {
  waker_ = waker;
  completions_->SetWaker(std::move(waker));
}

void EventRelay::Start() {
  completions_->Post([this] {
    if (state_ != State::kStopped) return;
    state_ = State::kRunning;
    watch_ = ports_.log->Watch(source(), [this, completions = completions_](LogPosition newest) {
      completions->Post([this, newest] { newest_ = std::max(newest_, newest); });
    });
  });
}

void EventRelay::RequestStop() {
  completions_->Post([this] {
    if (state_ == State::kRunning) BeginEnd();
  });
}

bool EventRelay::Step() {
  bool progress = completions_->RunAll();
  if (state_ == State::kStopped) return progress;
  lease_.Tick();
  if (!lease_.Holds()) {
    StopFollowing();
    const bool idle = lease_.state() == LeaseKeeper::State::kNone || lease_.state() == LeaseKeeper::State::kLost;
    if (idle && state_ == State::kRunning) lease_.Acquire(nonce_++);
  } else if (follower_ == nullptr && state_ == State::kRunning) {
    BeginFollowing();
  }
  if (follower_ != nullptr) progress = follower_->Step() || progress;
  Account();
  Trim();
  return progress;
}

MonotonicInstant EventRelay::NextWake() {
  if (state_ == State::kStopped) return MonotonicInstant::Never();
  MonotonicInstant wake = lease_.NextWake();
  if (follower_ != nullptr) wake = std::min(wake, follower_->NextWake());
  if (!unacknowledged_.empty()) wake = std::min(wake, account_at_);
  if (options_.trim_published && follower_ != nullptr && trimmed_ < follower_->stored_in_source()) {
    wake = std::min(wake, trim_after_);
  }
  return wake;
}

// ---- following ----

void EventRelay::BeginFollowing() {
  ports_.metrics.holds_lease.Set(1);
  LogFollowerOptions options;
  options.source = source();
  options.name = kRelayFollower;
  options.max_in_flight = options_.max_in_flight;
  options.read_bytes = options_.read_bytes;
  LogFollowerPorts ports;
  ports.log = ports_.log;
  ports.clock = ports_.monotonic;
  ports.stored_position = [this](auto done) { FindPosition(std::move(done)); };
  ports.deliver = [this](FollowedEntry entry, auto done) { Publish(std::move(entry), std::move(done)); };
  ports.on_error = [this](const absl::Status& status) { OnError(status); };
  follower_ = std::make_unique<LogFollower>(std::move(options), std::move(ports));
  if (waker_) follower_->SetWaker(waker_);
  follower_->Start();
}

void EventRelay::StopFollowing() {
  if (follower_ == nullptr) return;
  ports_.metrics.holds_lease.Set(0);
  follower_.reset();
  producer_.reset();
  unacknowledged_.clear();
  published_ = {};  // another process may have gone on
  if (std::exchange(trouble_, absl::StatusCode::kOk) != absl::StatusCode::kOk && ports_.on_trouble) {
    ports_.on_trouble(absl::CancelledError("another process relays them"));
  }
  if (state_ != State::kRunning) state_ = State::kStopped;
}

void EventRelay::FindPosition(absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  unacknowledged_.clear();
  producer_.reset();  // what it holds is published anew
  auto producer = ports_.make_producer();
  if (!producer.ok()) return done(producer.status());
  producer_ = *std::move(producer);
  // A relay that begins holds the log before it asks where the log begins.
  ports_.log->SetFollower(
      source(), kRelayFollower, {},
      [log = ports_.log, shard = source(), published = published_, done = std::move(done)](absl::Status set) mutable {
        if (!set.ok()) return done(set);
        log->Describe(shard, [published, done = std::move(done)](absl::StatusOr<LogState> state) mutable {
          if (!state.ok()) return done(state.status());
          done(std::max({state->followers[kRelayFollower], state->trimmed, published}));
        });
      });
}

void EventRelay::Publish(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
  if (!lease_.Holds()) return done(absl::UnavailableError("the relay's lease ended"));
  auto made = RecordsOf(entry.bytes);
  if (!made.ok()) return done(made.status());
  if (made->records.empty()) return done(absl::OkStatus());
  if (entry.position <= sent_) ports_.metrics.resent.Add(made->records.size());
  sent_ = std::max(sent_, entry.position);
  unacknowledged_.push_back({entry.position, made->first});
  producer_->Publish(std::move(made->records), [published = ports_.metrics.published, events = std::move(made->events),
                                                done = std::move(done)](absl::Status status) mutable {
    for (const auto& [topic, count] : events) {
      const auto counter = published.find(topic);
      if (status.ok() && counter != published.end()) counter->second.Add(count);
    }
    done(std::move(status));
  });
}

void EventRelay::OnError(const absl::Status& status) {
  ports_.metrics.errors.Add();
  if (status.code() == trouble_) return;
  trouble_ = status.code();
  if (ports_.on_trouble) ports_.on_trouble(status);
}

// ---- what was acknowledged ----

void EventRelay::Account() {
  account_at_ = ports_.monotonic->Now() + kAccountEvery;
  if (follower_ == nullptr) {
    ports_.metrics.lag_entries.Set(0);
    ports_.metrics.lag_ms.Set(0);
    return;
  }
  const LogPosition published = follower_->confirmed();
  if (published > published_) {
    published_ = published;
    if (trouble_ != absl::StatusCode::kOk && ports_.on_trouble) ports_.on_trouble(absl::OkStatus());
    trouble_ = absl::StatusCode::kOk;
  }
  while (!unacknowledged_.empty() && unacknowledged_.front().position <= published_) unacknowledged_.pop_front();
  const uint64_t newest = std::max(newest_, follower_->read_to()).number;
  ports_.metrics.lag_entries.Set(static_cast<int64_t>(newest - std::min(newest, published_.number)));
  const Duration lag = unacknowledged_.empty() ? Duration{} : ports_.wall->Now() - unacknowledged_.front().time;
  ports_.metrics.lag_ms.Set(std::max<int64_t>(0, lag.ToMilliseconds()));
}

void EventRelay::Trim() {
  if (!options_.trim_published || follower_ == nullptr) return;
  const MonotonicInstant now = ports_.monotonic->Now();
  const LogPosition target = follower_->stored_in_source();
  if (trimmed_ >= target || now < trim_after_) return;
  trim_after_ = now + kTrimEvery;
  ports_.log->TrimTo(source(), target, [this, completions = completions_, target](absl::StatusOr<LogPosition> kept) {
    if (!kept.ok()) return;
    // The first one kept is not above the target when another follower still needs it: the next time removes it.
    const LogPosition trimmed = std::min(*kept, target);
    completions->Post([this, trimmed] { trimmed_ = std::max(trimmed_, trimmed); });
  });
}

// ---- the end ----

void EventRelay::BeginEnd() {
  if (follower_ == nullptr) {
    lease_.Release();
    state_ = State::kStopped;
    return;
  }
  state_ = State::kEnding;
  follower_->AwaitEnd([this] { SavePosition(); });
}

void EventRelay::SavePosition() {
  state_ = State::kSavingPosition;
  ports_.log->SetFollower(source(), kRelayFollower, follower_->confirmed(),
                          [this, completions = completions_](const absl::Status&) {
                            completions->Post([this] {
                              StopFollowing();
                              lease_.Release();
                              watch_.reset();
                              state_ = State::kStopped;
                            });
                          });
}

}  // namespace meridian
