// The server side of the links between processes (meridian.internal.link.v1): which methods this process serves, and
// for each client's stream a peer that reads its calls and feeds and writes answers and items in batches.
//
//   LinkServer server(&clock);
//   ServeRouting(…, server); ServeSession(…, server);     what each area binds
//   server.Bind(methods);                                   then serve `methods` with rpc::GrpcServer
//
// Filled before the gRPC server starts; must outlive it. Roles: service, with the permission `internal`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/rpc/method_table.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/shard_program.h"
#include "meridian/internal/link/v1/link_service.pb.h"

namespace meridian {

using LinkMethod = internal::link::v1::Method;
inline constexpr char kLinkMethod[] = "/meridian.internal.link.v1.LinkService/Link";

struct IncomingCall {
  uint64_t peer = 0;  // the client's stream, unique in this process
  TenantId tenant;    // empty in feeds of all tenants
  Lane lane = Lane::kReads;
  std::string body;
};

// Brings the answer's bytes: once, at once or later, on any thread.
using LinkAnswer = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
// On a transport's thread, one call of a peer after the other and in their order; must not block.
using CallHandler = std::function<void(IncomingCall, LinkAnswer)>;

// What a feed gives, pulled when there is room on its client's stream and credit. Destroyed when the feed has ended,
// without a lock held.
class FeedSource {
 public:
  virtual ~FeedSource() = default;
  // The next item; nullopt when there is none now. One thread at a time.
  virtual std::optional<std::string> Next() = 0;
};
// The way to a feed's client; may outlive the feed. Any thread; not from within Next.
class FeedSink {
 public:
  virtual ~FeedSink() = default;
  // Next has something to give again.
  virtual void Notify() = 0;
  // After what Next still gives. The source lives until the client has been told.
  virtual void End(absl::Status status) = 0;
};
// As CallHandler. A failed status is how the feed ends.
using FeedHandler = std::function<absl::StatusOr<std::unique_ptr<FeedSource>>(IncomingCall, std::shared_ptr<FeedSink>)>;

class LinkServer {
 public:
  explicit LinkServer(const MonotonicClock* clock) : clock_(clock) {}

  void ServeCall(LinkMethod method, CallHandler handler);
  // `all_tenants`: a feed of no tenant, for tokens of all.
  void ServeFeed(LinkMethod method, bool all_tenants, FeedHandler handler);
  // After the last call of a peer, when its feeds have been destroyed.
  void OnPeerClosed(std::function<void(uint64_t peer)> closed) { peer_closed_.push_back(std::move(closed)); }

  void Bind(rpc::MethodTable& table);

  // ---- for peers ----

  struct Served {
    CallHandler call;
    FeedHandler feed;
    bool all_tenants = false;
  };
  const Served* Find(LinkMethod method) const;
  void TellClosed(uint64_t peer) const;
  MonotonicInstant Now() const { return clock_->Now(); }
  uint64_t NewPeer() const { return ++last_peer_; }

 private:
  const MonotonicClock* const clock_;
  mutable std::atomic<uint64_t> last_peer_{0};
  std::map<LinkMethod, Served> served_;
  std::vector<std::function<void(uint64_t)>> peer_closed_;
};

}  // namespace meridian
