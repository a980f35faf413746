#include "tests/simulation/worlds/world.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {
namespace {

constexpr Duration kFaultyTime = Duration::Seconds(90);
constexpr Duration kTimeToServe = Duration::Seconds(90);   // after the healing
constexpr Duration kTimeToSettle = Duration::Minutes(10);  // the longest, then something is stuck
constexpr size_t kUndoableCommits = 6;
constexpr uint64_t kFirstCommits = 4;

class Operator final : public Party {
 public:
  explicit Operator(Schedule& schedule) : Party(schedule, "operator") { Begin(); }
};

template <typename T>
std::vector<T*> Pointers(const std::vector<std::unique_ptr<T>>& owned) {
  std::vector<T*> pointers;
  for (const auto& one : owned) pointers.push_back(one.get());
  return pointers;
}

std::string Named(const std::string& what, size_t index) { return what + "-" + std::to_string(index); }

}  // namespace

World::World(WorldOptions options)
    : options_(std::move(options)),
      schedule_(options_.seed, options_.trace),
      store_clock_(schedule_, Duration::Hours(1)),
      store_(MemoryStore::Options{false, store_clock_.monotonic(),
                                  options_.mix.may_lose_tail ? kUndoableCommits : size_t{0}}),
      judge_(schedule_, options_.mix.keep_closed),
      network_(schedule_, options_.mix),
      roads_{store_, options_.mix, judge_} {
  roads_.strike = [this](const CommitRequest& request) { return StrikeOf(request); };
  watch_ = store_.Watch(kRoutingShard, [this](LogPosition) {
    store_.ReadAfter(kRoutingShard, logged_, SIZE_MAX, [this](absl::StatusOr<std::vector<LogEntry>> entries) {
      for (const LogEntry& entry : *entries) {
        logged_ = entry.position;
        judge_.Logged(entry);
      }
    });
  });
  Build();
}

World::~World() {
  watch_.reset();
  for (const auto& owner : session_) owner->Stop();
  for (const auto& owner : routing_) owner->Stop();
  customers_.clear();
  agents_.clear();
  gateways_.clear();
  session_.clear();
  routing_.clear();
  schedule_.Clear();
}

void World::Build() {
  const Mix& mix = options_.mix;
  for (int i = 0; i < mix.routing_owners; ++i) {
    routing_.push_back(std::make_unique<RoutingOwner>(schedule_, roads_, Named("routing", static_cast<size_t>(i))));
  }
  const auto routing = Pointers(routing_);
  for (int i = 0; i < mix.session_owners; ++i) {
    session_.push_back(
        std::make_unique<SessionOwner>(schedule_, roads_, network_, routing, Named("session", static_cast<size_t>(i))));
  }
  const auto session = Pointers(session_);
  for (size_t i = 0; i < 2; ++i) {
    gateways_.push_back(std::make_unique<Gateway>(schedule_, network_, routing, session, Named("gateway", i)));
  }
  for (const auto& owner : routing_) {
    owner->on_start = [this, owner = owner.get()] {
      for (const auto& gateway : gateways_) gateway->OnOwnerStarted(*owner);
    };
    owner->on_crash = [this, owner = owner.get()] {
      for (const auto& gateway : gateways_) gateway->OnOwnerDied(*owner);
    };
  }
  for (const std::string& name : AgentNames()) {
    agents_.push_back(std::make_unique<Agent>(schedule_, judge_, options_.mix, Pointers(gateways_), name));
  }
  for (size_t i = 0; i < options_.customers; ++i) {
    customers_.push_back(
        std::make_unique<Customer>(schedule_, judge_, options_.mix, network_, session, Named("customer", i)));
  }
  operator_ = std::make_unique<Operator>(schedule_);
  operators_routing_ = std::make_unique<RoutingFromAfar>(*operator_, network_, routing);
  operators_session_ = std::make_unique<SessionFromAfar>(*operator_, network_, session);
}

// Whoever of the owners serves gets it, again and again until it is in force.
void World::PublishConfig() {
  const auto in_force = [](const auto& owner) {
    return owner->engine() != nullptr && owner->engine()->config_revision() > 0;
  };
  for (int tries = 0; tries < 60 && std::none_of(routing_.begin(), routing_.end(), in_force); ++tries) {
    for (const auto& owner : routing_) {
      if (!owner->alive()) continue;
      owner->Serve({kTenant, std::nullopt, ConfigDraft()}, Lane::kLiveWork, [](const absl::StatusOr<Answer>&) {});
    }
    RunFor(Duration::Seconds(1));
  }
}

