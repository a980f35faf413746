#include "libs/link/link_router.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "libs/error/error.h"
#include "libs/link/link_limits.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr int kMaxHops = 3;
// Between two attempts to find who serves a shard.
constexpr Duration kUnserved = Duration::Milliseconds(10);

absl::Status Stopping() {
  return MakeError(absl::StatusCode::kUnavailable, refusal::kShuttingDown, "the process is stopping");
}

// The map is out of date, or will soon be.
bool CastsDoubt(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return false;
  const std::string reason = ErrorReason(status);
  return reason == refusal::kNotOwner || reason == refusal::kShuttingDown || reason == "LINK_BROKEN";
}

}  // namespace

LinkRouter::LinkRouter(ShardKind kind, ShardMap* map, LinkOptions options)
    : kind_(kind), map_(map), options_(std::move(options)), lifeline_(std::make_shared<Lifeline>()) {
  lifeline_->router = this;
  watch_ = map_->OnChange([lifeline = lifeline_] {
    std::lock_guard lock(lifeline->mutex);
    if (lifeline->router != nullptr) lifeline->router->BreakLinksToTheDead();
  });
}

LinkRouter::~LinkRouter() {
  {
    std::lock_guard lock(lifeline_->mutex);
    lifeline_->router = nullptr;
  }
  std::vector<Shared> waiting;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    for (auto& [name, tenant] : tenants_) {
      if (tenant.sending || tenant.unanswered > 0) continue;  // whoever sends, or answers, sees that it closes
      waiting.insert(waiting.end(), tenant.bounced.begin(), tenant.bounced.end());
      waiting.insert(waiting.end(), tenant.held.begin(), tenant.held.end());
      tenant.bounced.clear();
      tenant.held.clear();
    }
  }
  for (const Shared& routed : waiting) routed->done(Stopping());
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

void LinkRouter::BreakLinksToTheDead() {
  std::vector<std::string> alive = Addresses();
  if (!map_->NamesAllWhoLive()) return;
  std::sort(alive.begin(), alive.end());
  std::lock_guard lock(links_mutex_);
  for (const std::string& address : std::exchange(alive_, alive)) {
    const auto link = links_.find(address);
    if (link != links_.end() && !std::binary_search(alive.begin(), alive.end(), address)) link->second->Break();
  }
}

LinkRouter::Reach LinkRouter::Probe() {
  const std::vector<std::string> addresses = Addresses();
  Reach reach{addresses.size(), 0};
  for (const std::string& address : addresses) reach.connected += LinkTo(address).Probe() ? 1 : 0;
  return reach;
}

