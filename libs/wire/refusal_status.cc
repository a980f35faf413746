#include "libs/wire/refusal_status.h"

#include "absl/strings/ascii.h"
#include "libs/error/error.h"

namespace meridian {
namespace {

absl::StatusCode CodeOf(Refusal refusal) {
  switch (refusal) {
    case Refusal::kInvalidConfig:
    case Refusal::kUnknownChannel:
    case Refusal::kInvalidContact:
      return absl::StatusCode::kInvalidArgument;
    case Refusal::kUnknownContact:
    case Refusal::kUnknownAgent:
      return absl::StatusCode::kNotFound;
    case Refusal::kContactIdReused:
      return absl::StatusCode::kAlreadyExists;
    case Refusal::kStaleRevision:
    case Refusal::kStaleSession:
      return absl::StatusCode::kAborted;
    case Refusal::kQueueFull:
    case Refusal::kEventLogFull:
    case Refusal::kQuotaExceeded:
      return absl::StatusCode::kResourceExhausted;
    case Refusal::kNotSupported:
      return absl::StatusCode::kUnimplemented;
    case Refusal::kNone:
    case Refusal::kNoConfiguration:
    case Refusal::kNoRule:
    case Refusal::kQueueClosed:
    case Refusal::kStaleAttachment:
    case Refusal::kNotAttached:
    case Refusal::kStaleToken:
    case Refusal::kWrongState:
    case Refusal::kNoNextStep:
      return absl::StatusCode::kFailedPrecondition;
  }
  return absl::StatusCode::kFailedPrecondition;
}

}  // namespace

std::string ReasonName(Refusal refusal) {
  std::string_view name = ToString(refusal);
  return absl::AsciiStrToUpper(absl::string_view(name.data(), name.size()));
}

absl::Status StatusOf(const Answer& answer) {
  if (answer.ok()) return absl::OkStatus();
  return MakeError(CodeOf(answer.refusal), ReasonName(answer.refusal), answer.text);
}

}  // namespace meridian
