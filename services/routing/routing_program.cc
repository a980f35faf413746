#include "services/routing/routing_program.h"

#include <algorithm>
#include <type_traits>

#include "libs/base/check.h"
#include "libs/runtime/refusal.h"
#include "libs/wire/field_codec.h"

namespace meridian {
namespace {

constexpr size_t kTenantsPerSlice = 16;  // opened, each with a record and three events
constexpr size_t kDeletesPerSlice = 8;
constexpr size_t kTenantHeadBytes = 192;  // of the key and the value without its sessions' terms, at most
constexpr size_t kSessionTermBytes = 24;  // at most

// What a command or slice adds beside its engine: pieces and head of a draft, deletions, heads of streams, an answer.
static_assert(kMaxRecordsPerCall + kDeletesPerSlice + 2 <= kMaxEffectRecords);
static_assert(kMaxBytesPerCall + kConfigChunkBytes + 8 * 1024 <= kMaxEffectBytes);
static_assert(4 * kTenantsPerSlice <= kMaxEffectRecords);

}  // namespace

// ---- tenants ----

RoutingProgram::Tenant& RoutingProgram::FindOrAdd(const TenantId& tenant) {
  auto& slot = tenants_[tenant];
  if (slot == nullptr) slot = std::make_unique<Tenant>(tenant, region_);
  return *slot;
}

const RoutingProgram::Tenant* RoutingProgram::Find(const TenantId& tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : found->second.get();
}

void RoutingProgram::Open(Tenant& tenant, Instant now) {
  if (tenant.open) return;
  tenant.engine.FinishLoad(term_, now);
  tenant.open = true;
  if (offers_held_) tenant.engine.HoldOffers();
  if (tenant.snapshot != nullptr) messages_.push_back(ConfigInForce{tenant.id, tenant.snapshot});
  Gather(tenant);
}

// ---- commands ----

RoutingAnswer RoutingProgram::Apply(RoutingCommand command, Instant now) {
  now_ = now;
  const bool is_draft = !std::holds_alternative<meridian::Command>(command.body);
  if (!is_draft && Find(command.tenant) == nullptr) {
    RoutingAnswer answer;
    answer.answer.refusal = Refusal::kNoConfiguration;
    answer.answer.text = "no configuration was published yet";
    return answer;
  }
  Tenant& tenant = FindOrAdd(command.tenant);
  Open(tenant, now);
  if (const auto* of_engine = std::get_if<meridian::Command>(&command.body)) {
    if (auto stale = HearSession(tenant, of_engine->session)) return *std::move(stale);
  }
  if (command.no_new_contacts && IsNewContact(tenant, command)) {
    RoutingAnswer answer;
    answer.answer.refusal = Refusal::kEventLogFull;
    answer.answer.text = "too many events wait to be published";
    return answer;
  }
  return std::visit(
      [&](auto&& body) -> RoutingAnswer {
        using Body = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<Body, StageConfig>) {
          return ApplyTo(tenant, std::move(body));
        } else {
          return ApplyTo(tenant, std::move(body), now);
        }
      },
      std::move(command.body));
}

std::optional<RoutingAnswer> RoutingProgram::HearSession(Tenant& tenant, const SessionTerm& session) {
  if (session.term == 0) return std::nullopt;
  std::vector<SessionTerm>& known = tenant.head.session_terms;
  auto place = std::lower_bound(known.begin(), known.end(), session.shard,
                                [](const SessionTerm& term, uint32_t shard) { return term.shard < shard; });
  if (place == known.end() || place->shard != session.shard) place = known.insert(place, {session.shard, 0});
  if (session.term > place->term) {
    place->term = session.term;
    most_sessions_ = std::max(most_sessions_, known.size());
    WriteHead(tenant);
  }
  if (session.term == place->term) return std::nullopt;
  RoutingAnswer answer;
  answer.answer.refusal = Refusal::kStaleSession;
  answer.answer.text = "another process has taken over the session shard";
  answer.answer.session_term = place->term;
  return answer;
}

bool RoutingProgram::IsNewContact(const Tenant& tenant, const RoutingCommand& command) {
  const auto* of_engine = std::get_if<meridian::Command>(&command.body);
  const auto* enqueue = of_engine == nullptr ? nullptr : std::get_if<EnqueueContact>(&of_engine->body);
  return enqueue != nullptr && tenant.engine.FindContact(enqueue->spec.id) == nullptr;
}

RoutingAnswer RoutingProgram::ApplyTo(Tenant& tenant, const meridian::Command& command, Instant now) {
  RoutingAnswer answer;
  if (std::holds_alternative<PublishConfig>(command.body)) {
    answer.answer.refusal = Refusal::kNotSupported;
    answer.answer.text = "a configuration is published from a draft";
    return answer;
  }
  const bool replay =
      replaying_ && offers_held_;  // once offers are made, it is for the engine to judge as anything else
  answer.answer = replay ? tenant.engine.Replay(command, now) : tenant.engine.Apply(command, now);
  Gather(tenant);
  return answer;
}

