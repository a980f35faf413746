#include "libs/wire/routing_records.h"

#include <utility>

#include "libs/domain/plan.h"
#include "libs/wire/routing_fields.h"
#include "libs/wire/stored_format.h"

namespace meridian {
namespace {

constexpr size_t kUuidBytes = 16;

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError("a stored " + std::string(what) + " cannot be read");
}

}  // namespace

// ---- fields: in this namespace and not in an unnamed one, so that kFields finds them ----

template <class A>
void Fields(A& a, InOut<A, StreamHead>& head) {
  a.Number(2, head.term);
  a.Number(3, head.contact_sequence);
  a.Number(4, head.agent_sequence);
  a.Number(5, head.config_sequence);
}

// Its stream's fields are its own.
template <class A>
void Fields(A& a, InOut<A, TenantHead>& head) {
  Fields(a, head.stream);
  a.List(6, head.session_terms, kFields);
}

template <class A>
void Fields(A& a, InOut<A, Decline>& decline) {
  a.Text(1, decline.agent.value);
  a.Time(2, decline.until);
}

template <class A>
void Fields(A& a, InOut<A, ContactRecord>& record) {
  a.Sub(2, record.spec, kFields);
  const Instant base = record.spec.enqueued_at;
  a.Number(3, record.state, ContactState::kExpired);
  a.Time(4, record.state_since, base);
  a.Number(5, record.plan_revision);
  a.Sub(6, record.rule, kFields);
  a.Number(7, record.first_step);
  a.Time(8, record.queued_at, base);
  a.Time(9, record.steps_since, base);
  a.Time(10, record.virtual_start, base);
  a.Time(11, record.expires_at, base);
  a.Time(12, record.preferred_until, base);
  a.Number(13, record.requeue_reason, RequeueReason::kCallbackDue);
  a.Number(14, record.end_reason, EndReason::kSuperseded);
  a.Text(15, record.agent.value);
  a.Id(16, record.token.uuid);
  a.Number(17, record.offer_state, OfferState::kCanceled);
  a.Number(18, record.offer_step);
  a.Number(19, record.units);
  a.Number(20, record.exclusive, true);
  a.Time(21, record.deadline, base);
  ContactPast past = *record.past;
  a.Text(22, past.lost_agent.value);
  a.Id(23, past.lost_token.uuid);
  a.Number(24, record.offers_made);
  a.List(25, past.declines, kFields);
  if constexpr (A::kReading) record.past.Set(std::move(past));
  a.Number(26, record.entity_revision);
  a.Number(27, record.grants_revision);
  a.Time(28, record.customer_waits_since, base);
}

template <class A>
void Fields(A& a, InOut<A, AgentRecord>& record) {
  a.Number(2, record.presence, AgentPresence::kAttached);
  a.Number(3, record.absence, AbsenceReason::kRemoved);
  a.Number(4, record.attached_term);
  a.Number(5, record.attachment.value);
  a.Text(6, record.gateway.value);
  a.Text(7, record.activity.away_reason);
  a.Time(8, record.idle_since);
  a.Time(9, record.grace_until);
  a.Number(10, record.strikes);
  a.Time(11, record.cool_down_until);
  a.Number(12, record.entity_revision);
}

template <class A>
void Fields(A& a, InOut<A, ConfigHead>& head) {
  a.Number(2, head.revision);
  a.Id(3, head.draft);
  a.Number(4, head.chunks);
  a.Bytes(5, head.digest);
  a.Time(6, head.published_at);
  a.Time(7, head.zones_made_at);
}

template <class A>
void Fields(A& a, InOut<A, ConfigChunk>& chunk) {
  a.Number(2, chunk.count);
  a.Text(3, chunk.bytes);
}

inline void Fields(FieldWriter& a, const AgentRevisionRecord& record) {
  a.Number(2, record.revision);
  if (record.config) a.Message(3, *record.config, kFields);
}
inline void Fields(FieldReader& a, AgentRevisionRecord& record) {
  a.Number(2, record.revision);
  record.config.reset();
  if (a.NextField() != 3) return;
  record.config.emplace();
  record.config->id = record.agent;
  a.Message(3, *record.config, kFields);
}

// ---- whole records ----

namespace {

template <class T>
std::string Encode(const T& record) {
  std::string value;
  value.reserve(192);
  FieldWriter writer(&value);
  writer.Number(1, StoredFormat());
  Fields(writer, record);
  return value;
}

template <class T>
absl::StatusOr<T> Decode(std::string_view value, std::string_view what, std::string* later, T record = {}) {
  FieldReader reader(value);
  uint64_t version = 0;
  reader.Number(1, version);
  if (!reader.ok() || !IsReadableFormat(version)) return Malformed(what);
  Fields(reader, record);
  if (!reader.ok()) return Malformed(what);
  if (later != nullptr) *later = reader.Rest();
  return record;
}

RecordKey KeyOf(RoutingTable table, const TenantId& tenant) {
  RecordKey key{static_cast<uint8_t>(table), tenant.value};
  key.key.push_back('\0');
  return key;
}

}  // namespace

