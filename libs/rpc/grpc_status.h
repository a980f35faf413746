// absl::Status to grpc::Status with google.rpc.Status in `grpc-status-details-bin`, and back. Includes gRPC: only for
// the few files that speak to it directly.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace meridian::rpc {

grpc::Status ToGrpcStatus(const absl::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace meridian::rpc