// ---- after a lost tail ----

RoutingAnswer RoutingProgram::Replay(RoutingCommand command, Instant now) {
  replaying_ = true;
  RoutingAnswer answer = Apply(std::move(command), now);
  replaying_ = false;
  return answer;
}

void RoutingProgram::EndReplayWindow(Instant) {
  offers_held_ = false;
  for (auto& [id, tenant] : tenants_) {
    if (!tenant->open) continue;
    tenant->engine.ReleaseOffers();
    SetDeadline(*tenant);
  }
}

std::optional<size_t> RoutingProgram::KeptBytes(const RoutingCommand& command) {
  constexpr size_t kAttributeBytes = 128;
  const auto* kept = std::get_if<meridian::Command>(&command.body);
  if (kept == nullptr) return std::nullopt;
  size_t bytes = sizeof(command) + kept->origin.actor.subject.size();
  if (const auto* enqueue = std::get_if<EnqueueContact>(&kept->body)) {
    bytes += enqueue->spec.attributes.items().size() * kAttributeBytes;
  }
  return bytes;
}

ReplayVerdict RoutingProgram::VerdictOf(const RoutingAnswer& answer) {
  if (answer.status.ok()) return answer.answer.ok() ? ReplayVerdict::kAcknowledged : ReplayVerdict::kRefused;
  return WasDropped(answer.status) ? ReplayVerdict::kNotApplied : ReplayVerdict::kRefused;
}

// ---- answers, stored beside the batch ----

std::string RoutingProgram::EncodeAnswer(const RoutingAnswer& answer) const {
  std::string bytes;
  FieldWriter writer(&bytes);
  writer.Number(1, answer.answer.refusal);
  writer.Text(2, answer.answer.text);
  writer.Number(3, answer.answer.repeated);
  writer.Number(4, answer.answer.contact_state ? static_cast<uint32_t>(*answer.answer.contact_state) + 1 : 0);
  writer.Number(5, answer.outcome);
  writer.Number(6, answer.revision);
  writer.Bytes(7, answer.digest);
  return bytes;
}

RoutingAnswer RoutingProgram::DecodeAnswer(std::string_view bytes) const {
  FieldReader reader(bytes);
  RoutingAnswer answer;
  uint32_t state = 0;
  reader.Number(1, answer.answer.refusal, static_cast<Refusal>(kRefusalCount - 1));
  reader.Text(2, answer.answer.text);
  reader.Number(3, answer.answer.repeated, true);
  reader.Number(4, state, uint32_t{kContactStateCount});
  reader.Number(5, answer.outcome, ConfigOutcome::kDraftGone);
  reader.Number(6, answer.revision);
  reader.Bytes(7, answer.digest);
  if (!reader.ok()) return Refuse(absl::DataLossError("a stored answer cannot be read"));
  if (state != 0) answer.answer.contact_state = static_cast<ContactState>(state - 1);
  return answer;
}

// ---- time ----

Instant RoutingProgram::NextDeadline() const {
  if (!doomed_.empty()) return {0};
  return deadlines_.empty() ? Instant::Never() : deadlines_.begin()->first;
}

// Of those that are due, the first after the one that was served last: one tenant's long work does not hold up others.
RoutingProgram::Tenant* RoutingProgram::NextDue(Instant now) {
  const TenantId* first = nullptr;
  const TenantId* next = nullptr;
  for (auto it = deadlines_.begin(); it != deadlines_.end() && it->first <= now; ++it) {
    if (first == nullptr || it->second < *first) first = &it->second;
    if (it->second > last_advanced_ && (next == nullptr || it->second < *next)) next = &it->second;
  }
  if (next == nullptr) next = first;
  return next == nullptr ? nullptr : tenants_.at(*next).get();
}

bool RoutingProgram::Advance(Instant now) {
  now_ = now;
  for (size_t i = 0; i < kDeletesPerSlice && !doomed_.empty(); ++i) {
    Put(std::move(doomed_.front()), std::nullopt);
    doomed_.pop_front();
  }
  if (Tenant* tenant = NextDue(now)) {
    last_advanced_ = tenant->id;
    if (!tenant->open) {
      Open(*tenant, now);
    } else {
      if (tenant->zones_due <= now) {
        messages_.push_back(ZonesDue{tenant->id});
        tenant->zones_due = now + Duration::Hours(24);
      }
      if (tenant->engine.NextDeadline() <= now) tenant->engine.Advance(now);
      Gather(*tenant);
    }
  }
  return NextDeadline() <= now;
}

