// The member functions of ShardLoop; included by shard_loop.h alone.
#pragma once

namespace meridian {

template <typename Program>
template <typename Read, typename DoneWithResult>
class ShardLoop<Program>::ReadWith final : public PendingRead {
 public:
  using Result = std::invoke_result_t<Read&, const Program&>;

  ReadWith(Read read, DoneWithResult done) : read_(std::move(read)), done_(std::move(done)) {}
  void Run(const Program& program) override { result_.emplace(read_(program)); }
  void Release() override { done_(absl::StatusOr<Result>(*std::move(result_))); }
  void Refuse(const absl::Status& status) override { done_(absl::StatusOr<Result>(status)); }

 private:
  Read read_;
  DoneWithResult done_;
  std::optional<Result> result_;
};

template <typename Program>
ShardLoop<Program>::ShardLoop(std::unique_ptr<Program> program, ShardLoopOptions options, ShardPorts ports,
                              ShardHooks<Program> hooks)
    : program_(std::move(program)),
      options_(std::move(options)),
      ports_(ports),
      hooks_(std::move(hooks)),
      completions_(std::make_shared<CompletionQueue>()),
      mailbox_(options_.mailbox),
      clock_(ports.monotonic, ports.wall),
      answers_(options_.answers),
      lifecycle_(options_.identity, ports, completions_, this) {
  lifecycle_.SetObserver(hooks_.on_state);
}

template <typename Program>
ShardLoop<Program>::~ShardLoop() {
  completions_->Close();
  mailbox_.SetClosed(true);
  const absl::Status gone =
      MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the shard's loop ended");
  Dropped(gone);
  RefuseMailbox(gone);
}

template <typename Program>
absl::Status ShardLoop<Program>::Refusal(PostResult result) {
  if (result == PostResult::kFull) {
    return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "too many requests wait");
  }
  if (result == PostResult::kShareFull) {
    return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull,
                       "too many requests of the tenant wait");
  }
  return NotServedHere();
}

template <typename Program>
absl::Status ShardLoop<Program>::Post(Command&& command, Lane lane, Done&& done, MonotonicInstant deadline) {
  if (lane == Lane::kNewContacts && ports_.store->NearlyFull()) {
    return MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kNoSpace,
                       "the store keeps what room is left for live work");
  }
  Item item(std::in_place_type<Request>, std::move(command), std::move(done), deadline);
  std::string_view tenant;
  if constexpr (requires(const Command& known) { Program::TenantOf(known); }) {
    tenant = Program::TenantOf(std::get<Request>(item).command);
  }
  const MonotonicInstant now = lane == Lane::kNewContacts ? ports_.monotonic->Now() : MonotonicInstant();
  const PostResult result = mailbox_.Post(lane, std::move(item), tenant, now);
  if (result == PostResult::kPosted) {
    completions_->Wake();
    return absl::OkStatus();
  }
  Request& request = std::get<Request>(item);
  command = std::move(request.command);
  done = std::move(request.done);
  return Refusal(result);
}

template <typename Program>
template <typename Read, typename DoneWithResult>
void ShardLoop<Program>::Query(Read read, DoneWithResult done) {
  Item item(std::make_unique<ReadWith<Read, DoneWithResult>>(std::move(read), std::move(done)));
  const PostResult result = mailbox_.Post(Lane::kReads, std::move(item));
  if (result == PostResult::kPosted) {
    completions_->Wake();
  } else {
    std::get<std::unique_ptr<PendingRead>>(item)->Refuse(Refusal(result));
  }
}

