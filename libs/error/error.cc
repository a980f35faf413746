#include "libs/error/error.h"

#include <charconv>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "libs/base/check.h"

namespace meridian {
namespace {

constexpr char kReasonUrl[] = "meridian/reason";
constexpr char kMetadataUrl[] = "meridian/metadata";
constexpr char kViolationsUrl[] = "meridian/violations";

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// Payloads are lists of strings, each written as "<length>:<bytes>". One from another process may be anything.
void AppendString(std::string* out, std::string_view text) {
  out->append(std::to_string(text.size())).append(":").append(text);
}

std::vector<std::string> ReadStrings(const std::optional<std::string>& payload) {
  std::vector<std::string> strings;
  if (!payload) return strings;
  const char* at = payload->data();
  const char* end = at + payload->size();
  while (at < end) {
    size_t length = 0;
    const auto number = std::from_chars(at, end, length);
    if (number.ec != std::errc() || number.ptr == end) break;
    at = number.ptr + 1;
    if (length > static_cast<size_t>(end - at)) break;
    strings.emplace_back(at, length);
    at += length;
  }
  return strings;
}

std::optional<std::string> Payload(const absl::Status& status, const char* url) {
  auto cord = status.GetPayload(url);
  if (!cord) return std::nullopt;
  return std::string(*cord);
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view reason, std::string_view message,
                       const ErrorMetadata& metadata) {
  MERIDIAN_CHECK(code != absl::StatusCode::kOk);
  absl::Status status(code, View(message));
  status.SetPayload(kReasonUrl, absl::Cord(View(reason)));
  if (metadata.empty()) return status;
  std::string payload;
  for (const auto& [key, value] : metadata) {
    AppendString(&payload, key);
    AppendString(&payload, value);
  }
  status.SetPayload(kMetadataUrl, absl::Cord(payload));
  return status;
}

absl::Status FieldError(std::string_view path, std::string_view rule) {
  return FieldErrors({{std::string(path), std::string(rule)}});
}

absl::Status FieldErrors(const std::vector<FieldViolation>& violations) {
  MERIDIAN_CHECK(!violations.empty());
  const FieldViolation& first = violations.front();
  std::string message = first.field + ": " + first.rule;
  if (violations.size() > 1) message += " (and " + std::to_string(violations.size() - 1) + " more)";
  return WithFieldViolations(MakeError(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", message), violations);
}

absl::Status WithMoreFields(absl::Status first, const std::vector<FieldViolation>& more) {
  std::vector<FieldViolation> violations = FieldViolations(first);
  if (more.empty() || (!first.ok() && violations.empty())) return first;
  violations.insert(violations.end(), more.begin(), more.end());
  return FieldErrors(violations);
}

std::string ErrorReason(const absl::Status& status) { return Payload(status, kReasonUrl).value_or(""); }

ErrorMetadata ErrorMetadataOf(const absl::Status& status) {
  ErrorMetadata metadata;
  auto strings = ReadStrings(Payload(status, kMetadataUrl));
  for (size_t i = 0; i + 1 < strings.size(); i += 2) metadata[strings[i]] = strings[i + 1];
  return metadata;
}

std::vector<FieldViolation> FieldViolations(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  auto strings = ReadStrings(Payload(status, kViolationsUrl));
  for (size_t i = 0; i + 1 < strings.size(); i += 2) violations.push_back({strings[i], strings[i + 1]});
  return violations;
}

absl::Status WithFieldViolations(absl::Status status, const std::vector<FieldViolation>& violations) {
  std::string payload;
  for (const FieldViolation& violation : violations) {
    AppendString(&payload, violation.field);
    AppendString(&payload, violation.rule);
  }
  status.SetPayload(kViolationsUrl, absl::Cord(payload));
  return status;
}

}  // namespace meridian
