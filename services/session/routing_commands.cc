#include "services/session/routing_commands.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return upper;
}

// Asking again would get the same.
bool IsFinal(const absl::StatusOr<Answer>& answer) {
  if (answer.ok()) return answer->refusal != Refusal::kStaleSession;  // the shard's owner asks again
  return absl::IsNotFound(answer.status()) || absl::IsInvalidArgument(answer.status());
}

}  // namespace

Command ToRoutingCommand(const conversation::EnqueueRequest& request) {
  return {request.origin, EnqueueContact{request.spec}};
}

Command ToRoutingCommand(const conversation::TellRouting& tell) {
  // Of the talk itself no event comes, so nobody is named for it.
  switch (tell.edge.kind) {
    case conversation::EdgeKind::kCustomerWaits:
      return {{{ActorRole::kCustomer, ""}, {}}, CustomerWaits{tell.contact, tell.edge.at}};
    case conversation::EdgeKind::kAgentAnswered:
      return {{{ActorRole::kAgent, ""}, {}}, AgentAnswered{tell.contact}};
    case conversation::EdgeKind::kCustomerLeft:
      return {tell.edge.origin, CustomerLeft{tell.contact, tell.edge.left}};
    case conversation::EdgeKind::kCustomerCanceled:
    case conversation::EdgeKind::kWithdrawn:
      return {tell.edge.origin, CancelContact{tell.contact, CancelBy::kCustomer}};
    case conversation::EdgeKind::kNone:
      break;
  }
  MERIDIAN_CHECK(false);
}

std::optional<conversation::EnqueueAnswered> ToEnqueueAnswered(const conversation::EnqueueRequest& request,
                                                               const absl::StatusOr<Answer>& answer) {
  if (!IsFinal(answer)) return std::nullopt;
  conversation::EnqueueAnswered answered{request.spec.id, request.request_id, std::nullopt};
  if (answer.ok()) {
    if (!answer->ok()) answered.refusal = UpperCase(ToString(answer->refusal));
    return answered;
  }
  answered.refusal = ErrorReason(answer.status());
  if (answered.refusal->empty()) answered.refusal = "INVALID_CONTACT";
  return answered;
}

bool NeedsMending(const absl::Status& status) {
  constexpr std::string_view kReasons[] = {refusal::kNoSpace, refusal::kReadOnly, refusal::kStoreFailed,
                                           refusal::kLoadFailed};
  return std::find(std::begin(kReasons), std::end(kReasons), ReasonOf(status)) != std::end(kReasons);
}

std::optional<conversation::EdgeAnswered> ToEdgeAnswered(const conversation::TellRouting& tell,
                                                         const absl::StatusOr<Answer>& answer) {
  if (!IsFinal(answer)) return std::nullopt;
  const bool wrong_state = answer.ok() && answer->refusal == Refusal::kWrongState;
  return conversation::EdgeAnswered{tell.contact, tell.edge.number, wrong_state};
}

}  // namespace meridian
