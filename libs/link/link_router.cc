#include "libs/link/link_router.h"

#include <utility>
#include <vector>

#include "libs/error/error.h"
#include "libs/link/link_limits.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr int kMaxHops = 3;

}  // namespace

LinkRouter::LinkRouter(ShardKind kind, ShardMap* map, LinkOptions options)
    : kind_(kind), map_(map), options_(std::move(options)) {}

LinkRouter::~LinkRouter() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  std::vector<LinkClient*> links;
  {
    std::lock_guard lock(links_mutex_);
    for (auto& [address, link] : links_) links.push_back(link.get());
  }
  for (LinkClient* link : links) link->Close();
}

LinkClient& LinkRouter::LinkTo(const std::string& address) {
  std::lock_guard lock(links_mutex_);
  std::unique_ptr<LinkClient>& link = links_[address];
  if (link == nullptr) link = std::make_unique<LinkClient>(address, options_);
  return *link;
}

void LinkRouter::Break() {
  std::lock_guard lock(links_mutex_);
  for (auto& [address, link] : links_) link->Break();
}

LinkRouter::Reach LinkRouter::Probe() {
  const std::vector<std::string> addresses = Addresses();
  Reach reach{addresses.size(), 0};
  for (const std::string& address : addresses) reach.connected += LinkTo(address).Probe() ? 1 : 0;
  return reach;
}

void LinkRouter::Call(LinkCall call, Done done) {
  auto routed = std::make_shared<Routed>(Routed{std::move(call), std::move(done), {}});
  absl::Status refused;
  {
    std::lock_guard lock(mutex_);
    Tenant& tenant = tenants_[routed->call.tenant];
    if (closing_) {
      refused = MakeError(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the process is stopping");
    } else if (!tenant.moving) {
      ++tenant.unanswered;
      routed->place = map_->Find(kind_, routed->call.tenant);
    } else if (tenant.held.size() < CallCredit(routed->call.lane)) {
      return tenant.held.push_back(std::move(routed));
    } else {
      refused = MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "the tenant's shard moves");
    }
  }
  if (!refused.ok()) return routed->done(refused);
  Send(routed);
}

void LinkRouter::Send(const Shared& routed) {
  if (routed->place.address.empty()) {
    return OnAnswer(routed, MakeError(absl::StatusCode::kUnavailable, refusal::kNotOwner, "nobody serves the shard"));
  }
  LinkCall call = routed->call;  // a copy stays here, to be sent on
  call.shard = routed->place.shard.number;
  LinkTo(routed->place.address).Call(std::move(call), [this, routed](absl::StatusOr<std::string> answer) {
    OnAnswer(routed, std::move(answer));
  });
}

void LinkRouter::OnAnswer(const Shared& routed, absl::StatusOr<std::string> answer) {
  const TenantId& name = routed->call.tenant;
  const std::string owner = answer.ok() ? "" : OwnerNamedBy(answer.status());
  const bool follow = !owner.empty() && ++routed->hops <= kMaxHops;
  bool send_on = false;
  if (follow && on_owner_) on_owner_(owner);
  {
    std::lock_guard lock(mutex_);
    const auto found = tenants_.find(name);
    Tenant& tenant = found->second;
    --tenant.unanswered;
    if (follow) {
      tenant.moving = true;
      tenant.bounced.push_back(routed);
      map_->Learn(kind_, name, owner);
    }
    send_on = tenant.moving && tenant.unanswered == 0 && !tenant.sending;
    if (send_on) tenant.sending = true;
    if (!tenant.moving && tenant.unanswered == 0) tenants_.erase(found);
  }
  if (!follow) routed->done(std::move(answer));
  if (send_on) SendOn(name);
}

// In order: what came back, then what was held. When something comes back once more, the rest waits for all that is
// still unanswered, as before. By value: the name may be that of a call that is answered meanwhile.
void LinkRouter::SendOn(TenantId name) {
  while (true) {
    std::deque<Shared> next;
    {
      std::lock_guard lock(mutex_);
      const auto found = tenants_.find(name);
      Tenant& tenant = found->second;
      if (!tenant.bounced.empty() && tenant.unanswered > 0) {
        tenant.sending = false;
        return;
      }
      next.swap(tenant.bounced);
      next.insert(next.end(), tenant.held.begin(), tenant.held.end());
      tenant.held.clear();
      if (next.empty()) {
        tenant.moving = tenant.sending = false;
        if (tenant.unanswered == 0) tenants_.erase(found);
        return;
      }
      tenant.unanswered += next.size();
      const ShardPlace place = map_->Find(kind_, name);
      for (const Shared& routed : next) routed->place = place;
    }
    for (const Shared& routed : next) Send(routed);
  }
}

// Learns from the end of a feed who serves its tenant instead.
class LinkRouter::Learner final : public FeedEvents {
 public:
  Learner(LinkRouter* router, TenantId tenant, std::shared_ptr<FeedEvents> events)
      : router_(router), tenant_(std::move(tenant)), events_(std::move(events)) {}
  void OnItem(std::string_view item) override { events_->OnItem(item); }
  void OnEnded(const absl::Status& status) override {
    const std::string owner = OwnerNamedBy(status);
    if (!owner.empty()) router_->map_->Learn(router_->kind_, tenant_, owner);
    events_->OnEnded(status);
  }

 private:
  LinkRouter* const router_;
  const TenantId tenant_;
  const std::shared_ptr<FeedEvents> events_;
};

std::unique_ptr<LinkFeed> LinkRouter::Follow(LinkCall call, std::shared_ptr<FeedEvents> events) {
  const ShardPlace place = map_->Find(kind_, call.tenant);
  auto learner = std::make_shared<Learner>(this, call.tenant, std::move(events));
  return LinkTo(place.address).Follow(std::move(call), std::move(learner));
}

}  // namespace meridian
