// Bodies of MethodTable's templates: they take the types off handlers. Included by method_table.h only.
#pragma once

#include "libs/rpc/method_table.h"

namespace meridian::rpc {
namespace binding {

template <class In>
In Take(std::unique_ptr<Message> message) {
  return std::move(static_cast<In&>(*message));
}

template <class In, class Out>
class BidiAdapter : public RawStreamHandler {
 public:
  explicit BidiAdapter(std::unique_ptr<StreamHandler<In>> handler) : handler_(std::move(handler)) {}
  absl::Status OnMessage(std::unique_ptr<Message> message) override {
    handler_->OnMessage(Take<In>(std::move(message)));
    return absl::OkStatus();
  }
  void OnHalfClosed() override { handler_->OnHalfClosed(); }
  void OnWritable() override { handler_->OnWritable(); }
  void OnClosed(const absl::Status& status) override { handler_->OnClosed(status); }

 private:
  std::unique_ptr<StreamHandler<In>> handler_;
};

// Opens the typed handler when the one request has come; the session calls OnWritable only after that.
template <class Request, class Out>
class ServerStreamingAdapter : public RawStreamHandler {
 public:
  ServerStreamingAdapter(const ServerStreamingOpener<Request, Out>& opener, CallContext context,
                         std::shared_ptr<RawStream> stream)
      : opener_(opener), context_(std::move(context)), stream_(std::move(stream)) {}

  absl::Status OnMessage(std::unique_ptr<Message> message) override {
    if (watcher_) return absl::InvalidArgumentError("a second request");
    auto watcher = opener_(context_, Take<Request>(std::move(message)), ServerStream<Out>(stream_));
    if (!watcher.ok()) return watcher.status();
    watcher_ = *std::move(watcher);
    return absl::OkStatus();
  }
  void OnHalfClosed() override {
    if (!watcher_) stream_->Finish(absl::InvalidArgumentError("no request"));
  }
  void OnWritable() override { watcher_->OnWritable(); }
  void OnClosed(const absl::Status& status) override {
    if (watcher_) watcher_->OnClosed(status);
  }

 private:
  const ServerStreamingOpener<Request, Out>& opener_;  // of the table, which outlives calls
  const CallContext context_;
  const std::shared_ptr<RawStream> stream_;
  std::unique_ptr<StreamWatcher> watcher_;
};

}  // namespace binding

template <class Request, class Response>
void MethodTable::Unary(std::string name, security::Access access, UnaryHandler<Request, Response> handler) {
  Method method{std::move(name), MethodKind::kUnary, std::move(access), &Request::default_instance(),
                &Response::default_instance()};
  method.answer = [handler = std::move(handler)](const CallContext& context, std::unique_ptr<Message> request,
                                                 RawReply reply) {
    handler(context, binding::Take<Request>(std::move(request)), Reply<Response>(std::move(reply)));
  };
  Add(std::move(method));
}

template <class Request, class Out>
void MethodTable::ServerStreaming(std::string name, security::Access access,
                                  ServerStreamingOpener<Request, Out> opener) {
  Method method{std::move(name), MethodKind::kServerStreaming, std::move(access), &Request::default_instance(),
                &Out::default_instance()};
  method.open = [opener = std::move(opener)](const CallContext& context, std::shared_ptr<RawStream> stream) {
    return absl::StatusOr<std::unique_ptr<RawStreamHandler>>(
        std::make_unique<binding::ServerStreamingAdapter<Request, Out>>(opener, context, std::move(stream)));
  };
  Add(std::move(method));
}

template <class In, class Out>
void MethodTable::Bidi(std::string name, security::Access access, BidiOpener<In, Out> opener) {
  Method method{std::move(name), MethodKind::kBidiStreaming, std::move(access), &In::default_instance(),
                &Out::default_instance()};
  method.open = [opener = std::move(opener)](
                    const CallContext& context,
                    std::shared_ptr<RawStream> stream) -> absl::StatusOr<std::unique_ptr<RawStreamHandler>> {
    auto handler = opener(context, ServerStream<Out>(std::move(stream)));
    if (!handler.ok()) return handler.status();
    return std::make_unique<binding::BidiAdapter<In, Out>>(*std::move(handler));
  };
  Add(std::move(method));
}

}  // namespace meridian::rpc
