#include "libs/store/redis_store.h"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/store/redis_chains.h"
#include "libs/store/redis_io_thread.h"
#include "libs/store/redis_logs.h"
#include "libs/store/redis_placement.h"
#include "libs/store/redis_registry.h"

namespace meridian {
namespace {

constexpr Duration kDrain = Duration::Seconds(1);

// Nothing that trying again would mend.
bool IsFinal(const absl::Status& failure) {
  return absl::IsFailedPrecondition(failure) || absl::IsPermissionDenied(failure) || absl::IsInvalidArgument(failure);
}

}  // namespace

// Everything but the constructor, the destructor, Call and what is atomic happens on the I/O thread.
class RedisStore::Core : public RedisIoThread::Client {
 public:
  Core(RedisOptions options, TlsContext tls)
      : options_(std::move(options)),
        thread_(options_.monotonic, this),
        link_(options_, std::move(tls), &thread_,
              {.on_up = [this] { OnUp(); },
               .on_down = [this](const absl::Status& why) { OnDown(why); },
               .on_failure = [this](const absl::Status& why) { OnFailure(why); }}),
        lane_(options_, &link_),
        shards_(options_),
        chains_(Parts(), [this](ShardId shard, LogPosition position) { logs_.OnLogged(shard, position); }),
        logs_(Parts()),
        registry_(Parts()),
        placement_(Parts()) {}

  ~Core() override {
    std::future<void> drained = drained_.get_future();
    thread_.Post([this] { close_by_ = options_.monotonic->Now() + kDrain; });
    if (started_) drained.wait();
    thread_.Stop();
  }

  absl::Status Start() {
    std::future<absl::Status> opened = opened_.get_future();
    started_ = true;
    thread_.Start();
    if (opened.wait_for(std::chrono::nanoseconds(options_.open_timeout.ns)) == std::future_status::ready) {
      return opened.get();
    }
    std::lock_guard lock(failure_mutex_);
    return absl::UnavailableError("no Redis server could be used: " + last_failure_.ToString());
  }

  // Calls `call(done)` on the I/O thread.
  template <typename Result, typename Action>
  void Call(absl::AnyInvocable<void(Result)> done, Action action) {
    thread_.Post([this, done = std::move(done), action = std::move(action)]() mutable {
      ++under_way_;
      action(*this, absl::AnyInvocable<void(Result)>([this, done = std::move(done)](Result result) mutable {
        --under_way_;
        done(std::move(result));
      }));
    });
  }
  void Post(absl::AnyInvocable<void()> task) { thread_.Post(std::move(task)); }

  const RedisOptions& options() const { return options_; }
  RedisChains& chains() { return chains_; }
  RedisLogs& logs() { return logs_; }
  RedisRegistry& registry() { return registry_; }
  RedisPlacement& placement() { return placement_; }
  Counters counters() const { return {connects_.load(), markers_.load()}; }
  bool nearly_full() const { return nearly_full_.load(std::memory_order_relaxed); }

  void Tick() override {
    const MonotonicInstant now = options_.monotonic->Now();
    if (now >= check_at_) CheckMemory(now);
    logs_.Tick();
    lane_.Tick();
    if (closing() && (under_way_ == 0 || now >= *close_by_)) link_.Close();
    link_.Tick();
    markers_.store(lane_.markers(), std::memory_order_relaxed);
    if (closing() && under_way_ == 0 && !std::exchange(told_drained_, true)) drained_.set_value();
  }

  MonotonicInstant NextWake() override {
    const MonotonicInstant wake = std::min({link_.NextWake(), lane_.NextWake(), logs_.NextWake(), check_at_});
    return closing() ? std::min(wake, *close_by_) : wake;
  }

 private:
  RedisParts Parts() { return {options_, link_, lane_, shards_}; }
  bool closing() const { return close_by_.has_value(); }

  void OnUp() {
    connects_.fetch_add(1);
    Opened(absl::OkStatus());
    check_at_ = options_.monotonic->Now();
  }

  void OnDown(const absl::Status& why) {
    shards_.Forget();
    lane_.OnDown();
    logs_.OnDown();
    check_at_ = MonotonicInstant::Never();
    if (!closing()) Report(why);
  }

  void OnFailure(const absl::Status& why) {
    {
      std::lock_guard lock(failure_mutex_);
      last_failure_ = why;
    }
    if (IsFinal(why)) Opened(why);
    if (!closing()) Report(why);
  }

