// Failures at the edge: a status made by libs/error/error.h in the forms in which it leaves a process. What belongs to
// its code (HTTP status, default reason) is in libs/error/status_code.h. A status of kInternal or kUnknown leaves as
// "internal error": its message is for our own logs (see CallObserver). Any thread. gRPC's form is in
// libs/rpc/grpc_status.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/error/error.h"

namespace google::rpc {
class Status;
}
namespace meridian::type::v1 {
class Error;
}

namespace meridian::rpc {

inline constexpr std::string_view kErrorDomain = "meridian";
// Metadata of REQUEST_TOO_OLD and REQUEST_FROM_FUTURE: the shard's time in Unix milliseconds.
inline constexpr std::string_view kShardTimeMetadata = "shard_time_ms";

// The reason that is shown: the status' own, or its code's default.
std::string ShownReason(const absl::Status& status);
std::string ShownMessage(const absl::Status& status);

// google.rpc.Status with ErrorInfo{reason, domain, metadata} and, where there are violations, BadRequest; and back.
void ToRpcStatus(const absl::Status& status, google::rpc::Status* out);
absl::Status FromRpcStatus(const google::rpc::Status& status);

// The error inside a stream's frame.
void ToErrorMessage(const absl::Status& status, type::v1::Error* out);
// {"code":…,"reason":…,"message":…,"violations":[{"field":…,"rule":…}],"metadata":{…}}: body of a failed HTTP request.
std::string ToErrorJson(const absl::Status& status);

}  // namespace meridian::rpc
