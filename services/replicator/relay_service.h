// The event relays of a process: one for each routing shard, on one thread, each with a Kafka producer of its own while
// it holds its shard's lease. Start, Drain and the destructor: the thread that owns it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/kafka/connection.h"
#include "libs/runtime/shard_thread.h"
#include "libs/telemetry/log.h"
#include "services/replicator/event_relay.h"

namespace meridian {

struct RelayOptions {
  RegionCode region;  // whose topics they are
  kafka::Connection kafka;
  Duration linger = Duration::Milliseconds(5);  // an event waits this long for others to go with it
  uint32_t shards = 1;                          // routing shards 0 to shards − 1
  std::string owner = "relay";                  // of the leases: the process
  uint64_t seed = 1;                            // random per process
  Duration lease_ttl = Duration::Seconds(10);
  bool trim_published = false;  // see EventRelayOptions
};

// All must outlive the service.
struct RelayPorts {
  EventLog* event_log = nullptr;
  ShardLeases* leases = nullptr;
  const MonotonicClock* monotonic = nullptr;
  const WallClock* wall = nullptr;
  Metrics* metrics = nullptr;
  Log* log = nullptr;
  // How many shards' events wait for Kafka to take them, when that changes. Any thread, one call at a time; must not
  // block or call back; may be null.
  std::function<void(size_t shards)> on_waiting;
};

class RelayService {
 public:
  RelayService(RelayOptions options, RelayPorts ports);

  void Start();
  // Publishes what the logs hold and gives the leases back. False when `limit` was not enough: the rest is published by
  // whoever relays next. Once.
  bool Drain(Duration limit) { return thread_.Drain(limit); }

 private:
  absl::StatusOr<std::unique_ptr<RecordProducer>> MakeProducer(uint32_t shard);
  // NOT_FOUND when one of the region's topics is missing. Waits for a broker.
  absl::Status LookForTopics() const;
  void Tell(uint32_t shard, const absl::Status& trouble);
  // `waits`: for `why`.
  void Count(uint32_t shard, const char* why, bool waits);

  const RelayOptions options_;
  const RelayPorts ports_;
  bool topic_missing_ = false;  // the relays' thread
  std::mutex mutex_;
  std::set<std::pair<uint32_t, std::string_view>> waiting_;  // under mutex_: shard, why
  std::vector<std::unique_ptr<EventRelay>> relays_;
  ShardThread thread_;
};

}  // namespace meridian
