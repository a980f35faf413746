#include "libs/rpc/stream_session.h"

#include <utility>

#include "libs/error/error.h"

namespace meridian::rpc {

std::shared_ptr<StreamSession> StreamSession::Create(const StreamOptions& options, const CallGate& gate,
                                                     DeadlineTimer& timer, CallContext context, EncodeFrame encode,
                                                     FrameSink* sink) {
  std::shared_ptr<StreamSession> session(new StreamSession(options, gate, timer, std::move(context), encode, sink));
  session->self_ = session;
  return session;
}

StreamSession::StreamSession(const StreamOptions& options, const CallGate& gate, DeadlineTimer& timer,
                             CallContext context, EncodeFrame encode, FrameSink* sink)
    : options_(options),
      gate_(gate),
      timer_(timer),
      encode_(encode),
      sink_(sink),
      context_(std::move(context)),
      lease_(context_.claims, options.token_grace),
      queue_(options.backlog) {}

StreamSession::~StreamSession() = default;

void StreamSession::Open(const Method& method) {
  const bool has_one_request = method.kind == MethodKind::kServerStreaming;
  {
    std::lock_guard lock(mutex_);
    awaits_request_ = has_one_request;
    notifying_ = has_one_request;
  }
  auto handler = method.open(context(), self_.lock());
  if (!handler.ok()) return End(handler.status(), true);
  std::lock_guard lock(mutex_);
  handler_ = *std::move(handler);
  if (state_ == State::kOpen) ArmLease();
}

RawStreamHandler* StreamSession::handler() const {
  std::lock_guard lock(mutex_);
  return handler_.get();
}

bool StreamSession::OnRead(std::unique_ptr<Message> message) {
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return false;
  }
  absl::Status status = CallGate::CheckTenant(*message, *context().claims);
  if (status.ok()) status = handler()->OnMessage(std::move(message));
  if (!status.ok()) {
    End(std::move(status), false);
    return false;
  }
  std::unique_lock lock(mutex_);
  if (awaits_request_) {
    awaits_request_ = false;
    notifying_ = false;
    if (notify_again_ && IsWritable()) NotifyWritable(std::move(lock));
  }
  return true;
}

void StreamSession::OnHalfClosed() {
  RawStreamHandler* handler = nullptr;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kOpen) handler = handler_.get();
  }
  if (handler != nullptr) handler->OnHalfClosed();
}

void StreamSession::OnBroken() { End(absl::CancelledError("the client is gone"), true); }

void StreamSession::OnWriteDone(bool ok) {
  if (!ok) End(absl::CancelledError("the client is gone"), true);
  std::unique_lock lock(mutex_);
  write_in_flight_ = false;
  if (queue_.last_popped() >= drain_target_) drain_target_ = 0;
  Step step = Advance();
  if (IsWritable()) return NotifyWritable(std::move(lock));
  lock.unlock();
  Carry(std::move(step));
}

// One OnWritable at a time, and not again while what it sent still waits.
void StreamSession::NotifyWritable(std::unique_lock<std::mutex> lock) {
  notify_again_ = true;
  if (notifying_ || handler_ == nullptr) return;
  notifying_ = true;
  RawStreamHandler* handler = handler_.get();
  while (notify_again_ && IsWritable()) {
    notify_again_ = false;
    lock.unlock();
    handler->OnWritable();
    lock.lock();
  }
  notifying_ = false;
}

void StreamSession::OnDone() {
  std::unique_ptr<RawStreamHandler> handler;
  MakeMarker make_marker;
  absl::Status status;
  {
    std::lock_guard lock(mutex_);
    if (state_ == State::kOpen) final_status_ = absl::CancelledError("the client is gone");
    state_ = State::kDone;
    sink_ = nullptr;
    status = final_status_;
    handler = std::move(handler_);
    make_marker = std::exchange(make_marker_, nullptr);
    queue_.Clear();
  }
  timer_.Cancel(lease_timer_);
  timer_.Cancel(drain_timer_);
  timer_.Cancel(finish_timer_);
  if (handler) handler->OnClosed(status);
}

absl::Status StreamSession::final_status() const {
  std::lock_guard lock(mutex_);
  return final_status_;
}

bool StreamSession::SendRaw(const Message& frame, Keep) {
  std::string bytes = encode_(frame);
  std::unique_lock lock(mutex_);
  if (state_ != State::kOpen) return false;
  bool fits = queue_.PushKept(std::move(bytes));
  return AfterPush(std::move(lock), fits, queue_.dropped());
}

