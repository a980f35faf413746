// "Why this agent", "why still waiting": the engine's answer about a live contact, what the log says of its past, and
// both in plain sentences.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/routing/engine.h"
#include "libs/runtime/event_log.h"
#include "libs/wire/log_entry.h"
#include "meridian/admin/v1/admin_service.pb.h"

namespace meridian {

// Empty for a contact that is not live.
struct LiveExplanation {
  std::optional<ContactExplanation> explanation;
  admin::v1::ContactStatus status;
};
// Inside a query.
LiveExplanation ExplainLive(const Engine& engine, const ContactId& contact, Instant now);

// Its public events that are still in the log, oldest first.
struct PastOfContact {
  std::vector<Event> events;
};

// Reads the shard's log from its oldest entry, up to the contact's end or the log's: as long as the log is, so for
// people only. `is_closing` ends it early, with UNAVAILABLE. `done` is called on a thread of the store.
void ReadPast(EventLog* log, ShardId shard, const TenantId& tenant, const ContactId& contact,
              std::function<bool()> is_closing, absl::AnyInvocable<void(absl::StatusOr<PastOfContact>)> done);

// NOT_FOUND (CONTACT_NOT_FOUND) when neither knows it.
absl::StatusOr<admin::v1::ExplainContactResponse> Explain(const ContactId& contact, LiveExplanation live,
                                                          PastOfContact past);

}  // namespace meridian
