#include "libs/runtime/refusal.h"

#include <cstdlib>

#include "libs/error/error.h"

namespace meridian {
namespace {

constexpr char kShardTimeMetadata[] = "shard_time_ms";

}  // namespace

absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message) {
  return MakeError(code, reason, message);
}

absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message, Instant shard_time) {
  return MakeError(code, reason, message, {{kShardTimeMetadata, std::to_string(shard_time.ToUnixMilliseconds())}});
}

absl::Status DeadlinePassed() {
  return MakeRefusal(absl::StatusCode::kDeadlineExceeded, refusal::kDeadlinePassed,
                     "the caller's deadline passed before its turn came; nothing was done");
}

absl::Status NotServedHere(const std::string& owner) {
  return MakeError(absl::StatusCode::kUnavailable, refusal::kNotOwner,
                   owner.empty() ? "this process does not serve the shard" : "another process serves the shard",
                   {{"owner", owner}});
}

std::string ReasonOf(const absl::Status& status) { return ErrorReason(status); }

std::optional<Instant> ShardTimeOf(const absl::Status& status) {
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  auto found = metadata.find(kShardTimeMetadata);
  if (found == metadata.end()) return std::nullopt;
  return Instant::FromUnixMilliseconds(std::strtoll(found->second.c_str(), nullptr, 10));
}

}  // namespace meridian