bool StreamSession::SendRaw(const Message& frame, Droppable droppable) {
  std::string bytes = encode_(frame);
  std::unique_lock lock(mutex_);
  if (state_ != State::kOpen) return false;
  uint64_t dropped_before = queue_.dropped();
  bool fits = false;
  if (make_marker_) {
    fits = queue_.PushDroppable(
        std::move(bytes), std::move(droppable),
        [this](const std::string& key, uint64_t resume_after) { return encode_(*make_marker_(key, resume_after)); });
  } else {
    fits = queue_.PushKept(std::move(bytes));
  }
  return AfterPush(std::move(lock), fits, dropped_before);
}

bool StreamSession::AfterPush(std::unique_lock<std::mutex> lock, bool fits, uint64_t dropped_before) {
  if (!fits) {
    lock.unlock();
    End(MakeError(absl::StatusCode::kResourceExhausted, kSlowReader, "too much was waiting to be read"), true);
    return false;
  }
  if (drain_target_ == 0 && (queue_.IsOverLimits() || queue_.dropped() > dropped_before)) WatchDraining();
  Step step = Advance();
  lock.unlock();
  Carry(std::move(step));
  return true;
}

StreamSession::Step StreamSession::Advance() {
  if (write_in_flight_ || state_ == State::kFinishStarted || state_ == State::kDone) return {};
  if (auto frame = queue_.Pop()) {
    write_in_flight_ = true;
    return {Next::kWrite, *std::move(frame), !queue_.empty()};
  }
  if (state_ != State::kFinishing) return {};
  state_ = State::kFinishStarted;
  return {Next::kFinish, {}};
}

// Without the lock: the sink lives until OnDone, which cannot come before a write in flight and the finish have ended.
void StreamSession::Carry(Step step) {
  if (step.next == Next::kWrite) sink_->StartWrite(std::move(step.frame), step.more);
  if (step.next == Next::kFinish) sink_->StartFinish(final_status());
}

void StreamSession::SetMarkerRaw(MakeMarker make_marker) {
  std::lock_guard lock(mutex_);
  if (state_ == State::kOpen) make_marker_ = std::move(make_marker);
}

void StreamSession::Finish(absl::Status status) { End(std::move(status), false); }

void StreamSession::End(absl::Status status, bool discard_backlog) {
  std::unique_lock lock(mutex_);
  if (discard_backlog) queue_.Clear();
  if (state_ == State::kOpen) StartEnding(std::move(status));
  Step step = Advance();
  lock.unlock();
  Carry(std::move(step));
}

void StreamSession::StartEnding(absl::Status status) {
  state_ = State::kFinishing;
  final_status_ = std::move(status);
  finish_timer_ = timer_.After(options_.finish_timeout, [weak = self_] {
    if (auto self = weak.lock()) self->AbortIfUnfinished();
  });
}

void StreamSession::AbortIfUnfinished() {
  std::lock_guard lock(mutex_);
  if (sink_ != nullptr) sink_->Abort();
}

void StreamSession::WatchDraining() {
  drain_target_ = queue_.last_pushed();
  uint64_t overflow = ++overflows_;
  timer_.Cancel(drain_timer_);
  drain_timer_ = timer_.After(options_.drain_timeout, [weak = self_, overflow] {
    if (auto self = weak.lock()) self->CheckDrained(overflow);
  });
}

void StreamSession::CheckDrained(uint64_t overflow) {
  {
    std::lock_guard lock(mutex_);
    if (drain_target_ == 0 || overflow != overflows_) return;
  }
  End(MakeError(absl::StatusCode::kResourceExhausted, kSlowReader, "what was sent was not read in time"), true);
}

Backlog StreamSession::backlog() const {
  std::lock_guard lock(mutex_);
  return queue_.backlog();
}

CallContext StreamSession::context() const {
  std::lock_guard lock(mutex_);
  return context_;
}

absl::Status StreamSession::RenewToken(std::string_view jwt) {
  auto claims = gate_.Verify(jwt);
  if (!claims.ok()) return claims.status();
  std::lock_guard lock(mutex_);
  absl::Status status = lease_.Renew(*std::move(claims));
  if (!status.ok()) return status;
  context_.claims = lease_.claims();
  if (state_ == State::kOpen) ArmLease();
  return absl::OkStatus();
}

void StreamSession::ArmLease() {
  timer_.Cancel(lease_timer_);
  lease_timer_ = timer_.After(lease_.ends_at() - gate_.now(), [weak = self_] {
    if (auto self = weak.lock()) self->CheckLease();
  });
}

void StreamSession::CheckLease() {
  {
    std::lock_guard lock(mutex_);
    if (state_ != State::kOpen) return;
    // The wall clock may have been set back meanwhile.
    if (gate_.now() < lease_.ends_at()) return ArmLease();
  }
  End(MakeError(absl::StatusCode::kUnauthenticated, security::kTokenExpired, "the stream's token has expired"), false);
}

}  // namespace meridian::rpc
