#include "libs/rpc/error.h"

#include <charconv>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "libs/error/status_code.h"
#include "meridian/type/v1/envelope.pb.h"
#include "nlohmann/json.hpp"

namespace meridian::rpc {
namespace {

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown;
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
