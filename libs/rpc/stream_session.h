// One open stream over any transport: backlog and its policy, one write in flight, one Finish after draining, the token's
// lease, the hand-over of messages to the handler, and OnClosed exactly once. A transport derives FrameSink and reports what
// happens; handlers hold the session as RawStream, also after its end.
//
// For the transport (gRPC, WebSocket):
//   auto session = StreamSession::Create(options, gate, timer, context, &sink);
//   session->Open(method)            → may call sink.StartFinish at once
//   session->OnRead(message) / OnReadEnd() / OnWriteDone(ok) / OnDone()
// StartWrite and StartFinish are never called while a write is in flight, StartFinish once, and nothing but Abort after it.
// OnDone is the transport's last call; after it the sink is not touched and may be destroyed.
// Calls into the handler: OnRead, OnReadEnd and OnDone call it on the calling thread; OnWriteDone calls OnWritable.
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
  Duration drain_timeout = Duration::Seconds(10);  // over the limits for so long: RESOURCE_EXHAUSTED
  Duration finish_timeout = Duration::Seconds(10);  // a finish that cannot be written for so long: the call is aborted
  Duration token_grace = kTokenGrace;
};

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // On the thread that sends, perhaps several at once.
  virtual std::string Encode(const Message& message) const = 0;
  // Answered by StreamSession::OnWriteDone.
  virtual void StartWrite(std::string frame) = 0;
  // Answered by StreamSession::OnDone, when reads have ended too.
  virtual void StartFinish(const absl::Status& status) = 0;
  // Makes what is in flight fail soon. Must not call back on this thread.
  virtual void Abort() = 0;
};

class StreamSession : public RawStream {
 public:
  static std::shared_ptr<StreamSession> Create(const StreamOptions& options, const CallGate& gate, DeadlineTimer& timer,
                                               CallContext context, FrameSink* sink);
  ~StreamSession() override;

  // For the transport.
  void Open(const Method& method);
  void OnRead(std::unique_ptr<Message> message);
  // The client sends no more, or the connection broke (`broken`: then the stream ends CANCELLED).
  void OnReadEnd(bool broken);
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
                FrameSink* sink);

  enum class State { kOpen, kFinishing, kFinishStarted, kDone };
  enum class Next { kNothing, kWrite, kFinish };

  Next Advance(std::unique_lock<std::mutex>& lock, std::string* frame);
  void Carry(Next next, std::string frame);
  void AfterPush(std::unique_lock<std::mutex> lock, bool fits);
  void FinishNow(absl::Status status, bool discard_backlog);
  void ArmLease();
  void CheckLease();
  void CheckDrained(uint64_t overflow);
  void AbortIfUnfinished();

  std::weak_ptr<StreamSession> self_;  // for timers, which may fire after the end
  const StreamOptions options_;
  const CallGate& gate_;
  DeadlineTimer& timer_;

  mutable std::mutex mutex_;
  FrameSink* sink_;  // null once done
  std::unique_ptr<RawStreamHandler> handler_;
  CallContext context_;
  TokenLease lease_;
  OutboundQueue queue_;
  MakeMarker make_marker_;
  State state_ = State::kOpen;
  bool write_in_flight_ = false;
  bool broken_ = false;
  uint64_t overflows_ = 0;  // counts the times that the limits were passed; the present one while `overflowing_`
  bool overflowing_ = false;
  absl::Status final_status_;
  DeadlineTimer::Id lease_timer_ = 0;
  DeadlineTimer::Id drain_timer_ = 0;
  DeadlineTimer::Id finish_timer_ = 0;
};

}  // namespace meridian::rpc
