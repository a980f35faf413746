// Routing in this process: its shards' loops on one thread, the port through which the others reach them, and a thread
// that checks configurations. Where the store may lose an acknowledged tail, it keeps what Send had acknowledged and
// sends it to the shard again in the next term.
// Made where a process is assembled. Any thread, as RoutingClient says; Start, Drain and the destructor: the thread
// that owns it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "libs/runtime/event_log.h"
#include "libs/runtime/shard_directory.h"
#include "libs/runtime/shard_thread.h"
#include "libs/runtime/worker_thread.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"
#include "services/routing/gateway_registry.h"
#include "services/routing/log_room.h"
#include "services/routing/routing_client.h"
#include "services/routing/routing_program.h"
#include "services/routing/routing_shard.h"

namespace meridian {

// All must outlive the service; none null but `metrics`, `log` and the functions.
struct RoutingPorts {
  ShardStore* store = nullptr;
  ShardLeases* leases = nullptr;
  ShardDirectory* directory = nullptr;
  EventLog* event_log = nullptr;
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
  Metrics* metrics = nullptr;
  Log* log = nullptr;
  // On the shards' thread; must not block. The status says why, OK when nothing went wrong.
  std::function<void(ShardId, ShardState, const absl::Status&)> on_state;
  // A configuration came into force or was loaded; any thread, must not block. May be null.
  std::function<void(const std::shared_ptr<const admin::v1::TenantConfig>&)> on_config;
};

struct RoutingOptions {
  RegionCode region;
  uint32_t shards = 1;            // routing shards 0 to shards − 1
  bool placed = false;            // each is served here from Open to Close only; else all are, from Start on
  uint32_t session_shards = 1;    // session shards 0 to session_shards − 1, one of which a new tenant is assigned to
  std::string owner = "routing";  // of the leases: the process
  uint64_t seed = 1;              // random per process: of lease nonces and draft ids
  Duration lease_ttl = Duration::Seconds(10);
  BatchLimits batch;
  MailboxLimits mailbox;
  // Of a shard's log, where a relay publishes it: near it new contacts are refused (log_room.h). 0: none.
  uint64_t log_limit_bytes = 0;
};

class RoutingService final : public RoutingClient {
 public:
  using Loop = RoutingShard::Loop;

  RoutingService(RoutingOptions options, RoutingPorts ports);
  // Waits for answers of the directory and the log that are under way; what waits is refused.
  ~RoutingService() override;

  // Takes the leases and serves. Returns at once; calls made before the shards are loaded wait.
  void Start();
  // Of a shard that is placed: takes its lease and serves it; gives it away. States tell how that goes. Any thread.
  void Open(uint32_t shard);
  void Close(uint32_t shard);
  // True when every shard is loaded and its first commit durable, within `patience`; false at once when one refuses
  // calls (its store fails). Blocks.
  bool AwaitServing(Duration patience);
  // Finishes what runs and hands the shards over. Blocks. False when `limit` was not enough. Once.
  bool Drain(Duration limit) { return thread_.Drain(limit); }

  void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
            Done<Answer> done) override;
  void ApplyConfig(const TenantId& tenant, CommandOrigin origin, admin::v1::ApplyConfigRequest request,
                   Done<admin::v1::ApplyConfigResponse> done) override;
  void GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) override;
  void ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                  Done<admin::v1::ListAgentsResponse> done) override;
  void ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                    Done<admin::v1::ListContactsResponse> done) override;
  void ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                      Done<admin::v1::ExplainContactResponse> done) override;
  std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId& tenant) const override;
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const override;
  // ShardThread::LateBy of the shards' thread. Any thread.
  Duration LateBy() const { return thread_.LateBy(); }

  std::unique_ptr<Registration> RegisterGateway(GatewayKey gateway, GatewayCallbacks callbacks) override {
    return gateways_.Register(std::move(gateway), std::move(callbacks));
  }

 private:
  // Held by callbacks of the ports, which may come late, and by the worker's jobs: the destructor waits for the last.
  // Never by a callback that waits in a shard's loop: it may be called by nobody before the loop is destroyed.
  using Guard = std::shared_ptr<void>;
  class Publication;
  struct TenantGauges;

  Guard Enter();
  // Calls `use` with the tenant's loop: at once when the directory was asked before. NOT_FOUND (TENANT_NOT_FOUND).
  void WithLoop(const TenantId& tenant, absl::AnyInvocable<void(absl::StatusOr<Loop*>)> use);
  // The same for a tenant that may be new: assigns it to its shards.
  void WithAssignedLoop(const TenantId& tenant, absl::AnyInvocable<void(absl::StatusOr<Loop*>)> use);
  absl::StatusOr<Loop*> LoopOf(const TenantId& tenant, const absl::StatusOr<TenantShards>& shards);
  // NOT_OWNER unless the loop's shard is served here.
  absl::StatusOr<Loop*> IfOpen(Loop* loop) const;
  Loop* CachedLoop(const TenantId& tenant) const;
  // Runs `read(const Engine*, const RoutingProgram&) -> StatusOr<R>` on the tenant's shard; the engine is null for a
  // tenant without one.
  template <class R, class Read>
  void QueryEngine(const TenantId& tenant, Read read, Done<R> done);

  void OnMessage(RoutingMessage&& message);
  void OnState(ShardId shard, ShardState state, const absl::Status& why);
  absl::AnyInvocable<void()> Snapshot(uint32_t shard, const RoutingProgram& program);
  void ClearGauges(uint32_t shard);
  void SetSnapshot(const TenantId& tenant, std::shared_ptr<const admin::v1::TenantConfig> config);
  // On the worker's thread.
  void CheckAndPublish(const TenantId& tenant, const Uuid& request_id, CommandOrigin origin,
                       admin::v1::ApplyConfigRequest request, Done<admin::v1::ApplyConfigResponse> done);
  void CheckAndRenew(const TenantId& tenant, admin::v1::TenantConfig config);
  void RenewZones(const TenantId& tenant);
  Uuid NewDraftId();

  const RoutingOptions options_;
  const RoutingPorts ports_;
  GatewayRegistry gateways_;

  mutable std::mutex mutex_;
  std::map<TenantId, Loop*> loop_of_;                                             // under mutex_
  std::map<TenantId, std::shared_ptr<const admin::v1::TenantConfig>> snapshots_;  // under mutex_
  std::mt19937_64 random_;                                                        // under mutex_
  std::condition_variable idle_;
  size_t entered_ = 0;  // under mutex_
  std::atomic<bool> closing_{false};

  // The shards' thread.
  std::map<std::pair<TenantId, QueueId>, std::shared_ptr<TenantGauges>> gauges_;

  std::vector<std::unique_ptr<RoutingShard>> shards_;
  std::vector<std::atomic<bool>> open_;         // by shard
  std::unique_ptr<LogRoom> log_room_;           // with a limit
  WorkerThread config_worker_{"config-check"};  // outlives the shards' thread, which posts to it
  ShardThread thread_;
};

}  // namespace meridian
