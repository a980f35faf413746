// The records of a routing shard as stored: keys and values. Values are protobuf messages of
// meridian.internal.routing.v1 (routing_record.proto); a record's key is the tenant's name, a zero byte and what names
// the entity. Decoding refuses malformed bytes and formats that are not read here (stored_format.h) with DATA_LOSS; a
// caller who writes a record anew gives `later`, which gets the fields of a later release, and puts them behind what it
// writes. Pure functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/routing/records.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

// Stable: part of the stored format.
enum class RoutingTable : uint8_t {
  kTenantHead = 1,     // tenant → TenantHead
  kContact = 2,        // tenant, uuid, region → ContactRecord
  kAgent = 3,          // tenant, agent → AgentRecord
  kConfig = 4,         // tenant, revision → ConfigHead
  kConfigChunk = 5,    // tenant, draft, index → a piece of a StoredConfig
  kAgentRevision = 6,  // tenant, agent → AgentRevisionRecord
};

// SHA-256 of a configuration as it was sent: its etag in hexadecimal.
using ConfigDigest = std::array<uint8_t, 32>;

// What is known of a tenant as a whole.
struct TenantHead {
  StreamHead stream;
  std::vector<SessionTerm> session_terms;  // the newest of each session shard that has been heard of, by shard

  friend bool operator==(const TenantHead&, const TenantHead&) = default;
};

// A published configuration; what it says lies in the chunks of its draft, see libs/wire/stored_config.h.
struct ConfigHead {
  uint64_t revision = 0;
  Uuid draft;
  uint32_t chunks = 0;
  ConfigDigest digest{};
  Instant published_at;
  Instant zones_made_at;  // its zone tables reach 400 days on from here

  friend bool operator==(const ConfigHead&, const ConfigHead&) = default;
};

struct ConfigChunk {
  uint32_t count = 0;  // of the draft's chunks
  std::string bytes;

  friend bool operator==(const ConfigChunk&, const ConfigChunk&) = default;
};
struct ConfigChunkId {
  Uuid draft;
  uint32_t index = 0;

  friend auto operator<=>(const ConfigChunkId&, const ConfigChunkId&) = default;
};

RecordKey TenantHeadKey(const TenantId& tenant);
RecordKey ContactKey(const TenantId& tenant, const ContactId& contact);
RecordKey AgentKey(const TenantId& tenant, const AgentId& agent);
RecordKey ConfigKey(const TenantId& tenant, uint64_t revision);
RecordKey ConfigChunkKey(const TenantId& tenant, const ConfigChunkId& chunk);
RecordKey AgentRevisionKey(const TenantId& tenant, const AgentId& agent);

// The tenant of any of these keys, and what follows its zero byte; nullopt without one.
struct SplitKey {
  TenantId tenant;
  std::string_view entity;  // into the key
};
std::optional<SplitKey> SplitRoutingKey(const RecordKey& key);
std::optional<ConfigChunkId> ParseConfigChunkKey(std::string_view entity);

std::string EncodeRecord(const TenantHead& record);
std::string EncodeRecord(const ContactRecord& record);  // without the contact's id, which is in the key
std::string EncodeRecord(const AgentRecord& record);    // without the agent's id
std::string EncodeRecord(const ConfigHead& record);
std::string EncodeRecord(const ConfigChunk& record);
std::string EncodeRecord(const AgentRevisionRecord& record);  // without the agent's id

absl::StatusOr<TenantHead> DecodeTenantHead(std::string_view value, std::string* later = nullptr);
absl::StatusOr<ContactRecord> DecodeContact(std::string_view entity, std::string_view value,
                                            std::string* later = nullptr);
absl::StatusOr<AgentRecord> DecodeAgent(std::string_view entity, std::string_view value, std::string* later = nullptr);
absl::StatusOr<ConfigHead> DecodeConfigHead(std::string_view value, std::string* later = nullptr);
absl::StatusOr<ConfigChunk> DecodeConfigChunk(std::string_view value);
absl::StatusOr<AgentRevisionRecord> DecodeAgentRevision(std::string_view entity, std::string_view value,
                                                        std::string* later = nullptr);

}  // namespace meridian
