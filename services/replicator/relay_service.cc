#include "services/replicator/relay_service.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/uuid.h"
#include "libs/kafka/kafka_producer.h"

namespace meridian {

RelayService::RelayService(RelayOptions options, RelayPorts ports)
    : options_(std::move(options)), ports_(ports), thread_(ports.monotonic, "event-relay") {
  for (uint32_t number = 0; number < options_.shards; ++number) {
    EventRelayOptions relay;
    relay.shard = number;
    relay.owner = options_.owner;
    relay.nonce = StableHash(Uuid{options_.seed, number});
    relay.lease_ttl = options_.lease_ttl;
    relay.trim_published = options_.trim_published;
    EventRelayPorts relay_ports;
    relay_ports.log = ports_.event_log;
    relay_ports.leases = ports_.leases;
    relay_ports.monotonic = ports_.monotonic;
    relay_ports.wall = ports_.wall;
    relay_ports.make_producer = [this, number] { return MakeProducer(number); };
    relay_ports.metrics = RelayMetrics::Make(*ports_.metrics, number);
    relay_ports.on_trouble = [this, number](const absl::Status& status) { Tell(number, status); };
    relays_.push_back(std::make_unique<EventRelay>(std::move(relay), std::move(relay_ports)));
    thread_.Add(relays_.back().get());
  }
}

void RelayService::Start() {
  for (const auto& relay : relays_) relay->Start();
  thread_.Start();
}

absl::StatusOr<std::unique_ptr<RecordProducer>> RelayService::MakeProducer(uint32_t shard) {
  const Gauge reachable = ports_.metrics->MakeGauge("meridian_kafka_reachable", "1 while a broker can be reached.",
                                                    {{"shard", std::to_string(shard)}});
  reachable.Set(1);
  kafka::ProducerOptions options;
  options.connection = options_.kafka;
  options.linger = options_.linger;
  options.on_reachable = [log = ports_.log, shard, reachable](bool is_reachable) {
    reachable.Set(is_reachable ? 1 : 0);
    if (is_reachable) {
      log->Info("Kafka can be reached again", {{"shard", shard}});
    } else {
      log->Warning("no Kafka broker can be reached; events are kept until one can", {{"shard", shard}});
    }
  };
  MERIDIAN_ASSIGN_OR_RETURN(auto producer, kafka::KafkaProducer::Make(std::move(options)));
  return std::unique_ptr<RecordProducer>(std::move(producer));
}

void RelayService::Tell(uint32_t shard, const absl::Status& trouble) {
  if (trouble.ok()) {
    ports_.log->Info("events are published again", {{"shard", shard}});
  } else if (trouble.code() == absl::StatusCode::kNotFound) {
    ports_.log->Warning("events cannot be published: a topic is missing (meridianctl topics apply)",
                        {{"shard", shard}});
  } else {
    ports_.log->Warning("events could not be published; they are kept and published again",
                        {{"shard", shard}, {"code", trouble.code()}});
  }
}

}  // namespace meridian
