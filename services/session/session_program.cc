#include "services/session/session_program.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "libs/wire/session_log.h"
#include "libs/wire/session_records.h"

namespace meridian {

using conversation::ApplyRoutingFacts;
using conversation::ContactChanged;
using conversation::ContactRecord;
using conversation::ConversationRecord;
using conversation::EndedContactRecord;
using conversation::RoutingPosition;

namespace {

ContactChanged StandingOf(const ConversationRecord& record, const ContactRecord& contact) {
  ContactChanged standing{record.tenant, record.id, contact.id, contact.phase, {}, AgentKind::kHuman, {}, {}};
  for (const conversation::Grant& grant : contact.grants) {
    if (grant.role != AssignmentRole::kPrimary) continue;
    standing.primary = grant.agent;
    standing.primary_kind = grant.agent_kind;
  }
  standing.on_hold = contact.on_hold;
  return standing;
}

ConversationRecord Unpack(std::string_view packed) {
  auto record = DecodeConversation(packed, nullptr);
  MERIDIAN_CHECK(record.ok());
  return *std::move(record);
}

}  // namespace

// A conversation at rest is kept as it is stored.
SessionProgram::SessionProgram(conversation::SessionOptions options)
    : core_(options, {[](const ConversationRecord& record) { return Encode(record); }, &Unpack}) {}

std::optional<ContactChanged> NewestContact(const ConversationRecord& record) {
  for (auto contact = record.contacts.rbegin(); contact != record.contacts.rend(); ++contact) {
    if (contact->IsLive()) return StandingOf(record, *contact);
  }
  if (record.ended_contacts.empty()) return std::nullopt;
  const EndedContactRecord& ended = record.ended_contacts.back();
  ContactChanged standing{record.tenant, record.id, ended.id};
  standing.phase = conversation::ContactPhase::kClosing;
  standing.closing = ended.closing;
  standing.reason = ended.reason;
  return standing;
}

SessionProgram::Answer SessionProgram::Apply(Command command, Instant now) {
  if (std::holds_alternative<ApplyRoutingFacts>(command.body))
    return ApplyFacts(std::move(command), now, /*replayed=*/false);
  const auto* reading = std::get_if<conversation::OpenReading>(&command.body);
  if (reading == nullptr || !reading->agent.empty())
    return {core_.Apply(std::move(command.body), now), std::nullopt, false};
  const ConversationId conversation = reading->conversation;
  Answer answer{core_.Apply(std::move(command.body), now), std::nullopt, false};
  if (std::holds_alternative<conversation::ReadingOpened>(*answer.result)) {
    const ConversationRecord& record = *core_.Find(conversation);
    answer.contact = NewestContact(record);
    answer.closing = record.state != conversation::ConversationState::kOpen;
  }
  return answer;
}

// The core would take an entry after a gap too; a part would be lost if the one before it was, with a refused commit.
// What is replayed comes after all that went before it.
SessionProgram::Answer SessionProgram::ApplyFacts(Command command, Instant now, bool replayed) {
  const auto& facts = std::get<ApplyRoutingFacts>(command.body);
  const uint32_t shard = facts.routing_shard;
  const RoutingPosition position = facts.position;
  const RoutingPosition followed = core_.FollowedTo(shard).value_or(RoutingPosition{});
  if (position <= followed) return {conversation::Answer(conversation::Done{}), std::nullopt, false};
  auto partial = partial_.find(shard);
  const bool begun = partial != partial_.end() && partial->second.position == position;
  const uint32_t applied = begun ? partial->second.parts : 0;
  if (!replayed && (command.after != followed || command.part > applied)) {
    return Refuse(MakeError(absl::StatusCode::kAborted, "OUT_OF_PLACE", "facts before these have not been applied"));
  }
  if (facts.last_of_entry) {
    partial_.erase(shard);
  } else {
    partial_[shard] = {position, command.part + 1};
  }
  return {core_.Apply(std::move(command.body), now), std::nullopt, false};
}

SessionProgram::Answer SessionProgram::Replay(Command command, Instant now) {
  loaded_at_ = now;
  if (std::holds_alternative<ApplyRoutingFacts>(command.body)) return ApplyFacts(std::move(command), now, true);
  auto* submit = std::get_if<conversation::SubmitContact>(&command.body);
  if (submit == nullptr || !submit->conversation_named_before) return Apply(std::move(command), now);
  // That its conversation had not ended was looked up before it was acknowledged.
  submit->not_ended_as_of = core_.closings();
  return Apply(std::move(command), now);
}

std::optional<size_t> SessionProgram::KeptBytes(const Command& command) {
  using namespace conversation;  // NOLINT: the commands
  constexpr size_t kFactBytes = 512;
  struct Bytes {
    std::optional<size_t> operator()(const SubmitContact& body) const {
      size_t bytes = TextBytes(body.parts);
      for (const PersonalAttribute& attribute : body.personal_attributes) {
        bytes += sizeof(attribute) + attribute.name.value.size() + attribute.value.size();
      }
      return bytes;
    }
    std::optional<size_t> operator()(const AppendMessage& body) const { return TextBytes(body.parts); }
    std::optional<size_t> operator()(const ApplyRoutingFacts& body) const { return body.facts.size() * kFactBytes; }
    std::optional<size_t> operator()(const CancelContact&) const { return 0; }
    std::optional<size_t> operator()(const CloseConversation&) const { return 0; }
    std::optional<size_t> operator()(const EnqueueAnswered&) const { return 0; }
    std::optional<size_t> operator()(const EdgeAnswered&) const { return 0; }
    // Goes on by itself from the records.
    std::optional<size_t> operator()(const EraseClosed&) const { return std::nullopt; }
    // Presence and reads: in memory only.
    std::optional<size_t> operator()(const WatchConversation&) const { return std::nullopt; }
    std::optional<size_t> operator()(const UnwatchConversation&) const { return std::nullopt; }
    std::optional<size_t> operator()(const OpenReading&) const { return std::nullopt; }
  };
  const std::optional<size_t> bytes = std::visit(Bytes{}, command.body);
  return bytes ? std::optional(sizeof(command) + *bytes) : std::nullopt;
}

ReplayVerdict SessionProgram::VerdictOf(const Answer& answer) {
  if (!answer.result.ok()) {
    return WasDropped(answer.result.status()) ? ReplayVerdict::kNotApplied : ReplayVerdict::kRefused;
  }
  const bool refused = std::holds_alternative<conversation::Refusal>(*answer.result) ||
                       std::holds_alternative<conversation::UnknownConversation>(*answer.result);
  return refused ? ReplayVerdict::kRefused : ReplayVerdict::kAcknowledged;
}

std::string SessionProgram::EncodeAnswer(const Answer&) const { MERIDIAN_CHECK(false); }
SessionProgram::Answer SessionProgram::DecodeAnswer(std::string_view) const { MERIDIAN_CHECK(false); }

BatchSize SessionProgram::PendingSize() const {
  const conversation::EffectsSize size = core_.PendingSize();
  return {size.records, size.bytes + size.records * later_.largest()};
}

ProgramBatch<SessionProgram::Message> SessionProgram::TakeBatch(LogPosition, Instant) {
  using namespace conversation;  // NOLINT: the tables and keys
  Effects effects = core_.TakeEffects();
  ProgramBatch<Message> batch;
  const auto put = [&](const RecordKey& as_read, uint8_t table, std::string value) {
    batch.puts.push_back(later_.Complete(as_read, std::move(value)));
    batch.puts.back().key.table = table;
  };
  for (const ConversationRecord* record : effects.conversations) {
    put({kConversationTable, ConversationKey(record->id)}, kConversationTable, Encode(*record));
  }
  for (const ConversationRecord& record : effects.ended) {
    const RecordKey live{kConversationTable, ConversationKey(record.id)};
    put(live, kEndedTable, Encode(record));
    later_.Forget(live);
    batch.deletes.push_back(live);
  }
  for (const auto& record : effects.messages) {
    batch.puts.push_back({{kMessageTable, MessageKey(record->conversation, record->message.number)}, Encode(*record)});
  }
  for (const ContactDetailsRecord& record : effects.contact_details) {
    batch.puts.push_back({{kContactDetailsTable, ContactDetailsKey(record.contact)}, Encode(record)});
  }
  for (const FollowerPositionRecord& record : effects.followers) {
    put({kFollowerTable, FollowerKey(record.routing_shard)}, kFollowerTable, Encode(record));
  }
  for (const ClosingRecord& record : effects.closings) {
    batch.puts.push_back({{kClosingTable, ClosingKey(record.number)}, Encode(record)});
  }
  if (effects.erasure) put({kErasureTable, ErasureKey()}, kErasureTable, Encode(*effects.erasure));
  for (ErasedRecord& record : effects.erased) batch.deletes.push_back({record.table, std::move(record.key)});
  batch.log_entry = EncodeSessionLogEntry(effects.events);
  batch.messages = std::move(effects.outgoing);
  return batch;
}

void SessionProgram::BeginLoad() {
  partial_.clear();
  later_.Clear();
  core_.BeginLoad();
}

absl::Status SessionProgram::Restore(const Record& record) {
  std::string later;
  if (record.key.table == conversation::kConversationTable) {
    auto decoded = DecodeConversation(record.value, &later);
    later_.Keep(record.key, std::move(later));
    return decoded.ok() ? core_.Restore(*std::move(decoded), record.value) : decoded.status();
  }
  if (record.key.table == conversation::kFollowerTable) {
    auto decoded = DecodeFollowerPosition(record.value, &later);
    later_.Keep(record.key, std::move(later));
    return decoded.ok() ? core_.Restore(*decoded) : decoded.status();
  }
  if (record.key.table == conversation::kErasureTable) {
    auto decoded = DecodeErasure(record.value, &later);
    later_.Keep(record.key, std::move(later));
    return decoded.ok() ? core_.Restore(*decoded) : decoded.status();
  }
  return absl::DataLossError("a record of a table that is not read at a start");
}

absl::Status SessionProgram::FinishLoad(const TermGrant& grant, Instant now) {
  term_ = grant.term;
  loaded_at_ = now;
  core_.FinishLoad(now);
  return absl::OkStatus();
}

std::vector<uint8_t> SessionProgram::LiveTables() const {
  return {conversation::kConversationTable, conversation::kFollowerTable, conversation::kErasureTable};
}

}  // namespace meridian
