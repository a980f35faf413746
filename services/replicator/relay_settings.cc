#include "services/replicator/relay_settings.h"

#include <future>
#include <utility>

#include "libs/base/status_macros.h"
#include "services/replicator/event_relay.h"

namespace meridian {

void RelaySettings::BindTo(CommandLine& line) {
  line.Bind("--kafka-brokers", &kafka.brokers,
            "Relay the events to this Kafka cluster: HOST:PORT, several separated by commas");
  line.Bind("--forget-relay", &forget,
            "Without --kafka-brokers: what an earlier start did not publish need not be kept for a later one");
  line.Bind("--kafka-ca", &kafka.ca_file, "PEM file of the CA of the brokers; with it the connection is TLS");
  line.Bind("--kafka-certificate", &kafka.certificate_file, "PEM file of this client's certificate");
  line.Bind("--kafka-key", &kafka.key_file, "PEM file of the certificate's key");
  line.Check([this](OptionProblems& problems) {
    CheckTlsOptions(problems, "--kafka");
    if (!IsOn()) return;
    if (forget) problems.Add("--forget-relay", "must stand without --kafka-brokers");
    if (!kafka::Check({.brokers = kafka.brokers}).ok()) {
      problems.Add("--kafka-brokers", "must be HOST:PORT, several separated by commas");
    }
  });
}

absl::Status RelaySettings::SettleFormerRelay(uint32_t shards, EventLog& event_log, Log& log) const {
  if (IsOn()) return absl::OkStatus();
  for (uint32_t number = 0; number < shards; ++number) {
    const ShardId shard{ShardKind::kRouting, number};
    std::promise<absl::StatusOr<LogState>> described;
    event_log.Describe(shard, [&](absl::StatusOr<LogState> state) { described.set_value(std::move(state)); });
    MERIDIAN_ASSIGN_OR_RETURN(const LogState state, described.get_future().get());
    if (!state.followers.contains(kRelayFollower)) continue;
    if (!forget) {
      log.Warning("events are kept for the relay of an earlier start: give --kafka-brokers or --forget-relay",
                  {{"shard", number}, {"log_bytes", state.bytes}});
      continue;
    }
    std::promise<absl::Status> removed;
    event_log.RemoveFollower(shard, kRelayFollower, [&](absl::Status status) { removed.set_value(std::move(status)); });
    MERIDIAN_RETURN_IF_ERROR(removed.get_future().get());
  }
  return absl::OkStatus();
}

}  // namespace meridian
