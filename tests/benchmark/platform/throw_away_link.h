// How the processes of the throw-away path talk: see throw_away.cc.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>
#include <grpcpp/support/slice.h>

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <type_traits>

#include "libs/base/check.h"
#include "libs/rpc/tls_files.h"
#include "tests/benchmark/platform/throw_away_store.h"

namespace meridian::load {

inline grpc::ByteBuffer Packed(const std::string& text) {
  const grpc::Slice slice(text);
  return {&slice, 1};
}

inline std::string Unpacked(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  MERIDIAN_CHECK(buffer.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// One end of a stream of frames, one write at a time; with `join` what waits becomes one frame. Never destroyed: a run
// has few, and what is said to one that has ended is dropped.
template <class Reactor>
class Pipe : public Reactor {
 public:
  explicit Pipe(bool join) : join_(join) {}
  std::function<void(const std::string&)> on_frame;
  std::function<void()> on_end = [] {};

  void Begin() { this->StartRead(&incoming_); }

  void Send(const std::string& frame) {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    if (join_ && outgoing_.size() > 1) {
      outgoing_.back() += frame;
    } else {
      outgoing_.push_back(frame);
    }
    if (outgoing_.size() == 1) WriteFirst();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      on_end();
      std::lock_guard lock(mutex_);
      ended_ = true;
      if constexpr (std::is_base_of_v<grpc::ServerGenericBidiReactor, Reactor>) this->Finish(grpc::Status::OK);
      return;
    }
    on_frame(Unpacked(incoming_));
    incoming_.Clear();
    this->StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    outgoing_.pop_front();
    if (ok && !ended_ && !outgoing_.empty()) WriteFirst();
  }

 private:
  void WriteFirst() {
    written_ = Packed(outgoing_.front());
    grpc::WriteOptions options;
    if (outgoing_.size() > 1) options.set_buffer_hint();
    this->StartWrite(&written_, options);
  }

  const bool join_;
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer written_;
  std::mutex mutex_;
  bool ended_ = false;
  std::deque<std::string> outgoing_;
};
class ServerPipe final : public Pipe<grpc::ServerGenericBidiReactor> {
 public:
  using Pipe::Pipe;
  void OnDone() override {}
};
using ClientPipe = Pipe<grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>>;

// A process's files in a folder of deploy/dev/certificates.
inline rpc::TlsFiles TlsIn(const std::string& folder) {
  return {folder + "/certificate.pem", folder + "/key.pem", folder + "/roots.pem"};
}

// A frame of the link to the core: steps one after the other; back come counts of durable ones.
void PutStep(const Step& step, std::string& frame);
Step TakeStep(std::string_view& frame);
void PutCount(uint32_t count, std::string& frame);

// The core, seen from the edge.
class RemoteStore final : public Durable {
 public:
  explicit RemoteStore(const ThrowAwayOptions& options);
  void Write(Step step, Done done) override;

 private:
  void OnFrame(std::string_view frame);

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  ClientPipe* const pipe_ = new ClientPipe(true);
  std::mutex mutex_;
  std::deque<Done> waiting_;
};

}  // namespace meridian::load
