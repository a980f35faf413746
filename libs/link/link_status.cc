#include "libs/link/link_status.h"

#include <algorithm>
#include <string>

#include "absl/strings/cord.h"
#include "libs/error/error.h"

namespace meridian {
namespace {

constexpr char kLinkBroken[] = "LINK_BROKEN";
constexpr char kUnsent[] = "unsent";

}  // namespace

void ToLink(const absl::Status& status, internal::link::v1::Status* out) {
  out->set_code(static_cast<uint32_t>(status.code()));
  out->set_message(std::string(status.message().data(), status.message().size()));
  status.ForEachPayload([out](absl::string_view url, const absl::Cord& value) {
    auto* payload = out->add_payloads();
    payload->set_url(std::string(url.data(), url.size()));
    payload->set_value(std::string(value));
  });
}

absl::Status FromLink(const internal::link::v1::Status& proto) {
  constexpr auto kLast = static_cast<uint32_t>(absl::StatusCode::kUnauthenticated);
  const bool known = proto.code() > 0 && proto.code() <= kLast;
  absl::Status status(known ? static_cast<absl::StatusCode>(proto.code()) : absl::StatusCode::kInternal,
                      proto.message());
  for (const auto& payload : proto.payloads()) status.SetPayload(payload.url(), absl::Cord(payload.value()));
  // What that process could not send on, it had taken.
  if (WasNotSent(status)) return LinkBroken("asked by the one that was called");
  return status;
}

absl::Status LinkBroken(std::string_view why, bool unsent) {
  ErrorMetadata metadata;
  if (unsent) metadata.emplace(kUnsent, "true");
  return MakeError(absl::StatusCode::kUnavailable, kLinkBroken, "no connection to another service: " + std::string(why),
                   metadata);
}

bool WasNotSent(const absl::Status& status) {
  return absl::IsUnavailable(status) && ErrorReason(status) == kLinkBroken && ErrorMetadataOf(status).contains(kUnsent);
}

}  // namespace meridian
