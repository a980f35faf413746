#include "libs/rpc/error.h"

#include <charconv>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/error/quota_error.h"
#include "libs/error/status_code.h"
#include "meridian/type/v1/envelope.pb.h"
#include "nlohmann/json.hpp"

namespace meridian::rpc {
namespace {

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown;
}

int64_t NumberIn(const ErrorMetadata& metadata, std::string_view key) {
  const auto found = metadata.find(std::string(key));
  if (found == metadata.end()) return 0;
  int64_t number = 0;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

void AddQuotaFailure(const absl::Status& status, const ErrorMetadata& metadata, google::rpc::Status* out) {
  const auto quota = metadata.find(std::string(kQuotaMetadata));
  if (quota == metadata.end()) return;
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  violation->set_subject("tenant");
  violation->set_description(ShownMessage(status));
  violation->set_quota_metric(quota->second);
  violation->set_quota_value(NumberIn(metadata, kLimitMetadata));
  out->add_details()->PackFrom(failure);
}

void AddRetryInfo(const ErrorMetadata& metadata, google::rpc::Status* out) {
  const int64_t milliseconds = NumberIn(metadata, kRetryAfterMetadata);
  if (milliseconds <= 0) return;
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(milliseconds / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(milliseconds % 1000 * 1'000'000));
  out->add_details()->PackFrom(retry);
}

}  // namespace

std::string ShownReason(const absl::Status& status) {
  std::string reason = ErrorReason(status);
  return reason.empty() ? std::string(DefaultReason(status.code())) : reason;
}

std::string ShownMessage(const absl::Status& status) {
  return IsOurFault(status.code()) ? "internal error" : std::string(status.message());
}

void ToRpcStatus(const absl::Status& status, google::rpc::Status* out) {
  out->set_code(static_cast<int>(KnownCode(status.code())));
  out->set_message(ShownMessage(status));
  if (status.ok()) return;
  google::rpc::ErrorInfo info;
  info.set_reason(ShownReason(status));
  info.set_domain(std::string(kErrorDomain));
  const ErrorMetadata metadata = ErrorMetadataOf(status);
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  out->add_details()->PackFrom(info);
  google::rpc::BadRequest bad_request;
  for (const FieldViolation& violation : FieldViolations(status)) {
    auto* field = bad_request.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.rule);
  }
  if (bad_request.field_violations_size() > 0) out->add_details()->PackFrom(bad_request);
  AddQuotaFailure(status, metadata, out);
  AddRetryInfo(metadata, out);
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  const absl::StatusCode code = KnownCode(static_cast<absl::StatusCode>(status.code()));
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest bad_request;
  for (const auto& detail : status.details()) {
    if (detail.Is<google::rpc::ErrorInfo>()) detail.UnpackTo(&info);
    if (detail.Is<google::rpc::BadRequest>()) detail.UnpackTo(&bad_request);
  }
  absl::Status result =
      MakeError(code, info.reason(), status.message(), ErrorMetadata(info.metadata().begin(), info.metadata().end()));
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
  out->set_shard_time_ms(NumberIn(ErrorMetadataOf(status), kShardTimeMetadata));
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