void RoutingProgram::SetDeadline(Tenant& tenant) {
  const Instant deadline = tenant.open ? std::min(tenant.engine.NextDeadline(), tenant.zones_due) : Instant{0};
  if (deadline == tenant.deadline) return;
  if (tenant.deadline != Instant::Never()) deadlines_.erase({tenant.deadline, tenant.id});
  if (deadline != Instant::Never()) deadlines_.insert({deadline, tenant.id});
  tenant.deadline = deadline;
}

// ---- effects ----

void RoutingProgram::Put(RecordKey key, std::optional<std::string> value) {
  std::string name = static_cast<char>(key.table) + key.key;
  const auto [found, added] = changed_.try_emplace(std::move(name), changes_.size());
  if (added) {
    change_bytes_ += key.key.size() + 1;
    changes_.push_back({std::move(key), std::nullopt});
  }
  Change& change = changes_[found->second];
  change_bytes_ -= change.value ? change.value->size() : 0;
  change.value = std::move(value);
  later_.Complete(change.key, &change.value);
  change_bytes_ += change.value ? change.value->size() : 0;
}

void RoutingProgram::Gather(Tenant& tenant) {
  const RecordChanges changes = tenant.engine.ChangedRecords();
  for (const ContactRecord* contact : changes.contacts) {
    Put(ContactKey(tenant.id, contact->spec.id), EncodeRecord(*contact));
  }
  for (const ContactId& contact : changes.ended_contacts) Put(ContactKey(tenant.id, contact), std::nullopt);
  for (const AgentRecord* agent : changes.agents) Put(AgentKey(tenant.id, agent->agent), EncodeRecord(*agent));
  for (const ConfigRecord* config : changes.configs) {
    const uint64_t revision = config->config->revision;
    Put(ConfigKey(tenant.id, revision), EncodeRecord(tenant.heads.at(revision)));
  }
  for (const uint64_t revision : changes.dropped_configs) {
    const auto head = tenant.heads.find(revision);
    MERIDIAN_CHECK(head != tenant.heads.end());
    DropChunks(tenant, head->second.draft, head->second.chunks);
    Put(ConfigKey(tenant.id, revision), std::nullopt);
    tenant.heads.erase(head);
  }
  for (const AgentRevisionRecord* revision : changes.agent_revisions) {
    Put(AgentRevisionKey(tenant.id, revision->agent), EncodeRecord(*revision));
  }
  for (const AgentId& agent : changes.dropped_agent_revisions) {
    Put(AgentRevisionKey(tenant.id, agent), std::nullopt);
  }
  if (changes.head != nullptr) {
    tenant.head.stream = *changes.head;
    WriteHead(tenant);
  }
  log_.Append(tenant.id, tenant.engine.events());
  for (const GatewayMessage& message : tenant.engine.messages()) {
    messages_.push_back(MessageToGateway{tenant.id, message});
  }
  tenant.engine.ClearEffects();
  SetDeadline(tenant);
}

void RoutingProgram::WriteHead(Tenant& tenant) {
  if (!tenant.head_changed) changed_heads_.push_back(&tenant);
  tenant.head_changed = true;
}

BatchSize RoutingProgram::PendingSize() const {
  const size_t head_bytes = kTenantHeadBytes + most_sessions_ * kSessionTermBytes + later_.largest();
  return {changes_.size() + changed_heads_.size(), change_bytes_ + changed_heads_.size() * head_bytes + log_.size()};
}

ProgramBatch<RoutingMessage> RoutingProgram::TakeBatch(LogPosition, Instant) {
  ProgramBatch<RoutingMessage> batch;
  for (Tenant* tenant : changed_heads_) {
    tenant->head_changed = false;
    batch.puts.push_back(later_.Complete(TenantHeadKey(tenant->id), EncodeRecord(tenant->head)));
  }
  for (Change& change : changes_) {
    if (change.value) {
      batch.puts.push_back({std::move(change.key), *std::move(change.value)});
    } else {
      batch.deletes.push_back(std::move(change.key));
    }
  }
  changed_heads_.clear();
  changes_.clear();
  changed_.clear();
  change_bytes_ = 0;
  batch.log_entry = log_.Take();
  batch.messages = std::exchange(messages_, {});
  return batch;
}

// ---- building the state anew ----

std::vector<uint8_t> RoutingProgram::LiveTables() const {
  std::vector<uint8_t> tables;
  for (auto table = static_cast<uint8_t>(RoutingTable::kTenantHead);
       table <= static_cast<uint8_t>(RoutingTable::kAgentRevision); ++table) {
    tables.push_back(table);
  }
  return tables;
}

void RoutingProgram::BeginLoad() {
  changed_heads_.clear();
  changes_.clear();
  changed_.clear();
  change_bytes_ = 0;
  most_sessions_ = 0;
  log_.Take();
  messages_.clear();
  doomed_.clear();
  deadlines_.clear();
  tenants_.clear();
  later_.Clear();
}

