// The one thread of a Redis store: waits for its sockets, for what is posted and for the next deadline of its client.
// Post: any thread; everything else is called on the thread itself.
#pragma once

#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/runtime/clock.h"

namespace meridian {

// What a socket's owner is told. It must outlive the round of the loop in which it closed its socket.
class RedisIoHandler {
 public:
  virtual ~RedisIoHandler() = default;
  virtual void OnReady(bool readable, bool writable) = 0;
};

class RedisIoThread {
 public:
  class Client {
   public:
    virtual ~Client() = default;
    // After every round: what came is handled; what is due, or was put off, is done now.
    virtual void Tick() = 0;
    virtual MonotonicInstant NextWake() = 0;
  };

  // The clock and the client must outlive the thread.
  RedisIoThread(const MonotonicClock* clock, Client* client);
  ~RedisIoThread();

  void Start();
  // Ends the loop after its round, and joins; what is posted later is dropped. Not from the thread itself.
  void Stop();

  void Post(absl::AnyInvocable<void()> task);

  void Add(int fd, RedisIoHandler* handler);
  void SetWriting(int fd, RedisIoHandler* handler, bool writing);
  void Remove(int fd);

 private:
  void Run();
  void RunPosted();
  void Await();

  const MonotonicClock* const clock_;
  Client* const client_;
  const int epoll_;
  const int wake_;

  std::mutex mutex_;
  bool stopping_ = false;
  bool woken_ = false;
  std::vector<absl::AnyInvocable<void()>> posted_;
  std::vector<absl::AnyInvocable<void()>> running_;
  std::thread thread_;
};

}  // namespace meridian
