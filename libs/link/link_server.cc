#include "libs/link/link_server.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/link/link_peer.h"

namespace meridian {

namespace pb = internal::link::v1;

namespace {

// The stream's own side of a peer, which answers that come late may outlive.
class PeerStream : public rpc::StreamHandler<pb::LinkRequest> {
 public:
  explicit PeerStream(std::shared_ptr<LinkPeer> peer) : peer_(std::move(peer)) {}

  void OnMessage(pb::LinkRequest request) override { peer_->OnRequest(std::move(request)); }
  void OnHalfClosed() override { peer_->OnHalfClosed(); }
  void OnWritable() override { peer_->OnWritable(); }
  void OnClosed(const absl::Status&) override { peer_->OnClosed(); }

 private:
  const std::shared_ptr<LinkPeer> peer_;
};

}  // namespace

void LinkServer::ServeCall(LinkMethod method, CallHandler handler) {
  MERIDIAN_CHECK(served_.try_emplace(method, Served{std::move(handler), nullptr, false}).second);
}

void LinkServer::ServeFeed(LinkMethod method, bool all_tenants, FeedHandler handler) {
  MERIDIAN_CHECK(served_.try_emplace(method, Served{nullptr, std::move(handler), all_tenants}).second);
}

const LinkServer::Served* LinkServer::Find(LinkMethod method) const {
  const auto found = served_.find(method);
  return found == served_.end() ? nullptr : &found->second;
}

void LinkServer::TellClosed(uint64_t peer) const {
  for (const auto& closed : peer_closed_) closed(peer);
}

void LinkServer::Bind(rpc::MethodTable& table) {
  table.Bidi<pb::LinkRequest, pb::LinkResponse>(
      kLinkMethod, {{security::Role::kService}, security::Permission::kInternal},
      [this](const rpc::CallContext&, rpc::ServerStream<pb::LinkResponse> stream)
          -> absl::StatusOr<std::unique_ptr<rpc::StreamHandler<pb::LinkRequest>>> {
        return std::make_unique<PeerStream>(LinkPeer::Create(*this, std::move(stream)));
      });
}

}  // namespace meridian
