// Looks at the topics of a Kafka cluster and creates them. Every call waits for the cluster: for tools, not for
// services. One thread at a time.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/kafka/connection.h"

namespace meridian::kafka {

struct Topic {
  std::string name;
  int32_t partitions = 1;
  int32_t replication = 1;
  std::map<std::string, std::string> config;  // such as retention.ms
};

class TopicAdmin {
 public:
  static absl::StatusOr<std::unique_ptr<TopicAdmin>> Make(const Connection& connection);
  ~TopicAdmin();

  // nullopt where there is none of the name. `config` holds those of `config_names`; replication is the lowest of the
  // topic's partitions. UNAVAILABLE when no broker answers within 10 s.
  absl::StatusOr<std::vector<std::optional<Topic>>> Describe(const std::vector<std::string>& names,
                                                             const std::vector<std::string>& config_names);
  // OK when the brokers show it. ALREADY_EXISTS; INVALID_ARGUMENT with the broker's reason, such as too few brokers for
  // the replication.
  absl::Status Create(const Topic& topic);

 private:
  explicit TopicAdmin(rd_kafka_t* client);

  absl::Status AwaitVisible(const std::string& name);
  absl::Status ReadConfig(Topic& topic, const std::vector<std::string>& names);
  struct DestroyEvent {
    void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  };
  using Event = std::unique_ptr<rd_kafka_event_t, DestroyEvent>;
  // The answer to the admin call that was just made.
  absl::StatusOr<Event> Await();

  rd_kafka_t* const client_;
  rd_kafka_queue_t* const queue_;
};

}  // namespace meridian::kafka
