// A reader between its two owners: the shard, which calls it, and the handle, whose destruction ends that. Any thread.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "services/session/session_client.h"

namespace meridian {

class ReaderGate {
 public:
  explicit ReaderGate(std::shared_ptr<SessionClient::Reader> reader) : reader_(std::move(reader)) {}

  template <typename Call>
  void With(Call call) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (reader_ != nullptr) call(*reader_);
  }
  // Waits for a call that is running; none comes after it.
  void Close() {
    std::shared_ptr<SessionClient::Reader> last;  // destroyed without the lock
    std::lock_guard<std::mutex> lock(mutex_);
    last.swap(reader_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<SessionClient::Reader> reader_;  // under mutex_
};

}  // namespace meridian