void LinkRouter::Call(LinkCall call, Done done) {
  auto routed = std::make_shared<Routed>(Routed{std::move(call), std::move(done), {}});
  routed->give_up_at = options_.clock->Now() + std::min(routed->call.timeout, kPatience);
  absl::Status refused;
  {
    std::lock_guard lock(mutex_);
    Tenant& tenant = tenants_[routed->call.tenant];
    if (closing_) {
      refused = Stopping();
    } else if (!tenant.moving) {
      ++tenant.unanswered;
      routed->place = map_->Find(kind_, routed->call.tenant);
      if (!routed->place.address.empty()) {
        routed->sent = 1;
        budgets_[routed->place.address].OnCall();
      }
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
    return OnAnswer(routed, NotOwner(""));
  }
  LinkCall call = routed->call;  // a copy stays here, to be sent on
  call.shard = routed->place.shard.number;
  LinkTo(routed->place.address).Call(std::move(call), [this, routed](absl::StatusOr<std::string> answer) {
    OnAnswer(routed, std::move(answer));
  });
}

bool LinkRouter::Bounces(Routed& routed, const absl::Status& status, bool* unserved) {
  if (CastsDoubt(status)) map_->Refresh();
  const std::string owner = OwnerNamedBy(status);
  if (!owner.empty() && ++routed.hops <= kMaxHops) {
    if (on_owner_) on_owner_(owner);
    map_->Learn(kind_, routed.call.tenant, owner);
    return true;
  }
  *unserved = map_->Moves() && WasNotTaken(status) && options_.clock->Now() < routed.give_up_at;
  if (*unserved) routed.hops = 0;
  return *unserved;
}

void LinkRouter::OnAnswer(const Shared& routed, absl::StatusOr<std::string> answer) {
  const TenantId& name = routed->call.tenant;
  bool unserved = false;
  bool bounces = !answer.ok() && Bounces(*routed, answer.status(), &unserved);
  bool send_on = false;
  {
    std::lock_guard lock(mutex_);
    if (closing_) bounces = false;
    const auto found = tenants_.find(name);
    Tenant& tenant = found->second;
    --tenant.unanswered;
    const bool asked_alone = std::exchange(tenant.asking, false);
    if (bounces) {
      tenant.moving = true;
      tenant.unserved = tenant.unserved || unserved;
      tenant.refused_by = routed->place.address;
      tenant.taken_by.clear();
      routed->answer = answer.status();
      asked_alone ? tenant.bounced.push_front(routed) : tenant.bounced.push_back(routed);
    } else {
      tenant.refused_by.clear();
      if (asked_alone) tenant.taken_by = routed->place.address;
    }
    send_on = tenant.moving && tenant.unanswered == 0 && !tenant.sending;
    if (send_on) tenant.sending = true;
    if (!tenant.moving && tenant.unanswered == 0) tenants_.erase(found);
  }
  if (!bounces) routed->done(std::move(answer));
  if (send_on) SendOn(name);
}

void LinkRouter::SendOnLater(const TenantId& name) {
  options_.timer->After(kUnserved, [lifeline = lifeline_, name] {
    std::lock_guard lock(lifeline->mutex);
    if (lifeline->router == nullptr) return;
    {
      std::lock_guard routers(lifeline->router->mutex_);
      const auto found = lifeline->router->tenants_.find(name);
      if (found == lifeline->router->tenants_.end() || std::exchange(found->second.sending, true)) return;
    }
    lifeline->router->SendOn(name);
  });
}

// What is sent now of what came back and what was held, and what may not be any more.
std::deque<LinkRouter::Shared> LinkRouter::TakeNext(const TenantId& name, Tenant& tenant,
                                                    std::vector<Shared>* given_up) {
  std::move(tenant.held.begin(), tenant.held.end(), std::back_inserter(tenant.bounced));
  tenant.held.clear();
  const ShardPlace place = map_->Find(kind_, name);
  std::deque<Shared> next;
  tenant.asking = place.address == tenant.refused_by && !place.address.empty() && tenant.unanswered == 0 && !closing_;
  if (tenant.asking) {
    next.push_back(std::move(tenant.bounced.front()));
    tenant.bounced.pop_front();
    next.front()->place = place;
    return next;
  }
  for (Shared& routed : std::exchange(tenant.bounced, {})) {
    routed->place = place;
    if (!place.address.empty()) {
      RetryBudget& budget = budgets_[place.address];
      if (routed->sent == 0) budget.OnCall();
      const bool is_retry = routed->sent >= 2 && place.address != tenant.taken_by && !closing_;
      if (is_retry && !budget.TryAgain(options_.clock->Now())) {
        given_up->push_back(std::move(routed));
        continue;
      }
      ++routed->sent;
    }
    next.push_back(std::move(routed));
  }
  return next;
}

// In order: what came back, then what was held. When something comes back once more, the rest waits for all that is
// still unanswered, as before; and where nobody is known to serve the shard, for a moment. By value: the name may be
// that of a call that is answered meanwhile.
void LinkRouter::SendOn(TenantId name) {
  while (true) {
    std::deque<Shared> next;
    std::vector<Shared> given_up;
    bool closing = false;
    {
      std::lock_guard lock(mutex_);
      const auto found = tenants_.find(name);
      Tenant& tenant = found->second;
      closing = closing_;
      const bool later = std::exchange(tenant.unserved, false) && !closing;
      const bool waits = !tenant.bounced.empty() || tenant.asking;
      if (waits && (tenant.unanswered > 0 || later)) {
        tenant.sending = false;
        if (tenant.unanswered > 0) {
          tenant.unserved = later;  // whoever is answered last sends on
          return;
        }
        break;
      }
      if (tenant.bounced.empty() && tenant.held.empty()) {
        tenant.moving = tenant.sending = false;
        if (tenant.unanswered == 0) tenants_.erase(found);
        return;
      }
      next = TakeNext(name, tenant, &given_up);
      tenant.unanswered += next.size();
    }
    for (const Shared& routed : given_up) routed->done(routed->answer);
    for (const Shared& routed : next) closing ? OnAnswer(routed, Stopping()) : Send(routed);
  }
  SendOnLater(name);
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
    if (CastsDoubt(status)) router_->map_->Refresh();
    events_->OnEnded(status);
  }

 private:
  LinkRouter* const router_;
  const TenantId tenant_;
  const std::shared_ptr<FeedEvents> events_;
};

std::unique_ptr<LinkFeed> LinkRouter::Follow(LinkCall call, std::shared_ptr<FeedEvents> events) {
  const ShardPlace place = map_->Find(kind_, call.tenant);
  if (place.address.empty()) {
    map_->Refresh();
    events->OnEnded(NotOwner(""));
    return nullptr;
  }
  auto learner = std::make_shared<Learner>(this, call.tenant, std::move(events));
  return LinkTo(place.address).Follow(std::move(call), std::move(learner));
}

}  // namespace meridian
