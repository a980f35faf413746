#include "libs/runtime/refusal.h"

#include <cstdlib>

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"

namespace meridian {
namespace {

constexpr char kReasonPayload[] = "meridian/reason";
constexpr char kShardTimePayload[] = "meridian/shard_time_ns";

}  // namespace

absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message) {
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kReasonPayload, absl::Cord(absl::string_view(reason.data(), reason.size())));
  return status;
}

absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message, Instant shard_time) {
  absl::Status status = MakeRefusal(code, reason, message);
  status.SetPayload(kShardTimePayload, absl::Cord(std::to_string(shard_time.ns)));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  auto payload = status.GetPayload(kReasonPayload);
  return payload ? std::string(*payload) : std::string();
}

std::optional<Instant> ShardTimeOf(const absl::Status& status) {
  auto payload = status.GetPayload(kShardTimePayload);
  if (!payload) return std::nullopt;
  return Instant{std::strtoll(std::string(*payload).c_str(), nullptr, 10)};
}

}  // namespace meridian
