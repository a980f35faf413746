#include "tests/benchmark/platform/throw_away_link.h"

#include <grpcpp/create_channel.h>

#include <cstring>
#include <utility>

#include "libs/rpc/tls_credentials.h"

namespace meridian::load {
namespace {

uint32_t TakeNumber(std::string_view& frame) {
  uint32_t number = 0;
  std::memcpy(&number, frame.data(), sizeof number);
  frame.remove_prefix(sizeof number);
  return number;
}

std::string TakeText(std::string_view& frame) {
  const uint32_t size = TakeNumber(frame);
  std::string text(frame.substr(0, size));
  frame.remove_prefix(size);
  return text;
}

void PutText(const std::string& text, std::string& frame) {
  PutCount(static_cast<uint32_t>(text.size()), frame);
  frame += text;
}

}  // namespace

void PutCount(uint32_t count, std::string& frame) { frame.append(reinterpret_cast<const char*>(&count), sizeof count); }

void PutStep(const Step& step, std::string& frame) {
  PutText(step.key, frame);
  PutText(step.record, frame);
  PutCount(static_cast<uint32_t>(step.events), frame);
}

Step TakeStep(std::string_view& frame) {
  Step step;
  step.key = TakeText(frame);
  step.record = TakeText(frame);
  step.events = TakeNumber(frame);
  return step;
}

RemoteStore::RemoteStore(const ThrowAwayOptions& options)
    : stub_(grpc::CreateChannel(options.core, rpc::ChannelTls(TlsIn(options.tls)))) {
  pipe_->on_frame = [this](const std::string& frame) { OnFrame(frame); };
  stub_.PrepareBidiStreamingCall(&context_, "/core/Steps", {}, pipe_);
  pipe_->AddHold();
  pipe_->Begin();
  pipe_->StartCall();
}

void RemoteStore::Write(Step step, Done done) {
  std::string frame;
  PutStep(step, frame);
  std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(done));
  pipe_->Send(frame);
}

void RemoteStore::OnFrame(std::string_view frame) {
  while (!frame.empty()) {
    for (uint32_t left = TakeNumber(frame); left > 0; --left) {
      Done done;
      {
        std::lock_guard lock(mutex_);
        done = std::move(waiting_.front());
        waiting_.pop_front();
      }
      done();
    }
  }
}

}  // namespace meridian::load
