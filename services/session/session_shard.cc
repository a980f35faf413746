#include "services/session/session_shard.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/session/contact_status.h"
#include "services/session/routing_facts.h"

namespace meridian {
namespace {

constexpr Duration kPresenceRetry = Duration::Milliseconds(50);
constexpr size_t kMaxListBytes = 1 << 20;

ShardLoopOptions LoopOptions(const SessionShardOptions& options) {
  ShardLoopOptions loop;
  loop.identity = options.identity;
  return loop;
}

bool IsFinal(ShardState state) {
  return state == ShardState::kStopped || state == ShardState::kLost || state == ShardState::kFailed;
}

absl::Status Unserved(const absl::Status& why) {
  if (!why.ok() && why.code() == absl::StatusCode::kUnavailable) return why;
  return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShardReloaded, "the session shard stopped serving");
}

absl::Status HandedOver() {
  return MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the session shard was handed over");
}

}  // namespace

// Ends a reading from any thread.
class SessionShard::Handle final : public SessionClient::Reading {
 public:
  Handle(SessionShard* shard, uint64_t id, std::shared_ptr<ReaderGate> gate)
      : shard_(shard), tasks_(shard->tasks_), id_(id), gate_(std::move(gate)) {}
  ~Handle() override {
    gate_->Close();
    // Through the gate, because what added it may wait there.
    tasks_->Post([shard = shard_, id = id_] {
      shard->gate_.Run([shard, id](const absl::Status&) { shard->readings_.Remove(id); });
    });
  }

 private:
  SessionShard* const shard_;
  const std::shared_ptr<CompletionQueue> tasks_;
  const uint64_t id_;
  const std::shared_ptr<ReaderGate> gate_;
};

SessionShard::SessionShard(SessionShardOptions options, SessionPorts ports)
    : options_(std::move(options)),
      ports_(std::move(ports)),
      tasks_(std::make_shared<CompletionQueue>()),
      agents_(ports_.routing),
      submissions_(MakeSubmissionPorts()),
      agent_messages_(MakeAgentMessagePorts()),
      readings_(MakeReadingPorts()),
      sender_(MakeSenderPorts()),
      eraser_(MakeEraserPorts()),
      replayer_("callers", ports_.shard.store->MayLoseAcknowledgedTail(), ports_.shard.monotonic),
      loop_(std::make_unique<SessionProgram>(options_.core), LoopOptions(options_), ports_.shard,
            {[this](conversation::OutgoingMessage&& message) { OnMessage(std::move(message)); }, nullptr,
             [this](ShardState state, const absl::Status& why) { OnState(state, why); }, replayer_.OnTermHook()}) {
  replayer_.Serve(&loop_);
  for (const ShardId& shard : options_.routing_shards) followers_.push_back(MakeFollower(shard));
}

