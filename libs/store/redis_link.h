// The way to the one server that is the primary: finds it (through a sentinel, where there are sentinels), looks
// whether it may be used, brings it the function library, and holds two lanes to that one server process: one for
// writes, on which nothing ever blocks, and one for durability, on which WAIT does. When either ends, or an answer
// shows that the server is not the primary any more, both end: never do the lanes lead to two servers. Reconnects with
// jitter. Lives on the store's I/O thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/store/redis_commands.h"
#include "libs/store/redis_connection.h"
#include "libs/store/redis_sentinel.h"
#include "libs/store/redis_server_check.h"

namespace meridian {

class RedisLink {
 public:
  struct Events {
    std::function<void()> on_up;
    // It was up; what was under way is answered as lost, after this call.
    std::function<void(const absl::Status&)> on_down;
    // An attempt failed; the next one follows by itself.
    std::function<void(const absl::Status&)> on_failure;
  };

  // `options` must outlive the link.
  RedisLink(const RedisOptions& options, TlsContext tls, RedisIoThread* thread, Events events);
  ~RedisLink();

  bool up() const { return state_ == State::kUp; }
  // Counts the times it came up: what was learned of a server does not hold for the next one.
  uint64_t session() const { return session_; }
  // Of the server process as a primary, as the function library names it. Only while up.
  const std::string& server() const { return server_; }
  // The write lane; a lost reply when the link is not up.
  void Send(const RedisArguments& arguments, RedisConnection::OnReply on_reply);
  // The durability lane; as Send.
  void SendDurability(const RedisArguments& arguments, RedisConnection::OnReply on_reply);
  size_t waiting_bytes() const { return writes_ ? writes_->waiting_bytes() : 0; }
  bool durability_lane_needed() const;

  // A further connection to the server that the link leads to; null when it is not up or cannot be begun.
  std::unique_ptr<RedisConnection> OpenAnother(RedisConnection::Options options);
  // A closed connection, to be destroyed when no event can reach it any more.
  void Retire(std::unique_ptr<RedisConnection> connection);

  // Ends both lanes and looks for the primary anew.
  void Fail(const absl::Status& why);
  // For good: what is under way is answered as lost.
  void Close();

  void Tick();
  MonotonicInstant NextWake() const;

 private:
  enum class State { kDown, kAskingSentinel, kVerifying, kUp };

  void Begin();
  void AskNextSentinel();
  void Connect(RedisEndpoint endpoint, std::string run_id);
  std::unique_ptr<RedisConnection> Open(const RedisEndpoint& endpoint,
                                        std::function<void(const absl::Status&)> on_closed);
  void Verify();
  void FindLibrary();
  void LoadLibrary();
  void AskServerName();
  void OpenDurabilityLane();
  void CameUp();
  void Authenticate(RedisConnection& connection, const std::string& user, const std::string& password);
  // Runs `handle` with a good reply; any other ends the attempt.
  RedisConnection::OnReply Expect(void (RedisLink::*handle)(RedisReply));
  void OnInfo(RedisReply reply);
  void OnSettings(RedisReply reply);
  void OnLibraryFound(RedisReply reply);
  void OnServerName(RedisReply reply);
  void OnDurabilityServerName(RedisReply reply);
  MonotonicInstant RetryTime();

  const RedisOptions& options_;
  const TlsContext tls_;
  RedisIoThread* const thread_;
  const Events events_;

  State state_ = State::kDown;
  uint64_t session_ = 0;
  bool closing_ = false;
  bool was_up_ = false;  // replicas are counted before that only
  size_t next_sentinel_ = 0;
  RedisEndpoint endpoint_;
  std::string expected_run_id_;  // as a sentinel named it; empty: any
  RedisServerFacts facts_;
  std::string server_;
  std::unique_ptr<RedisConnection> sentinel_;
  std::unique_ptr<RedisConnection> writes_;
  std::unique_ptr<RedisConnection> durability_;
  std::vector<std::unique_ptr<RedisConnection>> retired_;
  MonotonicInstant retry_at_;
  Duration retry_delay_;
  uint64_t random_;
};

}  // namespace meridian
