// A session core with a store of plain maps and an outbox, in virtual time. Each command is committed at once, unless
// a test holds commits back to lose them in a crash.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "libs/conversation/session_core.h"

namespace meridian::conversation {

ContactId ContactNo(uint64_t n);
ConversationId ConversationNo(uint64_t n);
CustomerId CustomerNo(uint64_t n);
Uuid RequestNo(uint64_t n);
std::vector<MessagePart> Text(std::string text);

class SessionHarness {
 public:
  static constexpr uint32_t kRoutingShard = 7;

  // So many conversations stay awake; the others are packed between commands.
  explicit SessionHarness(size_t max_awake = 1);

  Instant now() const { return now_; }
  SessionCore& core() { return *core_; }
  const SessionCore& core() const { return *core_; }

  // Applies a command and commits.
  Answer Do(Command command);
  // The same, and the answer must be of this type.
  template <typename T>
  T Get(Command command) {
    Answer answer = Do(std::move(command));
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
      ADD_FAILURE() << "refused: " << ToString(refusal->code) << " " << refusal->field;
      return T{};
    }
    return std::get<T>(answer);
  }
  // Applies a command without committing: Restart loses it.
  Answer DoUncommitted(Command command) { return core_->Apply(std::move(command), now_); }
  void Commit();
  // Applies a command and commits: how large its effects are.
  size_t PendingBytesOf(Command command);
  // The process dies and a new one loads what was committed. Takes `outage`.
  void Restart(Duration outage = Duration::Zero());
  // The same process does, as after a commit that was refused.
  void Reload();
  // Runs everything due until then, each at its time.
  void AdvanceBy(Duration duration);

  // ---- shorthands; `n` names customer, conversation and contact alike ----
  SubmitContact Submission(uint64_t n, uint64_t client_number, std::string text) const;
  AppendMessage FromCustomer(uint64_t conversation, uint64_t client_number, std::string text) const;
  AppendMessage FromAgent(uint64_t conversation, std::string agent, uint64_t client_number, std::string text) const;
  OpenReading ReadingOf(uint64_t conversation, std::string agent, uint64_t after) const;
  void Accept(uint64_t contact);               // routing answers: queued
  void Facts(std::vector<RoutingFact> facts);  // the next entry of routing's log
  void Participants(uint64_t contact, uint64_t revision, std::vector<Participant> participants);
  // What the eraser tells: the oldest closings, at most `most`, as they are stored.
  EraseClosed NextErasure(size_t most = 16) const;
  void Assign(uint64_t contact, uint64_t revision, std::string agent) {
    Participants(contact, revision, {{AgentId{std::move(agent)}}});
  }

  // ---- what left, since the last time ----
  template <typename T>
  std::vector<T> Sent() {
    std::vector<T> of_type;
    std::vector<OutgoingMessage> rest;
    for (OutgoingMessage& message : outbox_) {
      if (T* body = std::get_if<T>(&message)) {
        of_type.push_back(std::move(*body));
      } else {
        rest.push_back(std::move(message));
      }
    }
    outbox_ = std::move(rest);
    return of_type;
  }
  std::vector<OutgoingMessage> TakeOutbox() { return std::exchange(outbox_, {}); }

  // ---- what is durable ----
  std::map<std::string, ConversationRecord> conversations;  // by key
  std::map<std::string, ConversationRecord> ended;
  std::map<std::string, MessageRecord> messages;
  std::map<std::string, ContactDetailsRecord> details;
  std::map<std::string, FollowerPositionRecord> followers;
  std::map<std::string, ClosingRecord> closings;
  std::optional<ErasureRecord> erasure;
  std::vector<Event> events;

  std::string TextOf(uint64_t conversation, uint64_t number) const;  // "" when there is none
  const ConversationRecord& Stored(uint64_t conversation) const { return conversations.at(KeyNo(conversation)); }
  // The live state is the durable one, but for answered edges.
  void ExpectStoredEqualsLive() const;

 private:
  void EraseRecord(const ErasedRecord& record);
  std::unique_ptr<SessionCore> NewCore() const;
  static std::string KeyNo(uint64_t conversation) { return ConversationKey(ConversationNo(conversation)); }

  const size_t max_awake_;
  Instant now_;
  RoutingPosition position_{1, 0};
  std::unique_ptr<SessionCore> core_;
  std::vector<OutgoingMessage> outbox_;
};

}  // namespace meridian::conversation
