// Calls to the shards of one kind, wherever they are: finds the process by the shard map, keeps a link to each, and
// follows NOT_OWNER to the owner that it names. While a tenant moves, its calls wait for those that are still
// unanswered by the former owner and then go to the new one in the order in which they were made. Where shards move
// (ShardMap::Moves), calls of a shard that nobody serves wait likewise, for kPatience at most; a process that did not
// take one of a tenant is asked again with one alone, and the others follow when it has taken that. A call that goes on
// for the second time and more without that draws on its target's retry budget, and fails where that is used up. A
// process that the map takes for dead is given up: its link is broken, so that nobody waits for what it may never
// answer. Any thread; callbacks as LinkClient says.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "libs/link/link_client.h"
#include "libs/link/shard_map.h"
#include "libs/runtime/retry_budget.h"

namespace meridian {

class LinkRouter {
 public:
  using Done = LinkClient::Done;
  static constexpr Duration kPatience = Duration::Seconds(10);

  // `map` outlives the router.
  LinkRouter(ShardKind kind, ShardMap* map, LinkOptions options);
  // Fails what is unanswered and waits for callbacks that run.
  ~LinkRouter();

  // As LinkClient::Call; the shard is found here.
  void Call(LinkCall call, Done done);
  // A feed of the tenant's shard. It ends with NOT_OWNER where that has moved; the map has then learned it. Null when
  // nobody is known to serve the shard, and it has ended so within the call.
  std::unique_ptr<LinkFeed> Follow(LinkCall call, std::shared_ptr<FeedEvents> events);

  // The link to a process, made when it is first asked for; lives as long as the router.
  LinkClient& LinkTo(const std::string& address);
  std::vector<std::string> Addresses() const { return map_->Addresses(kind_); }
  bool NamesAllWhoLive() const { return map_->NamesAllWhoLive(); }
  // As ShardMap::OnChange; may be null.
  std::unique_ptr<ShardMap::Watch> OnChange(std::function<void()> changed) {
    return map_->OnChange(std::move(changed));
  }
  const LinkOptions& options() const { return options_; }

  // Of the processes that serve shards of the kind: how many are known, and how many are connected now. Connects to the
  // others.
  struct Reach {
    size_t known = 0;
    size_t connected = 0;
  };
  Reach Probe();

  // Called before anything is sent to an owner that a server named. Set before the first call.
  void OnOwner(std::function<void(const std::string& address)> on_owner) { on_owner_ = std::move(on_owner); }

  // Breaks every stream, for tests.
  void Break();

 private:
  class Learner;
  // How the timer finds the router: null once it is being destroyed.
  struct Lifeline {
    std::mutex mutex;
    LinkRouter* router = nullptr;
  };
  struct Routed {
    LinkCall call;
    Done done;
    ShardPlace place;
    int hops = 0;
    int sent = 0;         // to a process, but for asking again
    absl::Status answer;  // why it goes on
    MonotonicInstant give_up_at;
  };
  using Shared = std::shared_ptr<Routed>;
  struct Tenant {
    size_t unanswered = 0;
    bool moving = false;
    bool sending = false;   // what waited goes to the new owner
    bool unserved = false;  // something came back since, and nobody was known to serve it
    bool asking = false;    // one alone is under way to the process that did not take one before
    std::string refused_by;
    std::string taken_by;  // that one
    std::deque<Shared> bounced;
    std::deque<Shared> held;  // made since
  };

  void Send(const Shared& routed);
  void OnAnswer(const Shared& routed, absl::StatusOr<std::string> answer);
  // Whether the call goes on waiting, or on to another owner.
  bool Bounces(Routed& routed, const absl::Status& status, bool* unserved);
  std::deque<Shared> TakeNext(const TenantId& name, Tenant& tenant, std::vector<Shared>* given_up);
  void SendOn(TenantId name);
  void SendOnLater(const TenantId& name);
  void BreakLinksToTheDead();

  const ShardKind kind_;
  ShardMap* const map_;
  const LinkOptions options_;
  std::function<void(const std::string&)> on_owner_;
  const std::shared_ptr<Lifeline> lifeline_;
  std::mutex mutex_;
  bool closing_ = false;
  std::unordered_map<TenantId, Tenant> tenants_;  // with unanswered calls
  std::map<std::string, RetryBudget> budgets_;    // by address
  std::mutex links_mutex_;
  std::map<std::string, std::unique_ptr<LinkClient>> links_;
  std::vector<std::string> alive_;  // under links_mutex_: as the map said last
  std::unique_ptr<ShardMap::Watch> watch_;
};

}  // namespace meridian
