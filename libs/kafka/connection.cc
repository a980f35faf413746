#include "libs/kafka/connection.h"

#include <charconv>

#include "libs/base/status_macros.h"

namespace meridian::kafka {
namespace {

bool IsHostAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc() && rest == end && port > 0;
}

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::StatusCode::kOk;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return absl::StatusCode::kNotFound;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      return absl::StatusCode::kPermissionDenied;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
      return absl::StatusCode::kInvalidArgument;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE:
      return absl::StatusCode::kAborted;
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

absl::Status Check(const Connection& connection) {
  std::string_view rest = connection.brokers;
  while (true) {
    const size_t comma = rest.find(',');
    if (!IsHostAndPort(rest.substr(0, comma))) {
      return absl::InvalidArgumentError("brokers must be HOST:PORT, several separated by commas");
    }
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (connection.certificate_file.empty() != connection.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate and its key belong together");
  }
  if (connection.ca_file.empty() && !connection.key_file.empty()) {
    return absl::InvalidArgumentError("a client certificate needs the CA of the brokers");
  }
  return absl::OkStatus();
}

absl::StatusOr<ConfHandle> MakeConf(const Connection& connection,
                                    const std::vector<std::pair<std::string_view, std::string>>& settings) {
  MERIDIAN_RETURN_IF_ERROR(Check(connection));
  std::vector<std::pair<std::string_view, std::string>> all = {
      {"bootstrap.servers", connection.brokers},
      {"client.id", connection.client_id},
      {"socket.keepalive.enable", "true"},
      {"reconnect.backoff.ms", "50"},
      {"reconnect.backoff.max.ms", "1000"},
      {"retry.backoff.ms", "50"},
      {"topic.metadata.refresh.fast.interval.ms", "50"},
  };
  if (!connection.ca_file.empty()) {
    all.emplace_back("security.protocol", "ssl");
    all.emplace_back("ssl.ca.location", connection.ca_file);
  }
  if (!connection.key_file.empty()) {
    all.emplace_back("ssl.certificate.location", connection.certificate_file);
    all.emplace_back("ssl.key.location", connection.key_file);
  }
  all.insert(all.end(), settings.begin(), settings.end());
  ConfHandle conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  for (const auto& [name, value] : all) {
    char why[256];
    if (rd_kafka_conf_set(conf.get(), std::string(name).c_str(), value.c_str(), why, sizeof(why)) != RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(why);
    }
  }
  return conf;
}

absl::Status StatusOf(rd_kafka_resp_err_t error, std::string_view what) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return absl::Status(CodeOf(error), std::string(what) + ": " + rd_kafka_err2str(error));
}

}  // namespace meridian::kafka
