// A customer's view of a conversation, sent on a stream as WatchContactResponse. A customer who reads too slowly loses
// message frames and gets one Resync.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "libs/rpc/server_stream.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "services/session/session_client.h"

namespace meridian {

ingress::v1::WatchContactResponse MakeResync(const std::string& conversation, uint64_t after_number);

// Sends through `send(response, droppable or keep)`; `ended` is told how the reading ended.
class CustomerWatcher : public SessionClient::Reader {
 public:
  using Send = std::function<void(ingress::v1::WatchContactResponse, bool droppable, uint64_t resume_after)>;
  using Ended = std::function<void(const absl::Status&)>;

  CustomerWatcher(Send send, Ended ended) : send_(std::move(send)), ended_(std::move(ended)) {}

  void OnMessage(const type::v1::Message& message) override {
    ingress::v1::WatchContactResponse response;
    *response.mutable_message() = message;
    send_(std::move(response), true, message.number() - 1);
  }
  void OnCaughtUp(uint64_t last_number) override {
    ingress::v1::WatchContactResponse response;
    response.mutable_caught_up()->set_last_number(last_number);
    send_(std::move(response), false, 0);
  }
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    ingress::v1::WatchContactResponse response;
    *response.mutable_status() = status;
    send_(std::move(response), false, 0);
  }
  void OnEnded(const absl::Status& status) override { ended_(status); }

 private:
  const Send send_;
  const Ended ended_;
};

// For the server-streaming WatchContact: the stream ends as the reading does.
std::shared_ptr<SessionClient::Reader> WatcherOf(rpc::ServerStream<ingress::v1::WatchContactResponse> stream,
                                                 const std::string& conversation);

}  // namespace meridian
