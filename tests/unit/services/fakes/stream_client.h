// A client of one stream of a method table, without a network: the test is the transport. The server's frames are noted
// as they are written, on whichever thread sends.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/rpc/stream_session.h"

namespace meridian {

template <class In, class Out>
class StreamClient : public rpc::FrameSink {
 public:
  // The claims are taken as they are: nobody checks a token.
  StreamClient(const rpc::MethodTable& table, const rpc::CallGate& gate, rpc::DeadlineTimer& timer,
               const std::string& method, security::TokenClaims claims, const rpc::StreamOptions& options = {}) {
    rpc::CallContext context;
    context.method = method;
    context.claims = std::make_shared<const security::TokenClaims>(std::move(claims));
    session_ = rpc::StreamSession::Create(options, gate, timer, std::move(context), &Encode, this);
    session_->Open(*table.Find(method));
  }
  ~StreamClient() override { Leave(); }

  void Send(const In& message) { session_->OnRead(std::make_unique<In>(message)); }
  void HalfClose() { session_->OnHalfClosed(); }
  // The connection is gone: the server's handler is told, and destroyed. A second call does nothing.
  void Leave() {
    if (std::exchange(left_, true)) return;
    session_->OnBroken();
    EndHeldWrite(false);
    {
      std::unique_lock lock(mutex_);
      left_by_senders_.wait(lock, [this] { return finished_ && senders_ == 0; });
    }
    session_->OnDone();
  }

  // The next frame that is written stays on its way until ReadOn.
  void StopReading() {
    std::lock_guard lock(mutex_);
    reading_ = false;
  }
  void ReadOn() {
    {
      std::lock_guard lock(mutex_);
      reading_ = true;
    }
    EndHeldWrite(true);
  }

  std::vector<Out> frames() const {
    std::lock_guard lock(mutex_);
    return frames_;
  }
  // What came since the last call.
  std::vector<Out> Take() {
    std::lock_guard lock(mutex_);
    return std::exchange(frames_, {});
  }
  // How the server ended it.
  std::optional<absl::Status> finished() const {
    std::lock_guard lock(mutex_);
    return finished_;
  }

 private:
  static std::string Encode(const rpc::Message& message) { return message.SerializeAsString(); }

  void StartWrite(std::string frame, bool) override {
    {
      std::lock_guard lock(mutex_);
      frames_.emplace_back().ParseFromString(frame);
      if (!reading_) {
        write_held_ = true;
        return;
      }
      ++senders_;
    }
    session_->OnWriteDone(true);
    std::lock_guard lock(mutex_);
    --senders_;
    left_by_senders_.notify_all();
  }
  void EndHeldWrite(bool ok) {
    {
      std::lock_guard lock(mutex_);
      if (!std::exchange(write_held_, false)) return;
    }
    session_->OnWriteDone(ok);
  }
  void StartFinish(const absl::Status& status) override {
    std::lock_guard lock(mutex_);
    finished_ = status;
    left_by_senders_.notify_all();
  }
  void Abort() override {}

  std::shared_ptr<rpc::StreamSession> session_;
  bool left_ = false;
  mutable std::mutex mutex_;
  std::condition_variable left_by_senders_;
  int senders_ = 0;  // threads that write a frame
  bool reading_ = true;
  bool write_held_ = false;
  std::vector<Out> frames_;
  std::optional<absl::Status> finished_;
};

}  // namespace meridian