Strike World::StrikeOf(const CommitRequest&) {
  ++arrived_commits_;
  if (arrived_commits_ == options_.strike_at) return options_.strike;
  if (roads_.faulty && schedule_.Happens(options_.mix.crash_at_commit)) {
    constexpr Strike kCrashes[] = {Strike::kCrashBefore, Strike::kCrashApplied, Strike::kCrashAnswered};
    return kCrashes[schedule_.Pick(3)];
  }
  return Strike::kNone;
}

// ---- faults ----

Process& World::AnyProcess() {
  const size_t index = schedule_.Pick(routing_.size() + session_.size());
  if (index < routing_.size()) return *routing_[index];
  return *session_[index - routing_.size()];
}

void World::Every(Duration mean, std::function<void()> what) {
  if (mean == Duration::Zero()) return;
  schedule_.After(schedule_.Between(Duration::Zero(), mean * 2), [this, mean, what = std::move(what)] {
    if (!roads_.faulty) return;
    what();
    Every(mean, what);
  });
}

void World::PlanFaults() {
  const Mix& mix = options_.mix;
  Every(mix.crash_every,
        [this] { AnyProcess().Crash(schedule_.Between(Duration::Milliseconds(10), Duration::Seconds(8))); });
  Every(mix.freeze_every, [this] {
    Process& process = AnyProcess();
    if (process.alive()) process.Freeze(schedule_.Between(Duration::Milliseconds(100), options_.mix.longest_freeze));
  });
  Every(mix.clock_fault_every, [this] {
    const size_t all = routing_.size() + session_.size() + gateways_.size();
    const size_t index = schedule_.Pick(all);
    const bool process = index < routing_.size() + session_.size();
    WorldClock& clock = process ? AnyProcess().clock() : gateways_[index - routing_.size() - session_.size()]->clock();
    const auto off = schedule_.Between(Duration::Seconds(-20), Duration::Seconds(20));
    if (schedule_.Pick(2) == 0) {
      clock.StepWall(off);
    } else {
      clock.SlewWall(off.ToSeconds() * 1000);
    }
  });
  Every(mix.cut_every, [this] {
    const Process& one = AnyProcess();
    const Party& other = *gateways_[schedule_.Pick(gateways_.size())];
    const Party& third = AnyProcess();
    const bool between = schedule_.Pick(2) == 0 && &third != &one;
    network_.Cut(one, between ? third : other, schedule_.Between(Duration::Milliseconds(200), Duration::Seconds(8)));
  });
  Every(mix.gateway_death_every, [this] {
    gateways_[schedule_.Pick(gateways_.size())]->Die(
        schedule_.Between(Duration::Milliseconds(100), Duration::Seconds(10)));
  });
  Every(mix.lost_tail_every, [this] {
    const ShardId shard = schedule_.Pick(2) == 0 ? kRoutingShard : kSessionShard;
    // Not what was there before the faults began: whoever publishes a configuration watches over it.
    uint64_t head = 0;
    store_.LastCommit(shard, [&head](absl::StatusOr<ChainHead> found) { head = found->number; });
    const uint64_t most = std::min<uint64_t>(head - std::min(head, kFirstCommits), kUndoableCommits);
    if (most == 0) return;
    const size_t lost = store_.LoseTail(shard, 1 + schedule_.Pick(most));
    judge_.TailLost();
    schedule_.Note("store", "lost " + std::to_string(lost) + " commits of " + shard.ToString());
  });
}

void World::Heal() {
  schedule_.Note("world", "heals");
  roads_.faulty = false;
  network_.Heal();
  for (const auto& owner : routing_) {
    owner->FollowMix();
    owner->Thaw();
    if (!owner->alive()) owner->Start();
  }
  for (const auto& owner : session_) {
    owner->FollowMix();
    owner->Thaw();
    if (!owner->alive()) owner->Start();
  }
  for (const auto& gateway : gateways_) {
    if (!gateway->alive()) gateway->Start();
  }
  for (const auto& agent : agents_) agent->Behave();
  for (const auto& customer : customers_) customer->Behave();
}

