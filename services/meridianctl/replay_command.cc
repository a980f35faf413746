#include "services/meridianctl/replay_command.h"

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

// Publishes and waits for what was published.
class Replay {
 public:
  explicit Replay(std::unique_ptr<RecordProducer> producer) : producer_(std::move(producer)) {}

  void Publish(std::vector<KafkaRecord> records) {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return on_the_way_ < kMaxOnTheWay; });
    ++on_the_way_;
    lock.unlock();
    const size_t count = records.size();
    producer_->Publish(std::move(records), [this, count](absl::Status status) {
      std::lock_guard guard(mutex_);
      if (first_error_.ok()) first_error_ = std::move(status);
      if (first_error_.ok()) published_ += count;
      --on_the_way_;
      answered_.notify_all();
    });
  }
  absl::Status Finish() {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return on_the_way_ == 0; });
    return first_error_;
  }
  size_t published() const { return published_; }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  size_t on_the_way_ = 0;  // under mutex_, as all below
  size_t published_ = 0;
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
  auto producer = kafka::KafkaProducer::Make({.connection = options.kafka});
  if (!producer.ok()) return Fail(console, producer.status());
  auto client = Connect(connection, "replicator");
  if (!client.ok()) return Fail(console, client.status());

  Replay replay(*std::move(producer));
  const absl::Status read = ReadEvents(**client, request, [&](const event::v1::StreamResponse& response) {
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
