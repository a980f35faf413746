#include "services/replicator/handlers.h"

#include <memory>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/replicator/event_stream.h"

namespace meridian {
namespace {

class EventCall : public rpc::StreamWatcher {
 public:
  explicit EventCall(std::shared_ptr<EventStream> stream) : stream_(std::move(stream)) {}
  void OnWritable() override { stream_->OnWritable(); }
  void OnClosed(const absl::Status&) override { stream_->Stop(); }

 private:
  const std::shared_ptr<EventStream> stream_;
};

}  // namespace

void BindEvents(const EventPorts& ports, rpc::MethodTable& table) {
  using security::Permission;
  using security::Role;
  table.ServerStreaming<event::v1::StreamRequest, event::v1::StreamResponse>(
      "/meridian.event.v1.EventService/Stream", {{Role::kIntegrator, Role::kAdmin}, Permission::kEventsRead},
      [ports](const rpc::CallContext& context, event::v1::StreamRequest request,
              EventStream::Out out) -> absl::StatusOr<std::unique_ptr<rpc::StreamWatcher>> {
        auto stream =
            std::make_shared<EventStream>(ports, TenantId{context.tenant()}, std::move(request), std::move(out));
        MERIDIAN_RETURN_IF_ERROR(stream->Start());
        return std::make_unique<EventCall>(std::move(stream));
      });
}

}  // namespace meridian
