// The two sides of a streaming call as handlers see them, the same over gRPC and WebSocket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/rpc/call_context.h"

namespace google::protobuf {
class Message;
}

namespace meridian::rpc {

// The reason of a stream that was ended because its client read too slowly.
inline constexpr std::string_view kSlowReader = "SLOW_READER";

// What a frame is worth when the client reads too slowly.
struct Keep {};  // offers, rescinds, results: never dropped
struct Droppable {
  std::string key;            // what can be read again: a conversation's id
  uint64_t resume_after = 0;  // position to read again after, if this frame is lost: the number before its message's
};

struct Backlog {
  size_t frames = 0;
  size_t bytes = 0;  // as encoded
};

// Towards the client. Owned by shared_ptr; may outlive the call: after its end Send answers false. Any thread.
class RawStream {
 public:
  using Message = google::protobuf::Message;
  // The frame that stands for dropped ones of `key` (a Resync). Called on the thread that sends; must not use the
  // stream.
  using MakeMarker = std::function<std::unique_ptr<Message>(const std::string& key, uint64_t resume_after)>;

  virtual ~RawStream() = default;
  // False when the stream has ended or is ending: the frame is gone.
  virtual bool SendRaw(const Message& frame, Keep) = 0;
  virtual bool SendRaw(const Message& frame, Droppable) = 0;
  // Without it droppable frames are kept like others.
  virtual void SetMarkerRaw(MakeMarker make_marker) = 0;
  // Ends the stream when what was sent before has been written. Only the first call counts.
  virtual void Finish(absl::Status status) = 0;
  virtual Backlog backlog() const = 0;
  // A new token for the same tenant, subject, role and session: the stream may live until it expires.
  // The gate's errors, or PERMISSION_DENIED with TOKEN_OF_ANOTHER for somebody else's.
  virtual absl::Status RenewToken(std::string_view jwt) = 0;
  // Of the latest token.
  virtual CallContext context() const = 0;
};

template <class Out>
class ServerStream {
 public:
  explicit ServerStream(std::shared_ptr<RawStream> raw) : raw_(std::move(raw)) {}

  bool Send(const Out& frame, Keep keep = {}) const { return raw_->SendRaw(frame, keep); }
  bool Send(const Out& frame, Droppable droppable) const { return raw_->SendRaw(frame, std::move(droppable)); }
  void SetMarker(std::function<Out(const std::string& key, uint64_t resume_after)> make) const {
    raw_->SetMarkerRaw([make = std::move(make)](const std::string& key, uint64_t resume_after) {
      return std::make_unique<Out>(make(key, resume_after));
    });
  }
  void Finish(absl::Status status) const { raw_->Finish(std::move(status)); }
  Backlog backlog() const { return raw_->backlog(); }
  absl::Status RenewToken(std::string_view jwt) const { return raw_->RenewToken(jwt); }
  CallContext context() const { return raw_->context(); }

 private:
  std::shared_ptr<RawStream> raw_;  // a handle: copies are the same stream
};

// From the client and the transport; owned by the call, destroyed after OnClosed. Called on transport threads, which
// may never block: convert, post, return. OnMessage and OnHalfClosed come one after the other and in order; OnWritable
// may come at the same time as they do, but never twice at once; OnClosed comes last, exactly once. An opener never
// returns null.
class StreamWatcher {
 public:
  virtual ~StreamWatcher() = default;
  // All that was sent has been taken by the transport: the time to read more from the store. Flow control of a reader:
  // send a slice, wait for OnWritable, send the next.
  virtual void OnWritable() {}
  // The call is over; Send answers false. The status says how: the first of what Finish was given, what the session
  // found (RESOURCE_EXHAUSTED with SLOW_READER, UNAUTHENTICATED …), or CANCELLED when the client went.
  virtual void OnClosed(const absl::Status& /*status*/) {}
};

template <class In>
class StreamHandler : public StreamWatcher {
 public:
  // The next message is read when this returns.
  virtual void OnMessage(In message) = 0;
  // The client sends no more; it may still read. Usually Finish(OK), now or when the work in flight is answered. A lost
  // connection can look like this at first: what it means to leave in order is said by a message, not by this.
  virtual void OnHalfClosed() = 0;
};

}  // namespace meridian::rpc
