// The session core as the shard loop drives it (libs/runtime/shard_program.h): the core's effects, encoded. Called by
// the loop's thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/conversation/session_core.h"
#include "libs/runtime/shard_program.h"
#include "libs/wire/later_fields.h"

namespace meridian {

// What the loop is given: a command of the core, and for facts of routing's log their place in the stream of facts.
struct SessionCommand {
  conversation::Command body;
  // With ApplyRoutingFacts: the position before its entry, and which part of the entry it is, from 0. It is applied
  // only when everything before it was; otherwise refused with ABORTED (OUT_OF_PLACE) and to be sent again from the
  // stored position.
  conversation::RoutingPosition after;
  uint32_t part = 0;
};

struct SessionAnswer {
  // A failed status is the loop's refusal, or OUT_OF_PLACE; refusals of the core are answers.
  absl::StatusOr<conversation::Answer> result;
  // With ReadingOpened for a customer: where its newest contact stands, and whether it has closed the conversation.
  std::optional<conversation::ContactChanged> contact;
  bool closing = false;
};

// The newest contact that lives, else the one that ended last; nullopt when there was none.
std::optional<conversation::ContactChanged> NewestContact(const conversation::ConversationRecord& record);

class SessionProgram {
 public:
  using Command = SessionCommand;
  using Answer = SessionAnswer;
  using Message = conversation::OutgoingMessage;

  explicit SessionProgram(conversation::SessionOptions options = {});

  // Every command of the core carries its own identity.
  std::optional<RequestKey> KeyOf(const Command&) const { return std::nullopt; }
  // Of a submission: nothing else comes through the lane for new contacts.
  static std::string_view TenantOf(const Command& command) {
    const auto* submit = std::get_if<conversation::SubmitContact>(&command.body);
    return submit == nullptr ? std::string_view() : std::string_view(submit->tenant.value);
  }
  Answer Apply(Command command, Instant now);
  std::string EncodeAnswer(const Answer& answer) const;
  Answer DecodeAnswer(std::string_view bytes) const;
  Answer Refuse(const absl::Status& status) const { return {status, std::nullopt, false}; }

  Instant NextDeadline() const { return core_.NextDeadline(); }
  bool Advance(Instant now) { return core_.Advance(now); }
  BatchSize PendingSize() const;
  ProgramBatch<Message> TakeBatch(LogPosition position, Instant now);

  void BeginLoad();
  absl::Status Restore(const Record& record);
  absl::Status FinishLoad(const TermGrant& term, Instant now);
  std::vector<uint8_t> LiveTables() const;
  Answer Replay(Command command, Instant now);
  static std::optional<size_t> KeptBytes(const Command& command);
  static ReplayVerdict VerdictOf(const Answer& answer);

  const conversation::SessionCore& core() const { return core_; }
  // What was committed before this program's memory was loaded, or was replayed then, is not after it.
  Instant loaded_at() const { return loaded_at_; }
  uint64_t term() const { return term_; }  // that is served

 private:
  // Of an entry of which some parts have been applied, in memory only.
  struct Partial {
    conversation::RoutingPosition position;
    uint32_t parts = 0;
  };

  Answer ApplyFacts(Command command, Instant now, bool replayed);

  conversation::SessionCore core_;
  LaterFields later_;  // of the records in memory
  Instant loaded_at_;
  uint64_t term_ = 0;
  std::map<uint32_t, Partial> partial_;  // by routing shard
};

}  // namespace meridian