absl::Status RoutingProgram::Restore(const Record& record) {
  const absl::Status unknown = absl::DataLossError("a stored record has an unknown key");
  const auto key = SplitRoutingKey(record.key);
  if (!key) return unknown;
  Tenant& tenant = FindOrAdd(key->tenant);
  std::string later;
  const auto take = [&](auto decoded, auto&& with) {
    if (decoded.ok()) with(*std::move(decoded));
    later_.Keep(record.key, std::move(later));
    return decoded.status();
  };
  const auto to_engine = [&](auto restored) { tenant.engine.Restore(std::move(restored)); };
  switch (static_cast<RoutingTable>(record.key.table)) {
    case RoutingTable::kTenantHead:
      return take(DecodeTenantHead(record.value, &later), [&](TenantHead head) {
        most_sessions_ = std::max(most_sessions_, head.session_terms.size());
        tenant.engine.Restore(head.stream);
        tenant.head = std::move(head);
      });
    case RoutingTable::kContact:
      return take(DecodeContact(key->entity, record.value, &later), to_engine);
    case RoutingTable::kAgent:
      return take(DecodeAgent(key->entity, record.value, &later), to_engine);
    case RoutingTable::kAgentRevision:
      return take(DecodeAgentRevision(key->entity, record.value, &later), to_engine);
    case RoutingTable::kConfig:
      return take(DecodeConfigHead(record.value, &later), [&](ConfigHead head) { tenant.heads[head.revision] = head; });
    case RoutingTable::kConfigChunk: {
      const auto chunk = ParseConfigChunkKey(key->entity);
      if (!chunk) return unknown;
      return take(DecodeConfigChunk(record.value),
                  [&](ConfigChunk content) { tenant.loaded[chunk->draft][chunk->index] = std::move(content); });
    }
  }
  return unknown;
}

absl::Status RoutingProgram::RestoreConfigs(Tenant& tenant) {
  for (const auto& [revision, head] : tenant.heads) {
    const auto pieces = tenant.loaded.find(head.draft);
    if (pieces == tenant.loaded.end() || pieces->second.size() != head.chunks) {
      return absl::DataLossError("a stored configuration is incomplete");
    }
    std::string stored;
    for (const auto& [index, piece] : pieces->second) stored += piece.bytes;
    auto config = DecodeStoredConfig(stored, revision);
    if (!config.ok()) return config.status();
    tenant.loaded.erase(pieces);
    SetConfig(tenant, std::move(config->proto));
    tenant.zones_due = head.zones_made_at + kZoneTablesRenewedAfter;
    tenant.engine.Restore(ConfigRecord{std::make_shared<const TenantConfig>(std::move(config->config)),
                                       ShortDigestOf(head.digest), head.published_at});
  }
  // Whoever staged the others does not know of this term.
  for (const auto& [draft, pieces] : tenant.loaded) {
    for (const auto& [index, piece] : pieces) doomed_.push_back(ConfigChunkKey(tenant.id, {draft, index}));
  }
  tenant.loaded.clear();
  return absl::OkStatus();
}

absl::Status RoutingProgram::FinishLoad(const TermGrant& term, Instant now) {
  term_ = term.term;
  now_ = now;
  offers_held_ = term.tail_at_risk;
  size_t opened = 0;
  for (auto& [id, tenant] : tenants_) {
    if (absl::Status status = RestoreConfigs(*tenant); !status.ok()) return status;
    if (opened++ < kTenantsPerSlice) {
      Open(*tenant, now);
    } else {
      SetDeadline(*tenant);
    }
  }
  return absl::OkStatus();
}

// ---- reading ----

absl::StatusOr<const Engine*> RoutingProgram::FindEngine(const TenantId& tenant) const {
  const Tenant* found = Find(tenant);
  if (found == nullptr) return nullptr;
  if (found->open) return &found->engine;
  return MakeRefusal(absl::StatusCode::kUnavailable, "SHARD_LOADING", "the tenant's state is being loaded");
}

std::shared_ptr<const std::string> RoutingProgram::FindConfig(const TenantId& tenant) const {
  const Tenant* found = Find(tenant);
  return found == nullptr ? nullptr : found->config;
}

ConfigDigest RoutingProgram::DigestInForce(const TenantId& tenant) const {
  const Tenant* found = Find(tenant);
  return found == nullptr || found->heads.empty() ? ConfigDigest{} : found->heads.rbegin()->second.digest;
}

std::vector<const Engine*> RoutingProgram::OpenEngines() const {
  std::vector<const Engine*> engines;
  for (const auto& [id, tenant] : tenants_) {
    if (tenant->open) engines.push_back(&tenant->engine);
  }
  return engines;
}

}  // namespace meridian
