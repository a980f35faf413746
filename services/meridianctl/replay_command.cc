#include "services/meridianctl/replay_command.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "libs/error/error.h"
#include "libs/kafka/kafka_producer.h"
#include "services/meridianctl/event_commands.h"
#include "services/replicator/kafka_record.h"

namespace meridian::ctl {
namespace {

constexpr size_t kMaxOnTheWay = 20;  // responses of the stream

bool IsBefore(const event::v1::Event& event, const std::optional<Instant>& since) {
  if (!since) return false;
  return Instant{event.time().seconds() * 1'000'000'000 + event.time().nanos()} < *since;
}

// Publishes and waits for what was published, but no longer than `patience` while Kafka acknowledges nothing.
class Replay {
 public:
  Replay(const ReplayOptions& options, const Console& console) : options_(options), console_(console) {}

  absl::Status Open() {
    auto producer = kafka::KafkaProducer::Make({.connection = options_.kafka, .on_reachable = [this](bool reachable) {
                                                  std::lock_guard guard(mutex_);
                                                  reachable_ = reachable;
                                                  changed_.notify_all();
                                                }});
    if (producer.ok()) producer_ = *std::move(producer);
    return producer.status();
  }

  // False once it is of no use to go on.
  bool Publish(std::vector<KafkaRecord> records) {
    std::unique_lock lock(mutex_);
    AwaitFewer(kMaxOnTheWay, lock);
    if (!first_error_.ok()) return false;
    ++on_the_way_;
    lock.unlock();
    const size_t count = records.size();
    producer_->Publish(std::move(records), [this, count](absl::Status status) {
      std::lock_guard guard(mutex_);
      if (first_error_.ok()) first_error_ = std::move(status);
      if (first_error_.ok()) published_ += count;
      --on_the_way_;
      changed_.notify_all();
    });
    return true;
  }
  absl::Status Finish() {
    std::unique_lock lock(mutex_);
    AwaitFewer(1, lock);
    return first_error_;
  }
  size_t published() {
    std::lock_guard guard(mutex_);
    return published_;
  }

 private:
  void AwaitFewer(size_t limit, std::unique_lock<std::mutex>& lock) {
    while (on_the_way_ >= limit && first_error_.ok()) {
      const size_t before = on_the_way_;
      if (!reachable_) {
        console_.err << "waiting for Kafka: no broker of " << options_.kafka.brokers << " can be reached\n"
                     << std::flush;
      }
      const bool told = !reachable_;
      const auto moved = [&] { return on_the_way_ < before || (!reachable_ && !told); };
      if (changed_.wait_for(lock, std::chrono::nanoseconds(options_.patience.ns), moved)) continue;
      first_error_ = absl::UnavailableError("Kafka (" + options_.kafka.brokers + ") acknowledged nothing for " +
                                            std::to_string(options_.patience.ToSeconds()) + " s");
    }
  }

  const ReplayOptions& options_;
  const Console& console_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t on_the_way_ = 0;  // under mutex_, as all below
  size_t published_ = 0;
  bool reachable_ = true;
  absl::Status first_error_;
  std::unique_ptr<RecordProducer> producer_;
};

}  // namespace

int ReplayEvents(const ConnectionOptions& connection, const ReplayOptions& options, const Console& console) {
  EventsOptions wanted;
  wanted.from = options.from;
  wanted.until_now = true;
  wanted.topics = options.topics;
  event::v1::StreamRequest request;
  if (absl::Status status = ToRequest(wanted, &request); !status.ok()) return Fail(console, status);
  Replay replay(options, console);
  if (absl::Status status = replay.Open(); !status.ok()) return Fail(console, status);
  auto client = Connect(connection, "replicator");
  if (!client.ok()) return Fail(console, client.status());

  Insistence insistence(options.patience, console);
  const absl::Status read =
      ReadAllEvents(**client, request, insistence, [&](const event::v1::StreamResponse& response) {
        std::vector<KafkaRecord> records;
        for (const event::v1::Event& event : response.events()) {
          const auto region = RegionCode::Parse(event.envelope().region());
          if (region && !IsBefore(event, options.since)) records.push_back(ToKafkaRecord(*region, event));
        }
        if (!records.empty()) replay.Publish(std::move(records));
      });
  const absl::Status published = replay.Finish();
  console.out << "published " << replay.published() << " events again\n";
  if (!read.ok()) return Fail(console, read);
  return published.ok() ? kDone : Fail(console, published);
}

}  // namespace meridian::ctl
