// The part of a process that holds shards of one kind in a region. It joins the placement (libs/placement) once it has
// reached itself under the address that it gives to the others: what nobody reaches must not hold shards. What it lacks
// it says to Readiness: "link to itself", "placement". Owned by the service, after the process and before what opens
// and closes shards is used. Main thread, but for OnState and Check.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "libs/link/link_client.h"
#include "libs/placement/shard_keeper.h"
#include "services/process/periodic.h"
#include "services/process/service_process.h"

namespace meridian {

class ShardHolding {
 public:
  // The process outlives this.
  ShardHolding(ServiceProcess* process, ShardKind kind);
  ~ShardHolding();

  struct Shards {
    std::function<void(uint32_t)> open;  // as ShardKeeperPorts has them
    std::function<void(const std::vector<uint32_t>&)> close;
    std::function<Duration(uint32_t)> late_by;  // ShardThread::LateBy of the shard's thread
  };
  // After the links are served.
  void Start(Shards shards);
  // As the shard's hooks tell it; before Start it is not heard. Any thread.
  void OnState(uint32_t shard, ShardState state);
  // As ShardKeeper::Check; NOT_OWNER before Start. Any thread.
  absl::Status Check(const TenantId& tenant) const;
  // As ShardKeeper::GiveBack; after Start.
  void GiveBack(uint32_t shard);
  // As ShardKeeper::Leave.
  bool Leave(Duration limit);
  // Opens and closes nothing any more. Idempotent.
  void Stop();

 private:
  void Look();

  ServiceProcess& process_;
  const ShardKind kind_;
  std::unique_ptr<ShardKeeper> owned_keeper_;
  std::atomic<ShardKeeper*> keeper_{nullptr};
  std::unique_ptr<LinkClient> own_link_;
  bool joined_ = false;             // of the look
  std::unique_ptr<Periodic> look_;  // uses all above
};

}  // namespace meridian
