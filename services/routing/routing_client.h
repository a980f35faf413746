// How other services reach routing. In standalone a call is posted to the shard's loop in this process; over several
// processes the same port is served by batched streams. Owned by whoever assembled routing; outlives its users.
// Any thread; `done` is called exactly once, on a thread of routing, and must not block. Every command is idempotent:
// after UNAVAILABLE send it again, with the same key.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/routing/commands.h"
#include "libs/routing/effects.h"
#include "libs/runtime/shard_program.h"
#include "meridian/admin/v1/admin_service.pb.h"

namespace meridian {

class RoutingClient {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  virtual ~RoutingClient() = default;

  // A refusal of the engine is an answer (Answer::refusal), not a failed status. `key` makes a command idempotent that
  // names no identity of its own (a token, a contact's id): the first answer is kept for five minutes.
  // UNAVAILABLE (NOT_OWNER, SHARD_RELOADED …), RESOURCE_EXHAUSTED (MAILBOX_FULL, NO_SPACE), FAILED_PRECONDITION and
  // INVALID_ARGUMENT (the request id, see libs/runtime/refusal.h), NOT_FOUND (TENANT_NOT_FOUND).
  virtual void Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
                    Done<Answer> done) = 0;

  // The admin API's calls on a tenant's shard, as the protos say. ApplyConfig assigns a new tenant to its shards.
  virtual void ApplyConfig(const TenantId& tenant, CommandOrigin origin, admin::v1::ApplyConfigRequest request,
                           Done<admin::v1::ApplyConfigResponse> done) = 0;
  virtual void GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) = 0;
  virtual void ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                          Done<admin::v1::ListAgentsResponse> done) = 0;
  virtual void ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                            Done<admin::v1::ListContactsResponse> done) = 0;
  virtual void ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                              Done<admin::v1::ExplainContactResponse> done) = 0;

  // The configuration in force, for edges that check input against it (channels, attributes, sites): a snapshot that
  // follows each publication within the call that made it durable. Of its agents it has only those with a display name,
  // and only their names; GetConfig has all. Null when nothing is published. Never blocks.
  virtual std::shared_ptr<const admin::v1::TenantConfig> ConfigSnapshot(const TenantId& tenant) const = 0;

  // Of all tenants that have one, in no order.
  virtual std::vector<std::shared_ptr<const admin::v1::TenantConfig>> ConfigSnapshots() const = 0;

  // Messages for the agents whose attachments name this gateway, in order per agent, once durable. `on_term` is called
  // when a shard began a new term: the gateway attaches again what it holds there. Both on routing's thread, must not
  // block. Ends when the registration is destroyed, after which no call comes.
  class Registration {
   public:
    virtual ~Registration() = default;
  };
  struct GatewayCallbacks {
    std::function<void(const TenantId&, GatewayMessage&&)> on_message;
    std::function<void()> on_term;
  };
  virtual std::unique_ptr<Registration> RegisterGateway(GatewayKey gateway, GatewayCallbacks callbacks) = 0;
};

}  // namespace meridian
