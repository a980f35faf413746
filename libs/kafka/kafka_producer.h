// RecordProducer over librdkafka: idempotent, acks=all, no time limit of its own, no gaps. One thread of ours serves
// librdkafka's callbacks.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/time.h"
#include "libs/kafka/connection.h"
#include "libs/kafka/record_producer.h"

namespace meridian::kafka {

struct ProducerOptions {
  Connection connection;
  // How long a record may wait for others to be sent with it.
  Duration linger = Duration::Milliseconds(5);
  // No broker could be reached, and one could again; on the producer's thread, must not block. Never twice the same;
  // at first they count as reachable.
  std::function<void(bool reachable)> on_reachable;
};

class KafkaProducer final : public RecordProducer {
 public:
  // INVALID_ARGUMENT for options that librdkafka refuses. Connects later, by itself.
  static absl::StatusOr<std::unique_ptr<KafkaProducer>> Make(ProducerOptions options);
  ~KafkaProducer() override;

  void Publish(std::vector<KafkaRecord> records, Done done) override;

 private:
  struct Batch;
  struct Message;

  explicit KafkaProducer(ProducerOptions options) : options_(std::move(options)) {}

  absl::Status Open();
  rd_kafka_topic_t* TopicOf(const std::string& name);
  rd_kafka_resp_err_t Produce(const KafkaRecord& record, Message* message);
  void Serve();
  void Probe();
  void SetReachable(bool reachable);
  // From now on nothing is taken, and what is queued goes back.
  void Fail();

  static int32_t ChoosePartition(const rd_kafka_topic_t* topic, const void* key, size_t key_size, int32_t partitions,
                                 void* topic_opaque, void* message);
  static void OnDelivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* self);
  static void OnError(rd_kafka_t* client, int error, const char* reason, void* self);

  const ProducerOptions options_;
  rd_kafka_t* client_ = nullptr;
  std::mutex mutex_;
  std::map<std::string, rd_kafka_topic_t*> topics_;  // under mutex_
  std::atomic<bool> failed_{false};
  std::atomic<bool> closing_{false};
  bool reachable_ = true;  // the producer's thread
  std::thread thread_;
};

}  // namespace meridian::kafka
