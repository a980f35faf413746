// One connection to a Redis server or sentinel: commands go out in order, answers come back in order. What is handed in
// before it is connected waits; when it ends, everything still unanswered is answered as lost, in order. Lives on the
// store's I/O thread; a closed one must outlive the round of the loop in which it was closed.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/clock.h"
#include "libs/store/redis_io_thread.h"
#include "libs/store/redis_reply.h"
#include "libs/store/redis_socket.h"

namespace meridian {

class RedisConnection final : public RedisIoHandler {
 public:
  // The reply lives until the callback returns; `lost` when there is none. Must not destroy the connection.
  using OnReply = absl::AnyInvocable<void(RedisReply)>;

  struct Options {
    Duration connect_timeout;
    Duration command_timeout;
    // For a connection that is subscribed: everything that comes goes here.
    std::function<void(RedisReply)> on_push;
    // Once, after the last answer; never from within Send or Close.
    std::function<void(const absl::Status&)> on_closed;
  };

  RedisConnection(std::unique_ptr<RedisSocket> socket, RedisIoThread* thread, const MonotonicClock* clock,
                  Options options);
  ~RedisConnection() override;

  void Send(const RedisArguments& arguments, OnReply on_reply);
  // A command without an answer of its own (SUBSCRIBE on a connection with on_push).
  void SendUnanswered(const RedisArguments& arguments);
  // Ends it at the next Tick.
  void Close(absl::Status why);
  bool closed() const { return closed_; }
  // Handed in and not answered.
  size_t waiting_bytes() const { return waiting_bytes_; }
  size_t waiting() const { return in_flight_.size(); }

  void OnReady(bool readable, bool writable) override;
  // Writes what was handed in, and gives up after a time-out.
  void Tick();
  MonotonicInstant NextWake() const;

 private:
  struct InFlight {
    OnReply on_reply;
    size_t bytes = 0;
    MonotonicInstant deadline;
  };
  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  void ReadAll();
  void TakeReplies();
  void Flush();
  void UpdateInterest();
  void End();

  const std::unique_ptr<RedisSocket> socket_;
  RedisIoThread* const thread_;
  const MonotonicClock* const clock_;
  const Options options_;
  const std::unique_ptr<redisReader, FreeReader> reader_;
  bool established_ = false;
  bool writing_ = true;
  bool closed_ = false;
  absl::Status failure_;  // not OK: it ends at the next Tick
  MonotonicInstant connect_by_;
  std::string out_;
  size_t written_ = 0;  // of out_
  std::deque<InFlight> in_flight_;
  size_t waiting_bytes_ = 0;
};

}  // namespace meridian
