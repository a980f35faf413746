// Brings what happens on other threads (a store's answers, a request to stop) to the thread that steps a loop.
// Shared between the loop and the callbacks it has given away; a callback that comes after Close() does nothing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/any_invocable.h"

namespace meridian {

class CompletionQueue {
 public:
  using Completion = absl::AnyInvocable<void()>;

  // What Wake() calls; must not block. Called also after Close(), as long as anybody holds the queue: it owns what it
  // needs. Before any other thread knows the queue.
  void SetWaker(std::function<void()> waker) { waker_ = std::move(waker); }

  // Any thread.
  void Post(Completion completion);
  void Wake() const {
    if (waker_) waker_();
  }

  // The owner's thread. Runs what has come, in order, including what comes meanwhile; true when there was any.
  bool RunAll();
  // The owner's thread. Drops what waits and all that will come.
  void Close();

 private:
  std::function<void()> waker_;
  std::mutex mutex_;
  bool closed_ = false;
  std::vector<Completion> waiting_;
  std::vector<Completion> running_;
};

}  // namespace meridian
