// The methods of a process: name, who may call, handler. Transports (gRPC, WebSocket, HTTP) serve what stands here and
// nothing else, and pass every call through CallGate with the method's Access; so no method can be bound without one.
// Filled by the services' binding functions before a server starts, read-only afterwards.
//
//   table.Unary<GetConfigRequest, GetConfigResponse>(
//       "/meridian.admin.v1.AdminService/GetConfig", {{Role::kAdmin}, Permission::kConfigRead},
//       [this](const CallContext& context, GetConfigRequest request, Reply<GetConfigResponse> reply) { … });
//
// Handlers run on transport threads, which may never block: convert, post, return; reply later from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/server_stream.h"
#include "libs/security/access_policy.h"

namespace meridian::rpc {

using Message = google::protobuf::Message;

// The answer of one unary call; copies share it. Only the first call counts; when the last copy goes unanswered the
// caller gets INTERNAL instead of waiting for ever. Any thread.
class RawReply {
 public:
  using Done = std::function<void(const absl::StatusOr<const Message*>&)>;
  explicit RawReply(Done done);
  void operator()(const absl::StatusOr<const Message*>& result) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

template <class Response>
class Reply {
 public:
  explicit Reply(RawReply raw) : raw_(std::move(raw)) {}
  void operator()(const absl::StatusOr<Response>& result) const {
    if (result.ok()) {
      raw_(&*result);
    } else {
      raw_(result.status());
    }
  }

 private:
  RawReply raw_;
};

// A stream's handler without its types.
class RawStreamHandler {
 public:
  virtual ~RawStreamHandler() = default;
  // INVALID_ARGUMENT and such end the stream.
  virtual absl::Status OnMessage(std::unique_ptr<Message> message) = 0;
  virtual void OnHalfClosed() = 0;
  virtual void OnWritable() = 0;
  virtual void OnClosed(const absl::Status& status) = 0;
};

enum class MethodKind { kUnary, kServerStreaming, kBidiStreaming };

struct Method {
  std::string name;
  MethodKind kind = MethodKind::kUnary;
  security::Access access;
  const Message* request = nullptr;  // prototypes, of static life
  const Message* response = nullptr;
  std::function<void(const CallContext&, std::unique_ptr<Message>, RawReply)> answer;  // kUnary
  // Streams: called once the call was admitted. For kServerStreaming the request comes as the only message.
  std::function<absl::StatusOr<std::unique_ptr<RawStreamHandler>>(const CallContext&, std::shared_ptr<RawStream>)> open;
};

template <class Request, class Response>
using UnaryHandler = std::function<void(const CallContext&, Request, Reply<Response>)>;
// A failed status ends the stream with it.
template <class Request, class Out>
using ServerStreamingOpener =
    std::function<absl::StatusOr<std::unique_ptr<StreamWatcher>>(const CallContext&, Request, ServerStream<Out>)>;
template <class In, class Out>
using BidiOpener =
    std::function<absl::StatusOr<std::unique_ptr<StreamHandler<In>>>(const CallContext&, ServerStream<Out>)>;

class MethodTable {
 public:
  template <class Request, class Response>
  void Unary(std::string name, security::Access access, UnaryHandler<Request, Response> handler);
  template <class Request, class Out>
  void ServerStreaming(std::string name, security::Access access, ServerStreamingOpener<Request, Out> opener);
  template <class In, class Out>
  void Bidi(std::string name, security::Access access, BidiOpener<In, Out> opener);

  // nullptr for a name that is not there.
  const Method* Find(std::string_view name) const;
  const std::map<std::string, Method, std::less<>>& methods() const { return methods_; }
  const security::AccessPolicy& policy() const { return policy_; }

 private:
  // Stops the process for a name that is malformed or there already, or an access without roles.
  void Add(Method method);

  std::map<std::string, Method, std::less<>> methods_;
  security::AccessPolicy policy_;
};

}  // namespace meridian::rpc

#include "libs/rpc/method_table_binding.h"  // the bodies of the templates
