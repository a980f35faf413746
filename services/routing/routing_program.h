// A routing shard's program (libs/runtime/shard_program.h): the engines of its tenants with their codec. Commands name
// their tenant; what the engines leave is encoded at once, so that the size of a batch is known exactly.
//
// Owned by the shard's loop and called by its thread only. Deterministic: no clock, no randomness; tenants are always
// walked in the order of their names.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "libs/base/entity_id.h"
#include "libs/routing/engine.h"
#include "libs/runtime/shard_program.h"
#include "libs/wire/later_fields.h"
#include "libs/wire/log_entry.h"
#include "libs/wire/routing_records.h"
#include "libs/wire/stored_config.h"

namespace meridian {

// ---- commands ----

// Writes one piece of a draft; not the last, which comes with PublishDraft.
struct StageConfig {
  ConfigChunkId chunk;
  ConfigChunk content;
};

// Publishes a draft whose other pieces were staged, in one commit. It becomes the next revision.
struct PublishDraft {
  CommandOrigin origin;
  Uuid draft;
  ConfigChunk last;  // the draft's last piece
  ConfigDigest digest{};
  std::string expected_etag;  // of the configuration in force; empty: any
  // New zone tables for what is in force: published although equal, but only while `digest` is in force.
  bool renewal = false;
  Instant zones_made_at;
  std::shared_ptr<const StoredConfig> config;  // what the pieces say, normalised and valid
};

struct RoutingCommand {
  TenantId tenant;
  std::optional<RequestKey> key;
  std::variant<Command, StageConfig, PublishDraft> body;
  // The shard's log keeps its room for live work: a contact that is not there yet is refused (kEventLogFull).
  bool no_new_contacts = false;
};

// ---- answers ----

enum class ConfigOutcome : uint8_t {
  kNone,  // not a command about a draft, or the engine refused it: see RoutingAnswer::answer
  kStaged,
  kPublished,
  kUnchanged,     // equal to what is in force; nothing was published
  kEtagMismatch,  // `digest` says what is in force
  kDraftGone,     // not all pieces are there (any more): stage it again
};

struct RoutingAnswer {
  absl::Status status;  // the loop's refusal; the rest is empty then
  Answer answer;
  ConfigOutcome outcome = ConfigOutcome::kNone;
  uint64_t revision = 0;  // in force after the command, with kPublished, kUnchanged, kEtagMismatch
  ConfigDigest digest{};  // likewise
};

// ---- messages ----

struct MessageToGateway {
  TenantId tenant;
  GatewayMessage message;
};
struct ConfigInForce {
  TenantId tenant;
  std::shared_ptr<const admin::v1::TenantConfig> config;  // with its revision, see config_snapshot.h
};
// The tenant's zone tables reach less than 300 days on: publish them anew. Repeated daily until that happened.
struct ZonesDue {
  TenantId tenant;
};
using RoutingMessage = std::variant<MessageToGateway, ConfigInForce, ZonesDue>;

inline constexpr Duration kZoneTablesRenewedAfter = Duration::Hours(24 * 100);

class RoutingProgram {
 public:
  using Command = RoutingCommand;
  using Answer = RoutingAnswer;
  using Message = RoutingMessage;

  explicit RoutingProgram(RegionCode region) : region_(region), log_(region) {}

  // ---- shard_program.h ----
  std::optional<RequestKey> KeyOf(const RoutingCommand& command) const { return command.key; }
  static std::string_view TenantOf(const RoutingCommand& command) { return command.tenant.value; }
  RoutingAnswer Apply(RoutingCommand command, Instant now);
  std::string EncodeAnswer(const RoutingAnswer& answer) const;
  RoutingAnswer DecodeAnswer(std::string_view bytes) const;
  RoutingAnswer Refuse(const absl::Status& status) const { return {.status = status, .answer = {}}; }
  Instant NextDeadline() const;
  bool Advance(Instant now);
  BatchSize PendingSize() const;
  ProgramBatch<RoutingMessage> TakeBatch(LogPosition position, Instant now);
  void BeginLoad();
  absl::Status Restore(const Record& record);
  absl::Status FinishLoad(const TermGrant& term, Instant now);
  std::vector<uint8_t> LiveTables() const;
  void EndReplayWindow(Instant now);
  RoutingAnswer Replay(RoutingCommand command, Instant now);
  // Pieces of a configuration are not kept: whoever publishes sees by the revision whether it is in force.
  static std::optional<size_t> KeptBytes(const RoutingCommand& command);
  static ReplayVerdict VerdictOf(const RoutingAnswer& answer);

