// Refusals by the loop: a status with a machine-readable reason (and the shard's time where a client's clock is at
// fault), carried as payloads so that the edge can map them to google.rpc.ErrorInfo. Values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace meridian {

namespace refusal {
// Nothing was done and the same request may be sent again, later or elsewhere.
inline constexpr std::string_view kMailboxFull = "MAILBOX_FULL";      // RESOURCE_EXHAUSTED
inline constexpr std::string_view kAnswersFull = "ANSWERS_FULL";      // RESOURCE_EXHAUSTED: too many request ids kept
inline constexpr std::string_view kNoSpace = "NO_SPACE";              // RESOURCE_EXHAUSTED
inline constexpr std::string_view kReadOnly = "READ_ONLY";            // UNAVAILABLE
inline constexpr std::string_view kStoreFailed = "STORE_FAILED";      // UNAVAILABLE: it can open no term, read nothing
inline constexpr std::string_view kShardReloaded = "SHARD_RELOADED";  // UNAVAILABLE: its commit was refused
inline constexpr std::string_view kShuttingDown = "SHUTTING_DOWN";    // UNAVAILABLE
inline constexpr std::string_view kLoadFailed = "LOAD_FAILED";        // UNAVAILABLE: stored records cannot be read
inline constexpr std::string_view kDeadlinePassed = "DEADLINE_PASSED";  // DEADLINE_EXCEEDED, before its turn came
// The owner changed or was not heard of: what became of the request is not known; send it again with the same id.
inline constexpr std::string_view kNotOwner = "NOT_OWNER";  // UNAVAILABLE
// The request id, see answer_table.h. These carry the shard's time. FAILED_PRECONDITION, INVALID_ARGUMENT.
inline constexpr std::string_view kRequestTooOld = "REQUEST_TOO_OLD";
inline constexpr std::string_view kRequestFromFuture = "REQUEST_FROM_FUTURE";
inline constexpr std::string_view kRequestIdReused = "REQUEST_ID_REUSED";
inline constexpr std::string_view kRequestIdInvalid = "REQUEST_ID_INVALID";
}  // namespace refusal

absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message);
absl::Status MakeRefusal(absl::StatusCode code, std::string_view reason, std::string_view message, Instant shard_time);

// NOT_OWNER for a request that was not taken, since the shard is not served here: it may be sent to whoever serves it,
// "host:port" in the metadata `owner`, empty where that is not known.
absl::Status NotServedHere(const std::string& owner = {});

// DEADLINE_PASSED.
absl::Status DeadlinePassed();

// The reason given to MakeRefusal; empty when the status carries none.
std::string ReasonOf(const absl::Status& status);
std::optional<Instant> ShardTimeOf(const absl::Status& status);
// The loop did not take the request, or dropped it with its batch: it is to be sent again.
inline bool WasDropped(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kResourceExhausted;
}

}  // namespace meridian