SessionShard::~SessionShard() {
  tasks_->RunAll();
  tasks_->Close();
  followers_.clear();
  End(MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the session shard ended"));
}

void SessionShard::End(const absl::Status& why) {
  agent_messages_.Fail(why);
  gate_.Fail(why);
  submissions_.End(why);
  readings_.EndAll(why);
}

void SessionShard::Start() {
  loop_.Start();
  for (auto& follower : followers_) follower->Start();
}

// ---- commands ----

void SessionShard::Post(conversation::Command command, Lane lane, absl::AnyInvocable<void(SessionAnswer&&)> done,
                        MonotonicInstant deadline) {
  SessionCommand wrapped{std::move(command), {}, 0};
  ShardLoop<SessionProgram>::Done moved = replayer_.Keeping(wrapped, std::move(done));
  const absl::Status posted = loop_.Post(std::move(wrapped), lane, std::move(moved), deadline);
  if (posted.ok()) return;
  tasks_->Post([posted, moved = std::move(moved)]() mutable { moved({posted, std::nullopt, false}); });
}

void SessionShard::Append(conversation::AppendMessage command, SessionClient::Done<conversation::Appended> done) {
  if (command.author == conversation::AuthorKind::kCustomer) {
    return DoInTurn<conversation::Appended>(std::move(command), std::move(done));
  }
  tasks_->Post([this, command = std::move(command), done = std::move(done)]() mutable {
    agent_messages_.Append(std::move(command), std::move(done));
  });
}

void SessionShard::Submit(conversation::SubmitContact command, SessionClient::Done<conversation::Submitted> done) {
  const MonotonicInstant deadline =
      command.patience ? ports_.shard.monotonic->Now() + *command.patience : MonotonicInstant::Never();
  tasks_->Post([this, command = std::move(command), deadline, done = std::move(done)]() mutable {
    submissions_.Submit(std::move(command), deadline, std::move(done));
  });
}

SubmissionPorts SessionShard::MakeSubmissionPorts() {
  SubmissionPorts ports;
  ports.post = [this](conversation::SubmitContact command, Lane lane, MonotonicInstant deadline,
                      absl::AnyInvocable<void(SessionAnswer&&)> done) {
    Post(std::move(command), lane, std::move(done), deadline);
  };
  ports.read = [this](std::vector<RecordKey> keys, absl::AnyInvocable<void(ReadingPorts::Values)> done) {
    ReadRecords(std::move(keys), std::move(done));
  };
  ports.core = [this]() -> const conversation::SessionCore& { return loop_.program().core(); };
  ports.now = [this] { return ports_.shard.monotonic->Now(); };
  return ports;
}

AgentMessagePorts SessionShard::MakeAgentMessagePorts() {
  AgentMessagePorts ports;
  ports.post = [this](conversation::AppendMessage command, SessionClient::Done<conversation::Appended> done) {
    Do<conversation::Appended>(std::move(command), std::move(done));
  };
  ports.await_logs = [this](absl::AnyInvocable<void()> done) { AwaitLogs(std::move(done)); };
  ports.gate = &gate_;
  return ports;
}

EraserPorts SessionShard::MakeEraserPorts() {
  EraserPorts ports;
  ports.core = [this]() -> const conversation::SessionCore& { return loop_.program().core(); };
  ports.read = [this](std::vector<RecordKey> keys, absl::AnyInvocable<void(ReadingPorts::Values)> done) {
    ReadRecords(std::move(keys), std::move(done));
  };
  ports.post = [this](conversation::EraseClosed command, SessionClient::Done<conversation::Erased> done) {
    Post(std::move(command), Lane::kReads, [done = std::move(done)](SessionAnswer&& answer) mutable {
      done(Expect<conversation::Erased>(std::move(answer)));
    });
  };
  ports.now = [this] { return ports_.shard.monotonic->Now(); };
  ports.on_trouble = [this](const ErasureTrouble& trouble) {
    const bool of_the_store = trouble.closing == 0 && trouble.why.code() != absl::StatusCode::kDataLoss;
    if (ports_.on_erasure_trouble && !of_the_store) ports_.on_erasure_trouble(options_.identity.shard, trouble);
  };
  return ports;
}

void SessionShard::On(conversation::ContactAcknowledged& acknowledged) {
  sender_.On(acknowledged);
  submissions_.On(acknowledged);
}

void SessionShard::OnState(ShardState state, const absl::Status& why) {
  if (state == ShardState::kServing) {
    unserved_ = false;
    OpenGateWhenCaughtUp();
    eraser_.Start();
    if (std::exchange(told_lost_, false)) {
      submissions_.Restart();
      sender_.Restart();
      readings_.Restart();
    }
  } else if (state != ShardState::kDraining) {
    const bool final = IsFinal(state) || (state == ShardState::kAcquiring && !why.ok());
    told_lost_ = true;
    unserved_ = final;
    gate_.Close();
    eraser_.Stop();
    ++times_closed_;
    presence_.clear();
    languages_.Clear();
    const absl::Status unserved = state == ShardState::kStopped ? HandedOver() : Unserved(why);
    submissions_.FailUnacknowledged(unserved);
    if (final) End(unserved);
  }
  if (ports_.on_state) ports_.on_state(options_.identity.shard, state, why);
}

// ---- what leaves ----

void SessionShard::OnMessage(conversation::OutgoingMessage&& message) {
  std::visit([this](auto& body) { On(body); }, message);
}

void SessionShard::On(conversation::EnqueueContact& enqueue) {
  // Of a conversation that is being left, nothing would end the watch.
  const conversation::ConversationRecord* record = loop_.program().core().FindByContact(enqueue.request->spec.id);
  if (record != nullptr && record->state == conversation::ConversationState::kOpen) languages_.On(enqueue);
  sender_.On(enqueue);
}

void SessionShard::On(conversation::Deliver& delivered) {
  readings_.On(delivered);
  if (auto revision = languages_.On(delivered)) sender_.Revise(*std::move(revision));
}

void SessionShard::On(conversation::ContactChanged& changed) {
  if (auto revision = languages_.On(changed)) sender_.Revise(*std::move(revision));
  readings_.On(changed);
}

void SessionShard::On(conversation::ConversationClosed& closed) {
  languages_.On(closed);
  readings_.On(closed);
}

ingress::v1::ContactStatus SessionShard::ToStatus(const conversation::ContactChanged& changed) {
  ingress::v1::ContactStatus status = ToContactStatus(changed, agents_);
  const LanguageTag* language = languages_.Find(changed.conversation, changed.contact);
  if (language != nullptr && !language->empty()) status.set_language(language->ToString());
  return status;
}

RoutingSenderPorts SessionShard::MakeSenderPorts() {
  RoutingSenderPorts ports;
  ports.routing = ports_.routing;
  ports.log = ports_.log;
  ports.shard = options_.identity.shard;
  ports.routing_shards = options_.routing_shards;
  ports.program = [this]() -> const SessionProgram& { return loop_.program(); };
  ports.post = [this](conversation::Command command) {
    Post(std::move(command), Lane::kLiveWork, [](SessionAnswer&&) {});  // what is lost, the core asks again
  };
  ports.on_not_taken = [this](const ContactId& contact, const absl::Status& why) { submissions_.Fail(contact, why); };
  ports.on_full = [this](const TenantId& tenant) { submissions_.HoldBack(tenant); };
  ports.on_stale = [this](uint64_t known) { loop_.LeaveTermBelow(known); };
  ports.tasks = tasks_;
  return ports;
}

// ---- readings ----

std::unique_ptr<SessionClient::Reading> SessionShard::Read(uint64_t id, conversation::OpenReading what,
                                                           std::shared_ptr<SessionClient::Reader> reader) {
  auto gate = std::make_shared<ReaderGate>(std::move(reader));
  tasks_->Post([this, id, what = std::move(what), gate] {
    if (unserved_) {
      gate->With([](SessionClient::Reader& r) { r.OnEnded(Unserved(absl::OkStatus())); });
      return;
    }
    if (what.agent.empty()) return readings_.Add(id, what, gate);
    gate_.Run([this, id, what, gate](const absl::Status& status) {
      if (status.ok()) return readings_.Add(id, what, gate);
      gate->With([&status](SessionClient::Reader& r) { r.OnEnded(status); });
    });
  });
  return std::make_unique<Handle>(this, id, std::move(gate));
}

ReadingPorts SessionShard::MakeReadingPorts() {
  ReadingPorts ports;
  ports.open = [this](conversation::OpenReading what, absl::AnyInvocable<void(SessionAnswer&&)> done) {
    Post(std::move(what), Lane::kLiveWork, std::move(done));
  };
  ports.read = [this](std::vector<RecordKey> keys, absl::AnyInvocable<void(ReadingPorts::Values)> done) {
    ReadRecords(std::move(keys), std::move(done));
  };
  ports.watch = [this](conversation::WatchConversation command) { PostPresence(std::move(command)); };
  ports.unwatch = [this](conversation::UnwatchConversation command) { PostPresence(std::move(command)); };
  ports.to_status = [this](const conversation::ContactChanged& changed) { return ToStatus(changed); };
  return ports;
}

void SessionShard::ReadRecords(std::vector<RecordKey> keys, absl::AnyInvocable<void(ReadingPorts::Values)> done) {
  auto shared = std::make_shared<absl::AnyInvocable<void(ReadingPorts::Values)>>(std::move(done));
  ++reads_under_way_;
  ports_.shard.store->Read(options_.identity.shard, std::move(keys),
                           [this, tasks = tasks_, shared](ReadingPorts::Values values) {
                             tasks->Post([this, shared, values = std::move(values)]() mutable {
                               --reads_under_way_;
                               (*shared)(std::move(values));
                             });
                           });
}

// A customer whose leaving is not heard of would stay for ever: kept until there is room. In order.
void SessionShard::PostPresence(conversation::Command command) {
  if (presence_.empty()) {
    SessionCommand wrapped{std::move(command), {}, 0};
    ShardLoop<SessionProgram>::Done done = [](SessionAnswer&&) {};
    const absl::Status posted = loop_.Post(std::move(wrapped), Lane::kLiveWork, std::move(done));
    if (posted.code() != absl::StatusCode::kResourceExhausted) return;
    command = std::move(wrapped.body);
  }
  presence_.push_back(std::move(command));
  presence_at_ = ports_.shard.monotonic->Now() + kPresenceRetry;
}

// ---- lists ----

void SessionShard::List(TenantId tenant, ConversationId conversation, uint64_t after, uint64_t count,
                        SessionClient::Done<MessageList> done) {
  auto find = [tenant, conversation](const SessionProgram& program) -> std::optional<uint64_t> {
    const conversation::ConversationRecord* record = program.core().Find(conversation);
    return record == nullptr || record->tenant != tenant ? std::nullopt : std::optional(record->last_number);
  };
  auto shared = std::make_shared<SessionClient::Done<MessageList>>(std::move(done));
  // The answer may come on this thread when the loop takes nothing: everything else is the shard's thread's.
  loop_.Query(find, [this, tasks = tasks_, tenant, conversation, after, count,
                     shared](absl::StatusOr<std::optional<uint64_t>> last) {
    tasks->Post([this, tenant, conversation, after, count, shared, last = std::move(last)] {
      if (!last.ok()) return (*shared)(last.status());
      if (last->has_value()) return ListFrom(conversation, after, count, **last, std::move(*shared));
      ListEnded(tenant, conversation, after, count, std::move(*shared));
    });
  });
}

void SessionShard::FindEnded(TenantId tenant, ConversationId conversation, SessionClient::Done<uint64_t> done) {
  ReadRecords({{conversation::kEndedTable, conversation::ConversationKey(conversation)}},
              [tenant = std::move(tenant), done = std::move(done)](ReadingPorts::Values values) mutable {
                const auto record = DecodeEnded(values, tenant);
                if (!record.ok()) return done(record.status());
                done(record->last_number);
              });
}

// Where a message is missing, the conversation may have been erased meanwhile.
void SessionShard::ListEnded(TenantId tenant, ConversationId conversation, uint64_t after, uint64_t count,
                             SessionClient::Done<MessageList> done) {
  FindEnded(tenant, conversation, [=, this, done = std::move(done)](absl::StatusOr<uint64_t> last) mutable {
    if (!last.ok()) return done(last.status());
    ListFrom(conversation, after, count, *last,
             [=, this, done = std::move(done)](absl::StatusOr<MessageList> list) mutable {
               if (list.status().code() != absl::StatusCode::kDataLoss) return done(std::move(list));
               FindEnded(tenant, conversation,
                         [why = list.status(), done = std::move(done)](absl::StatusOr<uint64_t> still) mutable {
                           done(still.ok() ? why : still.status());
                         });
             });
  });
}

void SessionShard::ListFrom(const ConversationId& conversation, uint64_t after, uint64_t count, uint64_t last_number,
                            SessionClient::Done<MessageList> done) {
  if (after >= last_number) return done(MessageList{{}, last_number});
  auto keys = MessageKeys(conversation, after + 1, after + std::min(count, last_number - after));
  ReadRecords(std::move(keys), [last_number, done = std::move(done)](ReadingPorts::Values values) mutable {
    auto messages = DecodeMessages(values);
    if (!messages.ok()) return done(messages.status());
    size_t bytes = 0;
    size_t fitting = 0;
    while (fitting < messages->size() && (fitting == 0 || bytes < kMaxListBytes)) {
      bytes += conversation::TextBytes((*messages)[fitting++].message.parts);
    }
    messages->resize(fitting);
    done(MessageList{*std::move(messages), last_number});
  });
}

// ---- routing's log ----

std::unique_ptr<LogFollower> SessionShard::MakeFollower(ShardId routing_shard) {
  LogFollowerPorts ports;
  ports.log = ports_.log;
  ports.clock = ports_.shard.monotonic;
  ports.stored_position = [this, routing_shard](absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
    auto read = [routing_shard](const SessionProgram& program) -> LogPosition {
      const auto followed = program.core().FollowedTo(routing_shard.number);
      return followed ? LogPosition{followed->term, followed->number} : LogPosition{};
    };
    loop_.Query(read, std::move(done));
  };
  ports.deliver = [this](FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
    Deliver(std::move(entry), std::move(done));
  };
  ports.on_error = [this, routing_shard](const absl::Status& why) {
    if (ports_.on_follower_error) ports_.on_follower_error(routing_shard, why);
  };
  return std::make_unique<LogFollower>(
      LogFollowerOptions{routing_shard, "session-" + options_.identity.shard.ToString()}, std::move(ports));
}

void SessionShard::Deliver(FollowedEntry entry, absl::AnyInvocable<void(absl::Status)> done) {
  auto facts = ReadRoutingFacts(entry.bytes);
  if (!facts.ok()) return done(facts.status());
  const size_t parts = std::max<size_t>(1, (facts->size() + conversation::kMaxFacts - 1) / conversation::kMaxFacts);
  for (uint32_t part = 0; part < parts; ++part) {
    const bool last = part + 1 == parts;
    const auto from = facts->begin() + static_cast<ptrdiff_t>(part * conversation::kMaxFacts);
    const auto to = last ? facts->end() : from + static_cast<ptrdiff_t>(conversation::kMaxFacts);
    SessionCommand command{
        conversation::ApplyRoutingFacts{entry.source.number,
                                        {entry.position.term, entry.position.number},
                                        last,
                                        {std::make_move_iterator(from), std::make_move_iterator(to)}},
        {entry.previous.term, entry.previous.number},
        part};
    ShardLoop<SessionProgram>::Done answered = [](SessionAnswer&&) {};
    if (last) answered = [done = std::move(done)](SessionAnswer&& answer) mutable { done(answer.result.status()); };
    answered = replayer_.Keeping(command, std::move(answered));
    const absl::Status posted = loop_.Post(std::move(command), Lane::kLiveWork, std::move(answered));
    if (posted.ok()) continue;
    if (last) return answered({posted, std::nullopt, false});
    return done(posted);
  }
}

// ---- stepping ----

void SessionShard::SetWaker(std::function<void()> waker) {
  tasks_->SetWaker(waker);
  for (auto& follower : followers_) follower->SetWaker(waker);
  loop_.SetWaker(std::move(waker));
}

bool SessionShard::Step() {
  bool progress = tasks_->RunAll();
  if (!presence_.empty() && ports_.shard.monotonic->Now() >= presence_at_) {
    for (conversation::Command& command : std::exchange(presence_, {})) PostPresence(std::move(command));
  }
  eraser_.Step();
  progress = loop_.Step() || progress;
  for (auto& follower : followers_) progress = follower->Step() || progress;
  return progress;
}

void SessionShard::OpenGateWhenCaughtUp() {
  AwaitLogs([this, times = times_closed_] {
    if (times == times_closed_) gate_.Open();
  });
}

void SessionShard::AwaitLogs(absl::AnyInvocable<void()> done) {
  struct Awaited {
    size_t logs;
    absl::AnyInvocable<void()> done;
  };
  if (followers_.empty()) return done();
  auto awaited = std::make_shared<Awaited>(Awaited{followers_.size(), std::move(done)});
  for (auto& follower : followers_) {
    follower->AwaitEnd([awaited] {
      if (--awaited->logs == 0) awaited->done();
    });
  }
}

MonotonicInstant SessionShard::NextWake() {
  MonotonicInstant wake = std::min(loop_.NextWake(), eraser_.NextWake());
  for (auto& follower : followers_) wake = std::min(wake, follower->NextWake());
  return presence_.empty() ? wake : std::min(wake, presence_at_);
}

void SessionShard::RequestStop() {
  for (auto& follower : followers_) follower->RequestStop();
  loop_.RequestStop();
}

bool SessionShard::stopped() const {
  return loop_.stopped() && reads_under_way_ == 0 &&
         std::all_of(followers_.begin(), followers_.end(), [](const auto& follower) { return follower->stopped(); });
}

}  // namespace meridian
