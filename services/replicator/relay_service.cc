#include "services/replicator/relay_service.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/base/uuid.h"
#include "libs/kafka/kafka_producer.h"
#include "libs/kafka/topic_admin.h"
#include "libs/wire/cloud_event.h"

namespace meridian {
namespace {

constexpr char kUnreachable[] = "no broker can be reached";
constexpr char kRefused[] = "events could not be published";

}  // namespace

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

absl::Status RelayService::LookForTopics() const {
  const std::vector<std::string> names = {KafkaTopicOf(options_.region, event::v1::TOPIC_CONTACT),
                                          KafkaTopicOf(options_.region, event::v1::TOPIC_AGENT),
                                          KafkaTopicOf(options_.region, event::v1::TOPIC_CONFIG)};
  MERIDIAN_ASSIGN_OR_RETURN(const auto admin, kafka::TopicAdmin::Make(options_.kafka));
  MERIDIAN_ASSIGN_OR_RETURN(const auto found, admin->Describe(names, {}));
  const bool all = std::all_of(found.begin(), found.end(), [](const auto& topic) { return topic.has_value(); });
  return all ? absl::OkStatus() : absl::NotFoundError("a topic of the region is missing");
}

absl::StatusOr<std::unique_ptr<RecordProducer>> RelayService::MakeProducer(uint32_t shard) {
  // Otherwise what goes to the other topics would be published again with each attempt.
  if (topic_missing_) MERIDIAN_RETURN_IF_ERROR(LookForTopics());
  topic_missing_ = false;
  const Gauge reachable = ports_.metrics->MakeGauge("meridian_kafka_reachable", "1 while a broker can be reached.",
                                                    {{"shard", std::to_string(shard)}});
  reachable.Set(1);
  kafka::ProducerOptions options;
  options.connection = options_.kafka;
  options.linger = options_.linger;
  Count(shard, kUnreachable, false);
  options.on_reachable = [this, log = ports_.log, shard, reachable](bool is_reachable) {
    Count(shard, kUnreachable, !is_reachable);
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

void RelayService::Count(uint32_t shard, const char* why, bool waits) {
  const auto shards = [this] {
    std::set<uint32_t> distinct;
    for (const auto& [number, reason] : waiting_) distinct.insert(number);
    return distinct.size();
  };
  std::lock_guard lock(mutex_);
  const size_t before = shards();
  if (waits) {
    waiting_.emplace(shard, why);
  } else {
    waiting_.erase({shard, why});
  }
  if (ports_.on_waiting && shards() != before) ports_.on_waiting(shards());
}

void RelayService::Tell(uint32_t shard, const absl::Status& trouble) {
  topic_missing_ = topic_missing_ || absl::IsNotFound(trouble);
  const bool waits = !trouble.ok() && !absl::IsCancelled(trouble);
  Count(shard, kRefused, waits);
  if (!waits) Count(shard, kUnreachable, false);
  if (absl::IsCancelled(trouble)) return;
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
