// The port through which records go to Kafka. Implementation: kafka_producer.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace meridian {

struct KafkaRecord {
  std::string topic;
  // The partition is this modulo the topic's partitions, whatever the key: records with equal hashes keep their order.
  uint64_t partition_hash = 0;
  std::string key;
  std::vector<std::pair<std::string_view, std::string>> headers;  // names: literals
  std::string value;
};

class RecordProducer {
 public:
  using Done = absl::AnyInvocable<void(absl::Status)>;

  // What was handed in and is not acknowledged may or may not be published; its `done` is called inside the destructor
  // (CANCELLED), and none after it.
  virtual ~RecordProducer() = default;

  // Queues the records in their order. `done` is called once, on a thread of the producer or inside this call, must
  // not block: OK when all in-sync replicas have all of them. Records of one partition are acknowledged in order.
  //
  // A producer that has failed once is of no more use: it publishes nothing that was handed in after what failed, so
  // that a partition never has a gap, and answers everything with an error. Errors: NOT_FOUND (no such topic),
  // PERMISSION_DENIED, INVALID_ARGUMENT (the broker will never take this record), ABORTED (fatal, such as being
  // fenced), UNAVAILABLE. A broker that is away is no error: the records wait.
  virtual void Publish(std::vector<KafkaRecord> records, Done done) = 0;
};

}  // namespace meridian
