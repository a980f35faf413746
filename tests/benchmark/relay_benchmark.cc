// How fast the relay catches up: a log of many contacts' lives in a SQLite store, published to a real Kafka, beside a
// bare librdkafka producer that sends as many records of the same size and with the same settings in the same run.
// Prints one JSON object a run. tests/benchmark/relay starts Kafka and runs it.
//   relay_benchmark --brokers HOST:PORT --events 300000 --runs 3
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "libs/app/command_line.h"
#include "libs/base/check.h"
#include "libs/kafka/topic_admin.h"
#include "libs/runtime/clock.h"
#include "libs/store/sqlite_store.h"
#include "libs/testing/await.h"
#include "libs/testing/temporary_folder.h"
#include "libs/wire/cloud_event.h"
#include "libs/wire/log_entry.h"
#include "libs/wire/routing_events.h"
#include "services/replicator/relay_service.h"

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kRouting, 0};
constexpr int kTenants = 8;
constexpr uint64_t kContactsPerEntry = 8;  // each with the four events of its life, as a busy shard folds them
constexpr uint64_t kEventsPerContact = 4;
constexpr int kPartitions = 4;
constexpr Duration kLinger = Duration::Milliseconds(5);

struct Options {
  std::string brokers;
  uint64_t events = 300'000;
  uint64_t runs = 3;
};

struct Measured {
  double seconds = 0;
  double cpu_us_per_event = 0;
};

// Time and the process's processor time of what `work` does.
template <typename Work>
Measured Measure(uint64_t events, Work work) {
  const SystemMonotonicClock clock;
  const auto cpu_us = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
  };
  const MonotonicInstant began = clock.Now();
  const double cpu_began = cpu_us();
  work();
  return {static_cast<double>((clock.Now() - began).ns) / 1e9, (cpu_us() - cpu_began) / static_cast<double>(events)};
}

std::vector<Event> LifeOf(const RegionCode& region, uint64_t number, std::array<uint64_t, kTenants>& sequences) {
  Event event;
  event.topic = EventTopic::kContact;
  event.term = 1'784'629'000'000;
  event.contact = {
      region, Uuid::Version7(1'784'629'000'000 + static_cast<int64_t>(number / 16), 7, StableHash(Uuid{number, 1}))};
  event.at = Instant::FromUnixMilliseconds(1'784'629'000'000 + static_cast<int64_t>(number));
  event.origin.actor = {ActorRole::kIntegrator, "shop"};
  const OfferToken token{};
  ContactQueued queued;
  queued.spec.id = event.contact;
  queued.spec.conversation = {region, event.contact.uuid};
  queued.spec.customer = {region, event.contact.uuid};
  queued.spec.channel = {"chat"};
  queued.spec.language = *LanguageTag::Parse("es");
  queued.queue = {"billing_es"};
  queued.rule = "spanish";
  std::vector<Event> life;
  const auto add = [&](EventBody body) {
    event.sequence = ++sequences[number % kTenants];
    event.entity_revision = life.size() + 1;
    event.body = std::move(body);
    life.push_back(event);
  };
  add(std::move(queued));
  add(ContactOffered{
      .agent = {"ana"}, .token = token, .queue = {"billing_es"}, .units = 1, .waited = {}, .decision = {}});
  add(ContactAssigned{{"ana"}, token, {}});
  add(ContactCompleted{{"ana"}, EndReason::kCompletedByAgent});
  return life;
}

TenantId TenantOf(uint64_t contact) { return {"tenant-" + std::to_string(contact % kTenants)}; }

// Commits the lives of so many contacts; answers the size of a record on average.
double FillLog(SqliteStore& store, const RegionCode& region, uint64_t events) {
  const uint64_t term = testing::Await<absl::StatusOr<TermGrant>>([&](auto done) {
                          store.TakeTerm(kShard, 1, 1, std::move(done));
                        })->term;
  std::mutex mutex;
  std::condition_variable answered;
  uint64_t in_flight = 0;
  uint64_t bytes = 0;
  std::array<uint64_t, kTenants> sequences{};
  const uint64_t contacts = events / kEventsPerContact;
  for (uint64_t first = 0, number = 1; first < contacts; first += kContactsPerEntry, ++number) {
    LogEntryWriter writer(region);
    for (uint64_t c = first; c < std::min(contacts, first + kContactsPerEntry); ++c) {
      const std::vector<Event> life = LifeOf(region, c, sequences);
      writer.Append(TenantOf(c), life);
      if (c >= kContactsPerEntry) continue;
      for (const Event& event : life) {
        event::v1::Event shown;
        ToPublicEvent(TenantOf(c), region, event, &shown);
        bytes += shown.ByteSizeLong();
        for (const auto& [name, value] : CloudEventHeaders(shown)) bytes += name.size() + value.size();
      }
    }
    CommitRequest request{.shard = kShard, .term = term, .number = number};
    request.log_entry = writer.Take();
    request.digest = DigestOf(request);
    std::unique_lock lock(mutex);
    answered.wait(lock, [&] { return in_flight < 1000; });
    ++in_flight;
    lock.unlock();
    store.Commit(std::move(request), [&](const CommitResult& result) {
      MERIDIAN_CHECK(result.outcome == CommitOutcome::kDurable);
      std::lock_guard guard(mutex);
      --in_flight;
      answered.notify_all();
    });
  }
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return in_flight == 0; });
  return static_cast<double>(bytes) / static_cast<double>(kContactsPerEntry * kEventsPerContact);
}

