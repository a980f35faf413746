#include "libs/error/status_code.h"

#include <iterator>

namespace meridian {
namespace {

struct Row {
  absl::StatusCode code;
  std::string_view name;
  int http;
  std::string_view default_reason;
};

// Numbers are those of google.rpc.Code, and so of absl and of gRPC.
constexpr Row kTable[] = {
    {absl::StatusCode::kOk, "OK", 200, ""},
    {absl::StatusCode::kCancelled, "CANCELLED", 499, "CANCELLED"},
    {absl::StatusCode::kUnknown, "UNKNOWN", 500, "INTERNAL"},
    {absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT", 400, "INVALID_REQUEST"},
    {absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504, "DEADLINE_EXCEEDED"},
    {absl::StatusCode::kNotFound, "NOT_FOUND", 404, "NOT_FOUND"},
    {absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", 409, "ALREADY_EXISTS"},
    {absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", 403, "PERMISSION_DENIED"},
    {absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 429, "OVERLOADED"},
    {absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", 409, "FAILED_PRECONDITION"},
    {absl::StatusCode::kAborted, "ABORTED", 409, "ABORTED"},
    {absl::StatusCode::kOutOfRange, "OUT_OF_RANGE", 416, "OUT_OF_RANGE"},
    {absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", 501, "UNIMPLEMENTED"},
    {absl::StatusCode::kInternal, "INTERNAL", 500, "INTERNAL"},
    {absl::StatusCode::kUnavailable, "UNAVAILABLE", 503, "UNAVAILABLE"},
    {absl::StatusCode::kDataLoss, "DATA_LOSS", 500, "DATA_LOSS"},
    {absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", 401, "TOKEN_INVALID"},
};

const Row& RowOf(absl::StatusCode code) {
  auto index = static_cast<size_t>(code);
  return index < std::size(kTable) ? kTable[index] : kTable[static_cast<size_t>(absl::StatusCode::kUnknown)];
}

}  // namespace

absl::StatusCode KnownCode(absl::StatusCode code) { return RowOf(code).code; }

std::string_view CodeName(absl::StatusCode code) { return RowOf(code).name; }

int HttpStatusOf(absl::StatusCode code) { return RowOf(code).http; }

std::string_view DefaultReason(absl::StatusCode code) { return RowOf(code).default_reason; }

}  // namespace meridian