  void Opened(const absl::Status& how) {
    if (!std::exchange(told_opened_, true)) opened_.set_value(how);
  }
  void Report(const absl::Status& why) {
    if (options_.on_problem) options_.on_problem(why);
  }

  // Shows besides that the write lane is alive.
  void CheckMemory(MonotonicInstant now) {
    check_at_ = now + options_.check_every;
    link_.Send({"INFO", "memory"}, [this](RedisReply reply) {
      if (reply.lost() || reply.is_error()) return;
      nearly_full_.store(RedisMemoryNearlyFull(ParseRedisInfo(reply.text()), options_.nearly_full_percent),
                         std::memory_order_relaxed);
    });
  }

  const RedisOptions options_;
  std::promise<absl::Status> opened_;
  std::promise<void> drained_;
  bool started_ = false;
  bool told_opened_ = false;
  bool told_drained_ = false;
  std::mutex failure_mutex_;
  absl::Status last_failure_ = absl::UnavailableError("it did not answer");
  std::atomic<int64_t> connects_{0};
  std::atomic<int64_t> markers_{0};
  std::atomic<bool> nearly_full_{false};
  size_t under_way_ = 0;  // calls not yet answered
  std::optional<MonotonicInstant> close_by_;
  MonotonicInstant check_at_ = MonotonicInstant::Never();

  RedisIoThread thread_;
  RedisLink link_;
  RedisDurabilityLane lane_;
  RedisShards shards_;
  RedisChains chains_;
  RedisLogs logs_;
  RedisRegistry registry_;
  RedisPlacement placement_;
};

absl::StatusOr<std::unique_ptr<RedisStore>> RedisStore::Open(RedisOptions options) {
  MERIDIAN_CHECK(options.wall != nullptr && options.monotonic != nullptr);
  if (options.servers.empty()) return absl::InvalidArgumentError("no Redis server is named");
  MERIDIAN_ASSIGN_OR_RETURN(TlsContext tls, MakeTlsContext(options.tls));
  auto core = std::make_unique<Core>(std::move(options), std::move(tls));
  MERIDIAN_RETURN_IF_ERROR(core->Start());
  return std::unique_ptr<RedisStore>(new RedisStore(std::move(core)));
}

RedisStore::RedisStore(std::unique_ptr<Core> core) : core_(std::move(core)) {}
RedisStore::~RedisStore() = default;

RedisStore::Counters RedisStore::counters() const { return core_->counters(); }
bool RedisStore::MayLoseAcknowledgedTail() const { return core_->options().durability != RedisDurability::kStrict; }
bool RedisStore::NearlyFull() const { return core_->nearly_full(); }

void RedisStore::TakeTerm(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                          absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  core_->Call<absl::StatusOr<TermGrant>>(std::move(done), [=](Core& core, auto answer) {
    core.chains().TakeTerm(shard, owner_nonce, unix_ms, std::move(answer));
  });
}

void RedisStore::Commit(std::shared_ptr<const CommitRequest> request, absl::AnyInvocable<void(CommitResult)> done) {
  core_->Call<CommitResult>(std::move(done), [request = std::move(request)](Core& core, auto answer) mutable {
    core.chains().Commit(std::move(request), std::move(answer));
  });
}

void RedisStore::LastCommit(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  core_->Call<absl::StatusOr<ChainHead>>(
      std::move(done), [=](Core& core, auto answer) { core.chains().LastCommit(shard, std::move(answer)); });
}

void RedisStore::Load(ShardId shard, std::vector<uint8_t> tables, std::string cursor,
                      absl::AnyInvocable<void(absl::StatusOr<LoadPage>)> done) {
  core_->Call<absl::StatusOr<LoadPage>>(std::move(done), [shard, tables = std::move(tables),
                                                          cursor = std::move(cursor)](Core& core, auto answer) mutable {
    core.chains().Load(shard, std::move(tables), cursor, std::move(answer));
  });
}

void RedisStore::Read(ShardId shard, std::vector<RecordKey> keys,
                      absl::AnyInvocable<void(absl::StatusOr<std::vector<std::optional<std::string>>>)> done) {
  core_->Call<absl::StatusOr<std::vector<std::optional<std::string>>>>(
      std::move(done), [shard, keys = std::move(keys)](Core& core, auto answer) mutable {
        core.chains().Read(shard, std::move(keys), std::move(answer));
      });
}

void RedisStore::ReadAfter(ShardId shard, LogPosition position, size_t max_bytes,
                           absl::AnyInvocable<void(absl::StatusOr<std::vector<LogEntry>>)> done) {
  core_->Call<absl::StatusOr<std::vector<LogEntry>>>(std::move(done), [=](Core& core, auto answer) {
    core.logs().ReadAfter(shard, position, max_bytes, std::move(answer));
  });
}

void RedisStore::SetFollower(ShardId shard, std::string follower, LogPosition position,
                             absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done),
                            [shard, follower = std::move(follower), position](Core& core, auto answer) {
                              core.logs().SetFollower(shard, follower, position, std::move(answer));
                            });
}

