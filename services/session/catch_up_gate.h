// Holds back what depends on grants until the session has applied everything that routing's logs held when it began to
// serve: after a start, a grant in the records may have ended in a log that was not followed to its end yet.
// The shard's thread.
#pragma once

#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "libs/error/error.h"

namespace meridian {

class CatchUpGate {
 public:
  // Called with OK when the gate is open (at once when it is), or with why it never will be. In order.
  using Task = absl::AnyInvocable<void(const absl::Status&)>;
  static constexpr size_t kMaxHeld = 65536;

  bool is_open() const { return open_; }

  void Run(Task task) {
    if (is_open()) return task(absl::OkStatus());
    if (!failed_.ok()) return task(failed_);
    if (held_.size() >= kMaxHeld) {
      return task(MakeError(absl::StatusCode::kResourceExhausted, "CATCHING_UP", "the session has just started"));
    }
    held_.push_back(std::move(task));
  }
  void Open() {
    open_ = true;
    failed_ = absl::OkStatus();
    RunHeld(absl::OkStatus());
  }
  // What is held, and what comes from now on, waits for the next Open; also after Fail.
  void Close() {
    open_ = false;
    failed_ = absl::OkStatus();
  }
  // Nothing is held any more, until it is closed or opened again.
  void Fail(const absl::Status& why) {
    failed_ = why;
    RunHeld(why);
  }

 private:
  void RunHeld(const absl::Status& status) {
    for (Task& task : std::exchange(held_, {})) task(status);
  }

  bool open_ = false;
  absl::Status failed_;
  std::vector<Task> held_;
};

}  // namespace meridian