template <typename Program>
bool ShardLoop<Program>::Step() {
  const bool came = completions_->RunAll();
  lifecycle_.Tick();
  switch (state()) {
    case ShardState::kServing:
      return Serve() || came;
    case ShardState::kDraining:
      mailbox_.SetClosed(true);
      RefuseMailbox(
          MakeRefusal(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the shard is being handed over"));
      ReleaseDurable();
      if (held_.empty() && lifecycle_.chain().in_flight() == 0) lifecycle_.Finish();
      return came;
    case ShardState::kSuspended:
    case ShardState::kLost:
      RefuseMailbox(lifecycle_.refusal());
      return came;
    case ShardState::kStopped:
      if (lifecycle_.refusal().ok()) return came;  // never started: what was posted waits
      [[fallthrough]];
    case ShardState::kFailed:
      mailbox_.SetClosed(true);
      RefuseMailbox(lifecycle_.refusal());
      return came;
    case ShardState::kAcquiring:
    case ShardState::kTakingTerm:
    case ShardState::kLoading:
      if (!lifecycle_.refusal().ok()) RefuseMailbox(lifecycle_.refusal());
      return came;
  }
  return came;
}

template <typename Program>
MonotonicInstant ShardLoop<Program>::NextWake() {
  MonotonicInstant wake = lifecycle_.NextWake();
  if (state() != ShardState::kServing || !lifecycle_.chain().CanCommit() || !lifecycle_.HoldsLease()) return wake;
  wake = std::min(wake, replay_.NextWake());
  if (snapshot_due_) wake = std::min(wake, next_snapshot_);
  const Instant deadline = program_->NextDeadline();
  if (deadline != Instant::Never()) {
    wake = std::min(wake, ports_.monotonic->Now() + clock_.MonotonicUntil(deadline));
  }
  return wake;
}

template <typename Program>
void ShardLoop<Program>::Restart() {
  if (!stopped()) return;
  mailbox_.SetClosed(false);
  lifecycle_.Start();
}

template <typename Program>
bool ShardLoop<Program>::Serve() {
  const bool released = ReleaseDurable();
  if (!lifecycle_.chain().CanCommit() || !lifecycle_.HoldsLease()) return released;
  if (!held_.empty() && held_.back().size() >= options_.batch.held) return released;
  const Instant now = clock_.Now();
  if (!HasWork(now)) return released;
  RunBatch(now);
  ReleaseDurable();
  return true;
}

template <typename Program>
bool ShardLoop<Program>::HasWork(Instant now) {
  if (first_batch_ || !replays_.empty() || !mailbox_.empty() || program_->NextDeadline() <= now) return true;
  const MonotonicInstant tick = ports_.monotonic->Now();
  return replay_.IsOver(tick) || (snapshot_due_ && tick >= next_snapshot_);
}

template <typename Program>
void ShardLoop<Program>::RunBatch(Instant now) {
  const MonotonicInstant began = ports_.monotonic->Now();
  const MonotonicInstant until = began + options_.batch.time;
  if (replay_.IsOver(began)) {
    replay_.Close();
    if constexpr (requires { program_->EndReplayWindow(now); }) program_->EndReplayWindow(now);
  }
  answers_.ForgetOld(now);
  if (!TakeReplays(now, until)) return CloseBatch(now);
  RunTimers(now, began + options_.batch.time / 2);
  TakeLane(Lane::kLiveWork, now, until);
  // Live work may use the whole time of a batch; the others only what it leaves.
  if (ports_.monotonic->Now() < until) TakeLane(Lane::kNewContacts, now, until);
  if (ports_.monotonic->Now() < until) TakeLane(Lane::kReads, now, until);
  CloseBatch(now);
}

// True when none is left: the others wait, and so do timers, which were not due when these commands were acknowledged.
template <typename Program>
bool ShardLoop<Program>::TakeReplays(Instant now, MonotonicInstant until) {
  while (!replays_.empty()) {
    if (!HasRoom() || ports_.monotonic->Now() >= until) return false;
    Request request = std::move(replays_.front());
    replays_.pop_front();
    ApplyRequest(std::move(request), now, /*replayed=*/true);
  }
  return true;
}

template <typename Program>
void ShardLoop<Program>::RunTimers(Instant now, MonotonicInstant until) {
  while (HasRoom() && program_->NextDeadline() <= now) {
    if (!program_->Advance(now) || ports_.monotonic->Now() >= until) return;
  }
}

template <typename Program>
void ShardLoop<Program>::TakeLane(Lane lane, Instant now, MonotonicInstant until) {
  constexpr size_t kCommandsPerLook = 8;  // at the clock
  const size_t most = options_.batch.per_lane[static_cast<size_t>(lane)];
  const MonotonicInstant began = ports_.monotonic->Now();
  Item item;
  for (size_t taken = 1; taken <= most && HasRoom() && mailbox_.Take(lane, &item, began); ++taken) {
    ApplyItem(std::move(item), now, began);
    if (taken % kCommandsPerLook == 0 && ports_.monotonic->Now() >= until) return;
  }
}

template <typename Program>
void ShardLoop<Program>::ApplyItem(Item item, Instant now, MonotonicInstant tick) {
  if (auto* request = std::get_if<Request>(&item)) {
    if (request->deadline < tick) {
      building_.answers.push_back({program_->Refuse(DeadlinePassed()), std::move(request->done)});
      return;
    }
    ApplyRequest(std::move(*request), now, /*replayed=*/false);
  } else if (auto* read = std::get_if<std::unique_ptr<PendingRead>>(&item)) {
    (*read)->Run(*program_);
    building_.reads.push_back(std::move(*read));
  }
}

template <typename Program>
void ShardLoop<Program>::ApplyRequest(Request request, Instant now, bool replayed) {
  const std::optional<RequestKey> key = program_->KeyOf(request.command);
  if (key) {
    const AnswerTable::Lookup found = answers_.Find(*key, now);
    if (found.verdict != AnswerTable::Verdict::kNew) {
      const bool repeat = found.verdict == AnswerTable::Verdict::kRepeat;
      building_.answers.push_back(
          {repeat ? program_->DecodeAnswer(found.answer) : program_->Refuse(found.refusal), std::move(request.done)});
      return;
    }
  }
  Answer answer = [&] {
    if constexpr (requires { program_->Replay(std::move(request.command), now); }) {
      if (replayed) return program_->Replay(std::move(request.command), now);
    }
    return program_->Apply(std::move(request.command), now);
  }();
  if (key) answers_.Add(*key, program_->EncodeAnswer(answer));
  building_.answers.push_back({std::move(answer), std::move(request.done)});
}

template <typename Program>
bool ShardLoop<Program>::HasRoom() const {
  constexpr size_t kOwnRecords = AnswerTable::kDeletesPerCommit + 2;  // the answers, the time
  constexpr size_t kOwnBytes = 1024;
  const BatchSize size = program_->PendingSize();
  return size.records + kMaxEffectRecords + kOwnRecords <= CommitRequest::kMaxRecords &&
         size.bytes + answers_.PendingBytes() + kMaxEffectBytes + kOwnBytes <= CommitRequest::kMaxBytes;
}

template <typename Program>
void ShardLoop<Program>::CloseBatch(Instant now) {
  CommitChain& chain = lifecycle_.chain();
  const uint64_t next = chain.next_number();
  ProgramBatch<Message> batch = program_->TakeBatch(LogPosition{chain.term(), next}, now);
  TakeSnapshot(&building_);
  if (!first_batch_ && !batch.HasWrites() && answers_.PendingBytes() == 0) {
    Hold(std::move(batch.messages), next - 1);
    return;
  }
  first_batch_ = false;
  answers_.TakeRecord(next, &batch.puts);
  answers_.TakeDeletes(&batch.deletes);
  batch.puts.push_back(ShardTimeRecord{now}.ToRecord());
  chain.Commit(std::move(batch.puts), std::move(batch.deletes), std::move(batch.log_entry));
  Hold(std::move(batch.messages), next);
}

// Moves what was built to the batches that wait; joins the youngest when both wait for the same commit.
template <typename Program>
void ShardLoop<Program>::Hold(std::vector<Message>&& messages, uint64_t number) {
  building_.messages = std::move(messages);
  building_.number = number;
  if (held_.empty() || held_.back().number != number) {
    held_.push_back(std::move(building_));
    building_ = std::move(spare_);
    return;
  }
  HeldBatch& last = held_.back();
  std::move(building_.answers.begin(), building_.answers.end(), std::back_inserter(last.answers));
  std::move(building_.messages.begin(), building_.messages.end(), std::back_inserter(last.messages));
  std::move(building_.reads.begin(), building_.reads.end(), std::back_inserter(last.reads));
  if (building_.snapshot) last.snapshot = std::move(building_.snapshot);
  building_.Clear();
}

// A change after the last snapshot asks for another one, even if nothing else happens.
template <typename Program>
void ShardLoop<Program>::TakeSnapshot(HeldBatch* batch) {
  if (!hooks_.snapshot) return;
  const MonotonicInstant tick = ports_.monotonic->Now();
  snapshot_due_ = tick < next_snapshot_;
  if (snapshot_due_) return;
  next_snapshot_ = tick + options_.snapshot_interval;
  batch->snapshot = hooks_.snapshot(*program_);
}

template <typename Program>
bool ShardLoop<Program>::ReleaseDurable() {
  bool any = false;
  const uint64_t durable = lifecycle_.chain().durable().number;
  while (!held_.empty() && held_.front().number <= durable && lifecycle_.HoldsLease()) {
    HeldBatch batch = std::move(held_.front());
    held_.pop_front();
    Release(&batch);
    batch.Clear();
    spare_ = std::move(batch);
    any = true;
  }
  return any;
}

template <typename Program>
void ShardLoop<Program>::Release(HeldBatch* batch) {
  releasing_ = batch->number;
  for (HeldAnswer& held : batch->answers) held.done(std::move(held.answer));
  if (hooks_.on_message) {
    for (Message& message : batch->messages) hooks_.on_message(std::move(message));
  }
  for (std::unique_ptr<PendingRead>& read : batch->reads) read->Release();
  if (batch->snapshot) batch->snapshot();
}

template <typename Program>
void ShardLoop<Program>::RefuseMailbox(const absl::Status& why) {
  // The same reason, told of what was under way, leaves open what became of it.
  const absl::Status status = ReasonOf(why) == refusal::kNotOwner ? NotServedHere() : why;
  Item item;
  for (Lane lane : {Lane::kLiveWork, Lane::kNewContacts, Lane::kReads}) {
    while (mailbox_.Take(lane, &item)) {
      if (auto* request = std::get_if<Request>(&item)) {
        request->done(program_->Refuse(status));
      } else if (auto* read = std::get_if<std::unique_ptr<PendingRead>>(&item)) {
        (*read)->Refuse(status);
      }
    }
  }
}

template <typename Program>
std::vector<uint8_t> ShardLoop<Program>::LiveTables() const {
  std::vector<uint8_t> tables = program_->LiveTables();
  tables.push_back(AnswerTable::kTable);
  tables.push_back(ShardTimeRecord::kTable);
  return tables;
}

template <typename Program>
void ShardLoop<Program>::BeginLoad() {
  answers_.Clear();
  loaded_time_ = ShardTimeRecord{};
  program_->BeginLoad();
}

template <typename Program>
absl::Status ShardLoop<Program>::Restore(const Record& record) {
  if (record.key.table == AnswerTable::kTable) return answers_.Restore(record);
  if (record.key.table == ShardTimeRecord::kTable) return loaded_time_.Restore(record);
  return program_->Restore(record);
}

template <typename Program>
absl::Status ShardLoop<Program>::FinishLoad(const TermGrant& grant) {
  answers_.FinishRestore();
  clock_.Restart(loaded_time_.now, grant.taken_at);
  first_batch_ = true;
  // What an earlier term had yet to replay is as good as lost in this one.
  TermGrant term = grant;
  term.tail_at_risk = grant.tail_at_risk || replay_.is_open();
  if (term.tail_at_risk) replay_.Open(ports_.monotonic->Now());
  const absl::Status finished = program_->FinishLoad(term, clock_.Now());
  if (finished.ok() && hooks_.on_term) hooks_.on_term(term);
  return finished;
}

template <typename Program>
void ShardLoop<Program>::Dropped(const absl::Status& reason) {
  ReleaseDurable();
  for (HeldBatch& batch : std::exchange(held_, {})) {
    for (HeldAnswer& held : batch.answers) held.done(program_->Refuse(reason));
    for (std::unique_ptr<PendingRead>& read : batch.reads) read->Refuse(reason);
  }
  for (Request& request : std::exchange(replays_, {})) request.done(program_->Refuse(reason));
}

}  // namespace meridian