  // ---- reading, inside a query ----
  // Null for a tenant that is not on this shard; UNAVAILABLE (SHARD_LOADING) while its term is not open yet.
  absl::StatusOr<const Engine*> FindEngine(const TenantId& tenant) const;
  // Null before the first publication.
  // A serialised admin::v1::TenantConfig, with its revision.
  std::shared_ptr<const std::string> FindConfig(const TenantId& tenant) const;
  ConfigDigest DigestInForce(const TenantId& tenant) const;  // zero before the first
  Instant now() const { return now_; }                       // of the last command or slice
  std::vector<const Engine*> OpenEngines() const;            // by tenant

 private:
  struct Draft {
    uint32_t count = 0;
    std::set<uint32_t> staged;
    uint64_t order = 0;  // drafts of a tenant by age
  };
  struct Tenant {
    Tenant(const TenantId& tenant, const RegionCode& region) : id(tenant), engine(tenant, region) {}

    TenantId id;
    Engine engine;
    bool open = false;                     // of the engine: its term has begun
    std::map<uint64_t, ConfigHead> heads;  // by revision
    std::map<Uuid, Draft> drafts;          // not published
    uint64_t drafts_begun = 0;
    std::shared_ptr<const std::string> config;                // of the newest head, see FindConfig
    std::shared_ptr<const admin::v1::TenantConfig> snapshot;  // of it
    Instant zones_due = Instant::Never();
    Instant deadline = Instant::Never();  // as in deadlines_
    bool head_changed = false;
    TenantHead head;
    // Between BeginLoad and FinishLoad: the pieces of all drafts.
    std::map<Uuid, std::map<uint32_t, ConfigChunk>> loaded;
  };
  struct Change {
    RecordKey key;
    std::optional<std::string> value;  // nullopt: deleted
  };

  Tenant& FindOrAdd(const TenantId& tenant);
  const Tenant* Find(const TenantId& tenant) const;
  Tenant* NextDue(Instant now);
  void Open(Tenant& tenant, Instant now);
  absl::Status RestoreConfigs(Tenant& tenant);

  RoutingAnswer ApplyTo(Tenant& tenant, const meridian::Command& command, Instant now);
  // Notes the newest term of each session shard. What a former owner sends after its successor was heard of is refused.
  std::optional<RoutingAnswer> HearSession(Tenant& tenant, const SessionTerm& session);
  void WriteHead(Tenant& tenant);
  static bool IsNewContact(const Tenant& tenant, const RoutingCommand& command);
  RoutingAnswer ApplyTo(Tenant& tenant, StageConfig stage);
  RoutingAnswer ApplyTo(Tenant& tenant, PublishDraft publish, Instant now);
  RoutingAnswer InForce(const Tenant& tenant, ConfigOutcome outcome) const;
  static void SetConfig(Tenant& tenant, admin::v1::TenantConfig config);
  void DropDraft(Tenant& tenant, const Uuid& draft);
  void DropChunks(const Tenant& tenant, const Uuid& draft, uint32_t count);

  // Encodes what the engine left.
  void Gather(Tenant& tenant);
  void SetDeadline(Tenant& tenant);
  void Put(RecordKey key, std::optional<std::string> value);

  const RegionCode region_;
  uint64_t term_ = 0;
  Instant now_;
  bool offers_held_ = false;  // of all engines: the term's replay window is open
  bool replaying_ = false;    // the call is a Replay
  std::map<TenantId, std::unique_ptr<Tenant>> tenants_;
  std::set<std::pair<Instant, TenantId>> deadlines_;
  TenantId last_advanced_;
  std::deque<RecordKey> doomed_;  // pieces of configurations, deleted in slices

  LaterFields later_;                                 // of the records in memory
  std::vector<Change> changes_;                       // of the batch, one per key
  absl::flat_hash_map<std::string, size_t> changed_;  // table and key → index; never iterated
  size_t change_bytes_ = 0;
  std::vector<Tenant*> changed_heads_;
  size_t most_sessions_ = 0;  // that one tenant's head names
  LogEntryWriter log_;
  std::vector<RoutingMessage> messages_;
};

}  // namespace meridian