void RedisStore::RemoveFollower(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done), [shard, follower = std::move(follower)](Core& core, auto answer) {
    core.logs().RemoveFollower(shard, follower, std::move(answer));
  });
}

void RedisStore::Describe(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<LogState>)> done) {
  core_->Call<absl::StatusOr<LogState>>(
      std::move(done), [=](Core& core, auto answer) { core.logs().Describe(shard, std::move(answer)); });
}

void RedisStore::TrimTo(ShardId shard, LogPosition position,
                        absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  core_->Call<absl::StatusOr<LogPosition>>(
      std::move(done), [=](Core& core, auto answer) { core.logs().TrimTo(shard, position, std::move(answer)); });
}

std::unique_ptr<EventLog::Subscription> RedisStore::Watch(ShardId shard, std::function<void(LogPosition)> on_entry) {
  auto subscription = core_->logs().watchers().Watch(shard, std::move(on_entry));
  core_->Post([core = core_.get(), shard] { core->logs().Watch(shard); });
  return subscription;
}

void RedisStore::Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
                         absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  core_->Call<absl::StatusOr<Lease>>(std::move(done), [=](Core& core, auto answer) {
    core.registry().Acquire(shard, owner, nonce, ttl, std::move(answer));
  });
}

void RedisStore::Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  core_->Call<absl::StatusOr<Lease>>(
      std::move(done), [=](Core& core, auto answer) { core.registry().Renew(lease, ttl, std::move(answer)); });
}

void RedisStore::Release(Lease lease, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done),
                            [=](Core& core, auto answer) { core.registry().Release(lease, std::move(answer)); });
}

void RedisStore::Lookup(TenantId tenant, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  core_->Call<absl::StatusOr<TenantShards>>(
      std::move(done), [=](Core& core, auto answer) { core.registry().Lookup(tenant, std::move(answer)); });
}

void RedisStore::Assign(TenantId tenant, TenantShards shards,
                        absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  core_->Call<absl::StatusOr<TenantShards>>(
      std::move(done), [=](Core& core, auto answer) { core.registry().Assign(tenant, shards, std::move(answer)); });
}

void RedisStore::List(TenantId after, absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) {
  core_->Call<absl::StatusOr<std::vector<TenantAssignment>>>(
      std::move(done), [=](Core& core, auto answer) { core.registry().List(after, std::move(answer)); });
}

void RedisStore::FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) {
  core_->Call<absl::StatusOr<uint32_t>>(
      std::move(done), [=](Core& core, auto answer) { core.placement().FixCount(kind, count, std::move(answer)); });
}

void RedisStore::FixRegion(std::string region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  core_->Call<absl::StatusOr<std::string>>(std::move(done), [region = std::move(region)](Core& core, auto answer) {
    core.placement().FixRegion(region, std::move(answer));
  });
}

void RedisStore::Announce(ShardProcess process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done), [process = std::move(process), ttl](Core& core, auto answer) {
    core.placement().Announce(process, ttl, std::move(answer));
  });
}

void RedisStore::Leave(ShardKind kind, std::string address, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done),
                            [=](Core& core, auto answer) { core.placement().Leave(kind, address, std::move(answer)); });
}

void RedisStore::Wish(ShardId shard, std::string address, absl::AnyInvocable<void(absl::Status)> done) {
  core_->Call<absl::Status>(std::move(done),
                            [=](Core& core, auto answer) { core.placement().Wish(shard, address, std::move(answer)); });
}

void RedisStore::View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) {
  core_->Call<absl::StatusOr<PlacementView>>(std::move(done),
                                             [](Core& core, auto answer) { core.placement().View(std::move(answer)); });
}

std::unique_ptr<ShardPlacement::Subscription> RedisStore::Watch(std::function<void()> on_change) {
  auto subscription = core_->placement().watchers().Watch(std::move(on_change));
  core_->Post([core = core_.get()] {
    core->logs().subscriber().ListenTo(core->placement().Channel(), [core] { core->placement().watchers().Notify(); });
  });
  return subscription;
}

}  // namespace meridian
