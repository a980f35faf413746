#include "libs/kafka/topic_admin.h"

#include <algorithm>

#include "libs/base/status_macros.h"

namespace meridian::kafka {
namespace {

constexpr int kPatienceMs = 10'000;
constexpr int kLookMs = 100;

absl::Status StatusOfTopic(rd_kafka_resp_err_t error, const char* reason, const std::string& name) {
  const absl::Status status = StatusOf(error, name);
  return reason == nullptr ? status : absl::Status(status.code(), name + ": " + reason);
}

}  // namespace

TopicAdmin::TopicAdmin(rd_kafka_t* client) : client_(client), queue_(rd_kafka_queue_new(client)) {}

TopicAdmin::~TopicAdmin() {
  rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy(client_);
}

absl::StatusOr<std::unique_ptr<TopicAdmin>> TopicAdmin::Make(const Connection& connection) {
  MERIDIAN_ASSIGN_OR_RETURN(ConfHandle conf, MakeConf(connection, {}));
  char why[256];
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why, sizeof(why));
  if (client == nullptr) return absl::InvalidArgumentError(why);
  conf.release();  // the client's now
  return std::unique_ptr<TopicAdmin>(new TopicAdmin(client));
}

absl::StatusOr<std::vector<std::optional<Topic>>> TopicAdmin::Describe(const std::vector<std::string>& names,
                                                                       const std::vector<std::string>& config_names) {
  const rd_kafka_metadata_t* metadata = nullptr;
  MERIDIAN_RETURN_IF_ERROR(
      StatusOf(rd_kafka_metadata(client_, 1, nullptr, &metadata, kPatienceMs), "no broker answers"));
  std::map<std::string, Topic> found;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic& seen = metadata->topics[i];
    Topic topic{.name = seen.topic, .partitions = seen.partition_cnt, .replication = INT32_MAX};
    for (int p = 0; p < seen.partition_cnt; ++p) {
      topic.replication = std::min(topic.replication, seen.partitions[p].replica_cnt);
    }
    if (seen.err == RD_KAFKA_RESP_ERR_NO_ERROR) found[topic.name] = std::move(topic);
  }
  rd_kafka_metadata_destroy(metadata);

  std::vector<std::optional<Topic>> topics;
  for (const std::string& name : names) {
    const auto of_name = found.find(name);
    if (of_name == found.end()) {
      topics.push_back(std::nullopt);
      continue;
    }
    if (!config_names.empty()) MERIDIAN_RETURN_IF_ERROR(ReadConfig(of_name->second, config_names));
    topics.push_back(of_name->second);
  }
  return topics;
}

absl::StatusOr<TopicAdmin::Event> TopicAdmin::Await() {
  Event event(rd_kafka_queue_poll(queue_, kPatienceMs));
  if (event == nullptr) return absl::UnavailableError("the brokers did not answer in time");
  MERIDIAN_RETURN_IF_ERROR(StatusOf(rd_kafka_event_error(event.get()), "the brokers refused"));
  return event;
}

absl::Status TopicAdmin::ReadConfig(Topic& topic, const std::vector<std::string>& names) {
  rd_kafka_ConfigResource_t* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str());
  rd_kafka_DescribeConfigs(client_, &resource, 1, nullptr, queue_);
  rd_kafka_ConfigResource_destroy(resource);
  MERIDIAN_ASSIGN_OR_RETURN(const Event event, Await());
  size_t count = 0;
  const rd_kafka_ConfigResource_t** described =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    MERIDIAN_RETURN_IF_ERROR(StatusOfTopic(rd_kafka_ConfigResource_error(described[i]),
                                           rd_kafka_ConfigResource_error_string(described[i]), topic.name));
    size_t entry_count = 0;
    const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(described[i], &entry_count);
    for (size_t e = 0; e < entry_count; ++e) {
      const std::string name = rd_kafka_ConfigEntry_name(entries[e]);
      const char* const value = rd_kafka_ConfigEntry_value(entries[e]);
      if (std::find(names.begin(), names.end(), name) != names.end()) topic.config[name] = value ? value : "";
    }
  }
  return absl::OkStatus();
}

absl::Status TopicAdmin::Create(const Topic& topic) {
  char why[256];
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.name.c_str(), topic.partitions, topic.replication, why, sizeof(why));
  if (wanted == nullptr) return absl::InvalidArgumentError(why);
  for (const auto& [name, value] : topic.config) rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  rd_kafka_CreateTopics(client_, &wanted, 1, nullptr, queue_);
  rd_kafka_NewTopic_destroy(wanted);
  MERIDIAN_ASSIGN_OR_RETURN(const Event event, Await());
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    MERIDIAN_RETURN_IF_ERROR(StatusOfTopic(rd_kafka_topic_result_error(results[i]),
                                           rd_kafka_topic_result_error_string(results[i]), topic.name));
  }
  return AwaitVisible(topic.name);
}

// The brokers hear of a topic a moment after it was created.
absl::Status TopicAdmin::AwaitVisible(const std::string& name) {
  for (int waited_ms = 0; waited_ms < kPatienceMs; waited_ms += kLookMs) {
    MERIDIAN_ASSIGN_OR_RETURN(const auto found, Describe({name}, {}));
    if (found[0]) return absl::OkStatus();
    rd_kafka_poll(client_, kLookMs);
  }
  return absl::UnavailableError(name + " was created, but the brokers do not show it");
}

}  // namespace meridian::kafka
