#include "services/ingress/watcher.h"

namespace meridian {

namespace pb = ingress::v1;

pb::WatchContactResponse MakeResync(const std::string& conversation, uint64_t after_number) {
  pb::WatchContactResponse response;
  response.mutable_resync()->set_conversation_id(conversation);
  response.mutable_resync()->set_after_number(after_number);
  return response;
}

std::shared_ptr<SessionClient::Reader> WatcherOf(rpc::ServerStream<pb::WatchContactResponse> stream,
                                                 const std::string& conversation) {
  stream.SetMarker(MakeResync);
  auto send = [stream, conversation](pb::WatchContactResponse response, bool droppable, uint64_t resume_after) {
    if (droppable) {
      stream.Send(response, rpc::Droppable{conversation, resume_after});
    } else {
      stream.Send(response);
    }
  };
  return std::make_shared<CustomerWatcher>(std::move(send),
                                           [stream](const absl::Status& status) { stream.Finish(status); });
}

}  // namespace meridian