void MakeTopics(const Options& options, const RegionCode& region) {
  auto admin = kafka::TopicAdmin::Make({.brokers = options.brokers});
  MERIDIAN_CHECK(admin.ok());
  const absl::Status made = (*admin)->Create({KafkaTopicOf(region, event::v1::TOPIC_CONTACT), kPartitions, 1, {}});
  MERIDIAN_CHECK(made.ok());
}

Measured CatchUp(const Options& options, const RegionCode& region, SqliteStore& store) {
  const SystemMonotonicClock monotonic;
  const SystemWallClock wall;
  Metrics metrics;
  auto log = Log::Open({.service = "relay_benchmark", .level = LogLevel::kWarning});
  MERIDIAN_CHECK(log.ok());
  return Measure(options.events, [&] {
    RelayOptions relay_options;
    relay_options.region = *RegionCode::Parse("local");
    relay_options.kafka.brokers = options.brokers;
    relay_options.linger = kLinger;
    RelayService relay(relay_options, {.event_log = &store,
                                       .leases = &store.leases(),
                                       .monotonic = &monotonic,
                                       .wall = &wall,
                                       .metrics = &metrics,
                                       .log = log->get()});
    relay.Start();
    const Counter published =
        metrics.MakeCounter("meridian_relay_published_events_total", "", {{"shard", "0"}, {"topic", "contact"}});
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock(mutex);
    while (published.value() < options.events) never.wait_for(lock, std::chrono::milliseconds(2));
  });
}

Measured BareProducer(const Options& options, const RegionCode& region, size_t record_bytes) {
  char why[256];
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, std::string>>{
           {"bootstrap.servers", options.brokers},
           {"enable.idempotence", "true"},
           {"linger.ms", std::to_string(kLinger.ToMilliseconds())},
           {"queue.buffering.max.messages", "10000000"}}) {
    MERIDIAN_CHECK(rd_kafka_conf_set(conf, name, value.c_str(), why, sizeof(why)) == RD_KAFKA_CONF_OK);
  }
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
  MERIDIAN_CHECK(client != nullptr);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client, KafkaTopicOf(region, event::v1::TOPIC_CONTACT).c_str(), nullptr);
  const std::string value(record_bytes, 'v');
  const std::string key(40, 'k');
  const Measured measured = Measure(options.events, [&] {
    for (uint64_t i = 0; i < options.events; ++i) {
      const int sent = rd_kafka_produce(topic, static_cast<int32_t>(i % kPartitions), RD_KAFKA_MSG_F_COPY,
                                        const_cast<char*>(value.data()), value.size(), key.data(), key.size(), nullptr);
      MERIDIAN_CHECK(sent == 0);
    }
    MERIDIAN_CHECK(rd_kafka_flush(client, 300'000) == RD_KAFKA_RESP_ERR_NO_ERROR);
  });
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return measured;
}

void Run(const Options& options, uint64_t number) {
  const RegionCode region = *RegionCode::Parse("run" + std::to_string(number));
  const RegionCode bare_region = *RegionCode::Parse("bare" + std::to_string(number));
  MakeTopics(options, region);
  MakeTopics(options, bare_region);
  const SystemMonotonicClock monotonic;
  const SystemWallClock wall;
  const testing::TemporaryFolder folder;
  SqliteOptions store_options;
  store_options.path = folder.path() + "/meridian.db";
  store_options.wall = &wall;
  store_options.monotonic = &monotonic;
  auto store = SqliteStore::Open(std::move(store_options));
  MERIDIAN_CHECK(store.ok());
  const double record_bytes = FillLog(**store, region, options.events);
  const Measured bare = BareProducer(options, bare_region, static_cast<size_t>(record_bytes));
  const Measured relay = CatchUp(options, region, **store);
  const auto rate = [&](const Measured& measured) { return static_cast<double>(options.events) / measured.seconds; };
  std::printf(
      "{\"record_bytes\":%.0f,\"relay_per_s\":%.0f,\"relay_cpu_us\":%.1f,\"bare_per_s\":%.0f,\"bare_cpu_us\":%.1f}\n",
      record_bytes, rate(relay), relay.cpu_us_per_event, rate(bare), bare.cpu_us_per_event);
  std::fflush(stdout);
}

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) {
  meridian::Options options;
  meridian::CommandLine line("relay_benchmark", "How fast the relay catches up");
  line.Bind("--brokers", &options.brokers, "HOST:PORT of Kafka");
  line.Require();
  line.Bind("--events", &options.events, "In the log, a multiple of 32");
  line.Bind("--runs", &options.runs, "One after the other");
  const absl::Status parsed = line.Parse(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "%s\n", std::string(parsed.message()).c_str());
    return 2;
  }
  for (uint64_t run = 1; run <= options.runs; ++run) meridian::Run(options, run);
  return 0;
}
