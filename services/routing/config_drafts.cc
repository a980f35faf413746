// The configurations of a routing shard's program: drafts in pieces, and their publication.
#include <algorithm>
#include <utility>

#include "services/routing/config_snapshot.h"
#include "services/routing/routing_program.h"

namespace meridian {
namespace {

constexpr size_t kDraftsPerTenant = 2;

}  // namespace

RoutingAnswer RoutingProgram::ApplyTo(Tenant& tenant, StageConfig stage) {
  const auto [found, added] = tenant.drafts.try_emplace(stage.chunk.draft);
  Draft& draft = found->second;
  if (added) {
    draft.count = stage.content.count;
    draft.order = ++tenant.drafts_begun;
  }
  draft.staged.insert(stage.chunk.index);
  Put(ConfigChunkKey(tenant.id, stage.chunk), EncodeRecord(stage.content));
  if (tenant.drafts.size() > kDraftsPerTenant) {
    const auto oldest = std::min_element(tenant.drafts.begin(), tenant.drafts.end(),
                                         [](const auto& a, const auto& b) { return a.second.order < b.second.order; });
    DropDraft(tenant, Uuid(oldest->first));
  }
  RoutingAnswer answer;
  answer.outcome = ConfigOutcome::kStaged;
  return answer;
}

RoutingAnswer RoutingProgram::InForce(const Tenant& tenant, ConfigOutcome outcome) const {
  RoutingAnswer answer;
  answer.outcome = outcome;
  if (tenant.heads.empty()) return answer;
  answer.revision = tenant.heads.rbegin()->first;
  answer.digest = tenant.heads.rbegin()->second.digest;
  return answer;
}

RoutingAnswer RoutingProgram::ApplyTo(Tenant& tenant, PublishDraft publish, Instant now) {
  const RoutingAnswer current = InForce(tenant, ConfigOutcome::kNone);
  const bool equal = current.revision != 0 && current.digest == publish.digest;
  const auto draft = tenant.drafts.find(publish.draft);
  const size_t staged = draft == tenant.drafts.end() ? 0 : draft->second.staged.size();
  if (!publish.expected_etag.empty() && (current.revision == 0 || EtagOf(current.digest) != publish.expected_etag)) {
    DropDraft(tenant, publish.draft);
    return InForce(tenant, ConfigOutcome::kEtagMismatch);
  }
  if (equal != publish.renewal) {
    DropDraft(tenant, publish.draft);
    return InForce(tenant, ConfigOutcome::kUnchanged);
  }
  if (staged + 1 != publish.last.count) {
    DropDraft(tenant, publish.draft);
    return InForce(tenant, ConfigOutcome::kDraftGone);
  }

  const uint64_t revision = tenant.engine.config_revision() + 1;
  PublishConfig command{publish.config->config, ShortDigestOf(publish.digest)};
  command.config.revision = revision;
  RoutingAnswer answer;
  answer.answer = tenant.engine.Apply({publish.origin, std::move(command)}, now);
  if (!answer.answer.ok()) {
    DropDraft(tenant, publish.draft);
    Gather(tenant);
    return answer;
  }
  tenant.drafts.erase(publish.draft);
  Put(ConfigChunkKey(tenant.id, {publish.draft, publish.last.count - 1}), EncodeRecord(publish.last));
  tenant.heads[revision] = {.revision = revision,
                            .draft = publish.draft,
                            .chunks = publish.last.count,
                            .digest = publish.digest,
                            .published_at = now,
                            .zones_made_at = publish.zones_made_at};
  admin::v1::TenantConfig config = publish.config->proto;
  config.set_revision(revision);
  SetConfig(tenant, std::move(config));
  tenant.zones_due = publish.zones_made_at + kZoneTablesRenewedAfter;
  messages_.push_back(ConfigInForce{tenant.id, tenant.snapshot});
  Gather(tenant);
  return InForce(tenant, ConfigOutcome::kPublished);
}

void RoutingProgram::SetConfig(Tenant& tenant, admin::v1::TenantConfig config) {
  tenant.config = std::make_shared<const std::string>(config.SerializeAsString());
  tenant.snapshot = SnapshotOf(std::move(config));
}

void RoutingProgram::DropDraft(Tenant& tenant, const Uuid& draft) {
  const auto found = tenant.drafts.find(draft);
  if (found == tenant.drafts.end()) return;
  for (const uint32_t index : found->second.staged) doomed_.push_back(ConfigChunkKey(tenant.id, {draft, index}));
  tenant.drafts.erase(found);
}

void RoutingProgram::DropChunks(const Tenant& tenant, const Uuid& draft, uint32_t count) {
  for (uint32_t index = 0; index < count; ++index) doomed_.push_back(ConfigChunkKey(tenant.id, {draft, index}));
}

}  // namespace meridian