// ---- the run ----

void World::RunFor(Duration time) {
  auto over = std::make_shared<bool>(false);
  schedule_.After(time, [over] { *over = true; });
  while (!*over && judge_.violations().empty() && schedule_.RunNext()) {
  }
}

bool World::Quiet() {
  const bool customers_done =
      std::all_of(customers_.begin(), customers_.end(), [](const auto& customer) { return customer->done(); });
  if (!customers_done) return false;
  return std::any_of(routing_.begin(), routing_.end(), [](const auto& owner) {
    return owner->engine() != nullptr && owner->engine()->live_contacts() == 0;
  });
}

void World::AwaitQuiet(Duration bound) {
  const Duration end = schedule_.now() + bound;
  while (!Quiet()) {
    if (!judge_.violations().empty()) return;
    if (schedule_.now() >= end) {
      judge_.Violated("no progress: something is stuck");
      for (const auto& customer : customers_) {
        if (!customer->done()) judge_.Violated("no progress: " + customer->Standing());
      }
      return;
    }
    RunFor(Duration::Seconds(1));
  }
}

// Whom nobody can serve waits still; everybody else is served by now.
void World::CheckWaiting() {
  const Engine* engine = nullptr;
  for (const auto& owner : routing_) {
    if (owner->engine() != nullptr) engine = owner->engine();
  }
  if (engine == nullptr) return judge_.Violated("no progress: nobody serves the routing shard");
  for (const auto& customer : customers_) {
    if (customer->contact().uuid.IsNil()) continue;
    const ContactRecord* record = engine->FindContact(customer->contact());
    if (!customer->served_by_nobody()) {
      judge_.Violated("no progress: not served: " + customer->Standing());
    } else if (record == nullptr || record->state != ContactState::kQueued) {
      judge_.Violated("the contact that nobody can serve does not wait: " + customer->Standing());
    }
  }
}

void World::ReadBack() {
  std::set<ConversationId> conversations;
  for (const auto& customer : customers_) {
    conversations.insert(customer->conversations().begin(), customer->conversations().end());
  }
  for (const ConversationId& conversation : conversations) {
    session::v1::ListMessagesRequest request;
    request.set_conversation_id(conversation.ToString());
    request.set_page_size(200);
    std::optional<absl::StatusOr<session::v1::ListMessagesResponse>> answer;
    for (int tries = 0; tries < 10 && (!answer || absl::IsUnavailable(answer->status())); ++tries) {
      answer.reset();
      operators_session_->ListMessages(request, [&answer](auto response) { answer = std::move(response); });
      while (!answer && schedule_.RunNext()) {
      }
    }
    if (!answer || !answer->ok()) {
      judge_.NotThere(conversation);
      continue;
    }
    judge_.ReadBack(conversation, {(*answer)->messages().begin(), (*answer)->messages().end()});
  }
}

Outcome World::Run() {
  roads_.faulty = false;  // until it has begun
  for (const auto& owner : routing_) owner->Start();
  for (const auto& owner : session_) owner->Start();
  RunFor(Duration::Seconds(1));
  PublishConfig();
  roads_.faulty = true;
  for (const auto& owner : routing_) owner->FollowMix();
  for (const auto& owner : session_) owner->FollowMix();
  for (const auto& gateway : gateways_) gateway->Start();
  for (const auto& agent : agents_) agent->Start();
  for (const auto& customer : customers_) customer->Start();
  PlanFaults();
  RunFor(kFaultyTime);
  Heal();
  RunFor(kTimeToServe);
  if (judge_.violations().empty()) CheckWaiting();
  for (const auto& customer : customers_) customer->GiveUp();
  AwaitQuiet(kTimeToSettle);
  Outcome outcome;
  if (judge_.violations().empty()) {
    ReadBack();
    store_.ReadAfter(kRoutingShard, {}, SIZE_MAX,
                     [this](absl::StatusOr<std::vector<LogEntry>> entries) { judge_.Verify(*entries, options_.mix); });
  }
  outcome.digest = schedule_.digest();
  outcome.events = schedule_.events_run();
  outcome.commits = judge_.commits();
  outcome.took = schedule_.now();
  outcome.violations = judge_.violations();
  return outcome;
}

}  // namespace meridian::worlds
