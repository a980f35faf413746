// Bidirectional streams to one address, without blocking: what the services of an installation reach each other with.
// Tools and tests use the simpler libs/rpc/client.h.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"

namespace google::protobuf {
class MessageLite;
}
namespace grpc {
class ChannelCredentials;
}

namespace meridian::rpc {

using ChannelCredentials = std::shared_ptr<grpc::ChannelCredentials>;

// No encryption: for loopback, and for tests.
ChannelCredentials PlaintextCredentials();

// What happens on a stream. Calls come on gRPC's threads, which may never be blocked; OnMessage calls come one after
// the other. OnClosed comes last, once.
class StreamEvents {
 public:
  using Message = google::protobuf::MessageLite;
  virtual ~StreamEvents() = default;
  // May take what the message holds.
  virtual void OnMessage(Message& message) = 0;
  // What Write was given last has been taken by the transport.
  virtual void OnWritten() = 0;
  virtual void OnClosed(const absl::Status& status) = 0;
};

// Any thread. Held by whoever uses it; may be destroyed at any time, which cancels the stream.
class OpenedStream {
 public:
  virtual ~OpenedStream() = default;
  // Not again before OnWritten. False when the stream is closing: OnWritten does not come.
  virtual bool Write(const google::protobuf::MessageLite& message) = 0;
  // OnClosed comes soon.
  virtual void Cancel() = 0;
};

// Any thread. Connects when the first stream is opened, and again by itself after a connection was lost. The destructor
// waits for the OnClosed of its streams, which must have been canceled; not on a thread of gRPC's.
class ClientChannel {
 public:
  // "127.0.0.1:8081"
  static std::unique_ptr<ClientChannel> Create(const std::string& target, const ChannelCredentials& credentials);
  virtual ~ClientChannel() = default;

  // Never fails by itself: where there is no server, OnClosed says UNAVAILABLE. `prototype` is what the server sends,
  // of static life; `method` is the full name, with a bearer token unless that is empty.
  virtual std::unique_ptr<OpenedStream> OpenStream(const std::string& method, const std::string& token,
                                                   const google::protobuf::MessageLite& prototype,
                                                   std::shared_ptr<StreamEvents> events) = 0;
};

}  // namespace meridian::rpc
