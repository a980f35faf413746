// How to reach a Kafka cluster, and librdkafka's handles in C++ form. Values.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace meridian::kafka {

struct Connection {
  std::string brokers;  // "HOST:PORT,HOST:PORT": to ask; the cluster names the others
  std::string client_id = "meridian";
  // PEM files; with `ca_file` the connection is TLS, with the others the client proves who it is.
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

// INVALID_ARGUMENT for what is not "HOST:PORT,…", and for a certificate without its key or without a CA.
absl::Status Check(const Connection& connection);

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using ConfHandle = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;

// librdkafka's configuration for the connection, with `settings` on top; it writes nothing to standard error.
absl::StatusOr<ConfHandle> MakeConf(const Connection& connection,
                                    const std::vector<std::pair<std::string_view, std::string>>& settings);

// As the codes of RecordProducer and TopicAdmin.
absl::Status StatusOf(rd_kafka_resp_err_t error, std::string_view what);

}  // namespace meridian::kafka
