// The session's and routing's refusals as statuses with machine-readable reasons. Pure functions, any thread.
#pragma once

#include "absl/status/status.h"
#include "libs/conversation/answer.h"
#include "services/session/session_program.h"

namespace meridian {

absl::Status ToStatus(const conversation::Refusal& refusal);
// OK for a contact that is acknowledged or still pending; else why it was not queued.
absl::Status ToStatus(const conversation::ContactStanding& standing);

absl::Status ConversationNotFound();
// The agent has no current grant (RefusalCode::kNoGrant).
bool IsNoGrant(const absl::Status& status);

// The answer that a command of this kind gets, or the status it failed with.
template <typename T>
absl::StatusOr<T> Expect(SessionAnswer&& answer) {
  if (!answer.result.ok()) return answer.result.status();
  if (const auto* refusal = std::get_if<conversation::Refusal>(&*answer.result)) return ToStatus(*refusal);
  return std::get<T>(*std::move(answer.result));
}

}  // namespace meridian
