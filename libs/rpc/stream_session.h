// One open stream over any transport: backlog and its policy, one write in flight, one Finish after draining, the
// token's lease, the hand-over of messages to the handler, and OnClosed exactly once. A transport derives FrameSink and
// reports what happens; handlers hold the session as RawStream, also after its end.
//
// For the transport (gRPC, WebSocket):
//   auto session = StreamSession::Create(options, gate, timer, context, encode, &sink);
//   session->Open(method)            may call sink.StartWrite or StartFinish at once; report their ends after it
//   returned session->OnRead(message) / OnHalfClosed() / OnBroken() / OnWriteDone(ok) / OnDone()
// StartWrite and StartFinish are never called while a write is in flight, StartFinish once, and nothing but Abort after
// it. OnDone is the transport's last call; after it the sink is not touched and may be destroyed. OnRead, OnHalfClosed,
// OnWriteDone and OnDone call the handler on the calling thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/call_gate.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/rpc/method_table.h"
#include "libs/rpc/outbound_queue.h"
#include "libs/rpc/server_stream.h"
#include "libs/rpc/token_lease.h"

namespace meridian::rpc {

struct StreamOptions {
  OutboundQueue::Limits backlog;
  Duration drain_timeout = Duration::Seconds(10);   // over the limits for so long: RESOURCE_EXHAUSTED
  Duration finish_timeout = Duration::Seconds(10);  // a finish that cannot be written for so long: the call is aborted
  Duration token_grace = kTokenGrace;
};

// A message in the transport's form. Called on the thread that sends, perhaps by several at once.
using EncodeFrame = std::string (*)(const Message& message);

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Answered by StreamSession::OnWriteDone. `more`: another frame follows at once, so this one need not be sent alone.
  virtual void StartWrite(std::string frame, bool more) = 0;
  // Answered by StreamSession::OnDone, when nothing else is in flight.
  virtual void StartFinish(const absl::Status& status) = 0;
  // Makes what is in flight fail soon. Must not call back on this thread.
  virtual void Abort() = 0;
};

class StreamSession : public RawStream {
 public:
  static std::shared_ptr<StreamSession> Create(const StreamOptions& options, const CallGate& gate, DeadlineTimer& timer,
                                               CallContext context, EncodeFrame encode, FrameSink* sink);
  ~StreamSession() override;

  // For the transport.
  void Open(const Method& method);
  // False when the stream is ending and wants no more.
  bool OnRead(std::unique_ptr<Message> message);
  // The client sends no more.
  void OnHalfClosed();
  // The client or the connection is gone. May come at any time before OnDone, also twice.
  void OnBroken();
  void OnWriteDone(bool ok);
  void OnDone();
  // How it ended; valid in and after OnDone.
  absl::Status final_status() const;

  // RawStream; any thread.
  bool SendRaw(const Message& frame, Keep) override;
  bool SendRaw(const Message& frame, Droppable droppable) override;
  void SetMarkerRaw(MakeMarker make_marker) override;
  void Finish(absl::Status status) override;
  Backlog backlog() const override;
  absl::Status RenewToken(std::string_view jwt) override;
  CallContext context() const override;

 private:
  StreamSession(const StreamOptions& options, const CallGate& gate, DeadlineTimer& timer, CallContext context,
                EncodeFrame encode, FrameSink* sink);

  enum class State { kOpen, kFinishing, kFinishStarted, kDone };
  enum class Next { kNothing, kWrite, kFinish };

  // What to do next, decided under the lock and carried out after it by Carry.
  struct Step {
    Next next = Next::kNothing;
    std::string frame;
    bool more = false;  // frames wait behind it
  };
  Step Advance();
  void Carry(Step step);
  bool AfterPush(std::unique_lock<std::mutex> lock, bool fits, uint64_t dropped_before);
  void StartEnding(absl::Status status);
  void End(absl::Status status, bool discard_backlog);
  void ArmLease();
  void CheckLease();
  void WatchDraining();
  void CheckDrained(uint64_t overflow);
  void AbortIfUnfinished();
  RawStreamHandler* handler() const;
  bool IsWritable() const { return state_ == State::kOpen && !write_in_flight_ && queue_.empty(); }
  void NotifyWritable(std::unique_lock<std::mutex> lock);

  std::weak_ptr<StreamSession> self_;  // for timers, which may fire after the end
  const StreamOptions options_;
  const CallGate& gate_;
  DeadlineTimer& timer_;
  const EncodeFrame encode_;

  mutable std::mutex mutex_;
  FrameSink* sink_;  // null once done
  std::unique_ptr<RawStreamHandler> handler_;
  CallContext context_;
  TokenLease lease_;
  OutboundQueue queue_;
  MakeMarker make_marker_;
  State state_ = State::kOpen;
  bool write_in_flight_ = false;
  bool awaits_request_ = false;  // a server stream's one request has not been handled
  bool notifying_ = false;       // OnWritable runs, or has to wait for that request
  bool notify_again_ = false;
  // Since the limits were passed: the frame to be written within drain_timeout; 0 when all is well.
  uint64_t drain_target_ = 0;
  uint64_t overflows_ = 0;  // so that a late timer knows that it is of an earlier overflow
  absl::Status final_status_;
  DeadlineTimer::Id lease_timer_ = 0;
  DeadlineTimer::Id drain_timer_ = 0;
  DeadlineTimer::Id finish_timer_ = 0;
};

}  // namespace meridian::rpc
