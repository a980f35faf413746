#include "libs/rpc/error.h"

#include <charconv>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "meridian/type/v1/envelope.pb.h"
#include "nlohmann/json.hpp"

namespace meridian::rpc {
namespace {

struct Row {
  absl::StatusCode code;
  std::string_view name;
  int http;
  std::string_view default_reason;
};

// The one table: numbers are those of google.rpc.Code, and so of absl and of gRPC.
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

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown;
}

}  // namespace

std::string_view CodeName(absl::StatusCode code) { return RowOf(code).name; }

int HttpStatus(const absl::Status& status) { return RowOf(status.code()).http; }

std::string ShownReason(const absl::Status& status) {
  std::string reason = ErrorReason(status);
  return reason.empty() ? std::string(RowOf(status.code()).default_reason) : reason;
}

std::string ShownMessage(const absl::Status& status) {
  return IsOurFault(status.code()) ? "internal error" : std::string(status.message());
}

void ToRpcStatus(const absl::Status& status, google::rpc::Status* out) {
  out->set_code(static_cast<int>(RowOf(status.code()).code));
  out->set_message(ShownMessage(status));
  if (status.ok()) return;
  google::rpc::ErrorInfo info;
  info.set_reason(ShownReason(status));
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : ErrorMetadataOf(status)) (*info.mutable_metadata())[key] = value;
  out->add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : FieldViolations(status)) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.rule);
  }
  if (bad_request.field_violations_size() > 0) out->add_details()->PackFrom(bad_request);
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  auto code = static_cast<absl::StatusCode>(status.code());
  if (RowOf(code).code == absl::StatusCode::kOk) return absl::OkStatus();
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  for (const auto& detail : status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
    if (detail.Is<google::rpc::BadRequest>()) detail.UnpackTo(&bad_request);
  }
  absl::Status result = MakeError(RowOf(code).code, info.reason(), status.message(),
                                  ErrorMetadata(info.metadata().begin(), info.metadata().end()));
  std::vector<FieldViolation> violations;
  for (const auto& field : bad_request.field_violations()) violations.push_back({field.field(), field.description()});
  return violations.empty() ? result : WithFieldViolations(std::move(result), violations);
}

void ToErrorMessage(const absl::Status& status, type::v1::Error* out) {
  out->set_code(std::string(CodeName(status.code())));
  out->set_reason(ShownReason(status));
  out->set_message(ShownMessage(status));
  for (const FieldViolation& violation : FieldViolations(status)) {
    auto* added = out->add_violations();
    added->set_field(violation.field);
    added->set_rule(violation.rule);
  }
  ErrorMetadata metadata = ErrorMetadataOf(status);
  auto shard_time = metadata.find(std::string(kShardTimeMetadata));
  if (shard_time == metadata.end()) return;
  int64_t milliseconds = 0;
  const std::string& text = shard_time->second;
  std::from_chars(text.data(), text.data() + text.size(), milliseconds);
  out->set_shard_time_ms(milliseconds);
}

std::string ToErrorJson(const absl::Status& status) {
  nlohmann::ordered_json body;
  body["code"] = CodeName(status.code());
  body["reason"] = ShownReason(status);
  body["message"] = ShownMessage(status);
  for (const FieldViolation& violation : FieldViolations(status)) {
    body["violations"].push_back({{"field", violation.field}, {"rule", violation.rule}});
  }
  for (const auto& [key, value] : ErrorMetadataOf(status)) body["metadata"][key] = value;
  return body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace meridian::rpc