// ---- keys ----

RecordKey TenantHeadKey(const TenantId& tenant) { return KeyOf(RoutingTable::kTenantHead, tenant); }

RecordKey ContactKey(const TenantId& tenant, const ContactId& contact) {
  RecordKey key = KeyOf(RoutingTable::kContact, tenant);
  AppendUuid(&key.key, contact.uuid);
  key.key += contact.region.view();
  return key;
}

RecordKey AgentKey(const TenantId& tenant, const AgentId& agent) {
  RecordKey key = KeyOf(RoutingTable::kAgent, tenant);
  key.key += agent.value;
  return key;
}

RecordKey ConfigKey(const TenantId& tenant, uint64_t revision) {
  RecordKey key = KeyOf(RoutingTable::kConfig, tenant);
  for (int shift = 56; shift >= 0; shift -= 8) key.key.push_back(static_cast<char>(revision >> shift));
  return key;
}

RecordKey ConfigChunkKey(const TenantId& tenant, const ConfigChunkId& chunk) {
  RecordKey key = KeyOf(RoutingTable::kConfigChunk, tenant);
  AppendUuid(&key.key, chunk.draft);
  for (int shift = 24; shift >= 0; shift -= 8) key.key.push_back(static_cast<char>(chunk.index >> shift));
  return key;
}

RecordKey AgentRevisionKey(const TenantId& tenant, const AgentId& agent) {
  RecordKey key = KeyOf(RoutingTable::kAgentRevision, tenant);
  key.key += agent.value;
  return key;
}

std::optional<SplitKey> SplitRoutingKey(const RecordKey& key) {
  const size_t end = key.key.find('\0');
  if (end == std::string::npos || end == 0) return std::nullopt;
  return SplitKey{TenantId{key.key.substr(0, end)}, std::string_view(key.key).substr(end + 1)};
}

std::optional<ConfigChunkId> ParseConfigChunkKey(std::string_view entity) {
  if (entity.size() != kUuidBytes + 4) return std::nullopt;
  ConfigChunkId chunk{ReadUuid(entity.substr(0, kUuidBytes)), 0};
  for (char byte : entity.substr(kUuidBytes)) chunk.index = chunk.index << 8 | static_cast<uint8_t>(byte);
  return chunk;
}

// ---- values ----

std::string EncodeRecord(const TenantHead& record) { return Encode(record); }
std::string EncodeRecord(const ContactRecord& record) { return Encode(record); }
std::string EncodeRecord(const AgentRecord& record) { return Encode(record); }
std::string EncodeRecord(const ConfigHead& record) { return Encode(record); }
std::string EncodeRecord(const ConfigChunk& record) { return Encode(record); }
std::string EncodeRecord(const AgentRevisionRecord& record) { return Encode(record); }

absl::StatusOr<TenantHead> DecodeTenantHead(std::string_view value, std::string* later) {
  return Decode<TenantHead>(value, "tenant's head", later);
}
absl::StatusOr<ConfigHead> DecodeConfigHead(std::string_view value, std::string* later) {
  return Decode<ConfigHead>(value, "configuration", later);
}
absl::StatusOr<ConfigChunk> DecodeConfigChunk(std::string_view value) {
  return Decode<ConfigChunk>(value, "piece of a configuration", nullptr);
}

absl::StatusOr<ContactRecord> DecodeContact(std::string_view entity, std::string_view value, std::string* later) {
  if (entity.size() <= kUuidBytes) return Malformed("contact's key");
  auto region = RegionCode::Parse(entity.substr(kUuidBytes));
  if (!region) return Malformed("contact's key");
  ContactRecord record;
  record.spec.id = {*region, ReadUuid(entity.substr(0, kUuidBytes))};
  return Decode<ContactRecord>(value, "contact", later, std::move(record));
}

absl::StatusOr<AgentRecord> DecodeAgent(std::string_view entity, std::string_view value, std::string* later) {
  AgentRecord record;
  record.agent = {std::string(entity)};
  return Decode<AgentRecord>(value, "agent", later, std::move(record));
}

absl::StatusOr<AgentRevisionRecord> DecodeAgentRevision(std::string_view entity, std::string_view value,
                                                        std::string* later) {
  AgentRevisionRecord record;
  record.agent = {std::string(entity)};
  return Decode<AgentRevisionRecord>(value, "agent's revision", later, std::move(record));
}

}  // namespace meridian
