// The session: conversations of one shard, as a deterministic state machine. Commands and time in, answers and effects
// out; equal calls give equal results. No I/O, clock, thread or randomness; one thread at a time. Owned by the program
// that the shard loop drives.
//
// It alone numbers messages (1, 2, 3 … in each conversation, the same for everybody), resolves identities to
// conversations, says who may read and write what, and tells routing what the customer does. Texts pass through: memory
// holds heads only (packed, where nothing happens for a while), and messages are read back from the store by key.
//
// What holds after every call:
// - an appended message has the next number; a repeat gets the number it got first;
// - a message goes to an agent only while it has a grant of that message's contact;
// - whatever routing must know is in a record until routing has answered, and is sent again until then;
// - an id that a conversation had is not used for another one;
// - state built anew from the records equals this one, but for connections, times of retries, which conversations
//   closed lately, unused numbers of closings, and answered edges (`acknowledged_edge` is written with the next change
//   only, since routing takes an edge again harmlessly);
// - no conversation is erased before its time, and no message of one that can still be found.
//
// Effects must be durable before any of their messages, or the answers given since the last TakeEffects, leave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"
#include "libs/conversation/deadline_queue.h"
#include "libs/conversation/directory.h"
#include "libs/conversation/effect_sink.h"
#include "libs/conversation/effects.h"
#include "libs/conversation/recently_closed.h"
#include "libs/conversation/records.h"

namespace meridian::conversation {

struct SessionOptions {
  Duration first_retry = Duration::Milliseconds(200);  // then doubled each time
  Duration longest_retry = Duration::Seconds(10);
  Duration enqueue_for = Duration::Minutes(4);      // then a contact is closed as not queued; below routing's own 5 min
  Duration keep_closed = Duration::Hours(30 * 24);  // then a conversation is erased, counted from its close
  size_t max_awake = 32'768;  // conversations, of all: while more are not packed, those at rest are (directory.h)
};

class SessionCore {
 public:
  // Without a packing every conversation stays as it is, in four times the memory.
  explicit SessionCore(SessionOptions options = {}, RecordPacking packing = {});

  Answer Apply(Command command, Instant now);

  // Instant::Never() when nothing is due ever.
  Instant NextDeadline() const;
  // Runs some of what is due at `now`, earliest first; true when more is due. One call adds at most
  // three times kMaxConversationBytes to what is pending, as one command does.
  bool Advance(Instant now);

  EffectsSize PendingSize() const { return sink_.size(); }
  // What gathered, and forgets it. Pointers in it are valid until the next call of anything here.
  Effects TakeEffects() { return sink_.Take(); }

  // Building the state anew: BeginLoad drops everything, each record is restored once, in any order, FinishLoad makes
  // the rest. DATA_LOSS for records that cannot be of one state. What routing has not answered is due at once; the time
  // without a connection starts anew.
  void BeginLoad();
  // `packed`: what packing the record would give, where that is known.
  absl::Status Restore(ConversationRecord record, std::string_view packed = {});
  absl::Status Restore(const FollowerPositionRecord& record);
  absl::Status Restore(const ErasureRecord& record);
  void FinishLoad(Instant now);

  // Up to where a routing shard's log has been applied; nullopt: from its begin.
  std::optional<RoutingPosition> FollowedTo(uint32_t routing_shard) const;
  // A conversation that is not closed; nullptr otherwise. Valid until the next call of anything here.
  const ConversationRecord* Find(const ConversationId& id) const;
  const ConversationRecord* FindByContact(const ContactId& id) const;
  // The open one of this identity, which a submission would join.
  const ConversationRecord* FindOpen(const TenantId& tenant, const Identity& identity) const;
  size_t conversations() const { return directory_.size(); }
  // How many have closed, see RecentlyClosed.
  uint64_t closings() const { return closed_.closings(); }
  // Where the erasure of closed conversations goes on: numbers from `first` on, `count` of them, may have closings that
  // are to be read for EraseClosed. None are while a conversation is half erased.
  struct NextErasure {
    uint64_t load = 0;  // how often the state has been loaded
    uint64_t first = 0;
    uint64_t count = 0;
  };
  NextErasure next_erasure() const;
  size_t awake() const { return directory_.awake(); }  // of them, those that are not packed

 private:
  Answer On(SubmitContact& command, Instant now);
  Answer On(AppendMessage& command, Instant now);
  Answer On(CancelContact& command, Instant now);
  Answer On(CloseConversation& command, Instant now);
  Answer On(WatchConversation& command, Instant now);
  Answer On(UnwatchConversation& command, Instant now);
  Answer On(OpenReading& command, Instant now);
  Answer On(EnqueueAnswered& command, Instant now);
  Answer On(EdgeAnswered& command, Instant now);
  Answer On(ApplyRoutingFacts& command, Instant now);
  Answer On(EraseClosed& command, Instant now);

  void Take(const ContactQueuedFact& fact, Instant now);
  void Take(const ParticipantsChangedFact& fact, Instant now);
  void Take(const ContactClosedFact& fact, Instant now);
  void Take(const ContactHeldFact& fact, Instant now);

  // nullptr unless it is a conversation of this tenant that is not closed.
  Head* FindHead(const TenantId& tenant, const ConversationId& id) const;

  // submit.cc
  // Why a conversation of a proposed id may not be opened; nullopt: it may.
  std::optional<Answer> CheckProposed(const SubmitContact& command, Instant now) const;
  Head& OpenConversation(const SubmitContact& command, Instant now);
  // Why the conversation may not get a contact of the proposed id.
  std::optional<Refusal> CheckNewContact(const Head* head, const SubmitContact& command) const;
  // Its first message is, or will be, the one of that number.
  ContactRecord& OpenContact(Head& head, SubmitContact& command, uint64_t first_number, Instant now);
  Submitted RepeatedSubmission(const Head& head, const SubmitContact& command, uint64_t number) const;
  // Its contact was not queued: the message goes into another one, under its number.
  Answer SubmitAnew(Head& head, SubmitContact& command, uint64_t number, Instant now);

  // append.cc
  Answer AppendOfCustomer(Head& head, AppendMessage& command, Instant now);
  Answer AppendOfAgent(Head& head, AppendMessage& command, Instant now);
  Answer AppendOfSystem(Head& head, AppendMessage& command, Instant now);
  // Numbers and stores a message that was found to be new, and delivers it. `contact` may be null.
  uint64_t Write(Head& head, ContactRecord* contact, Author author, uint64_t client_number,
                 std::vector<MessagePart> parts, Instant now);

  // contact_life.cc
  void CustomerWrote(Head& head, ContactRecord& contact, Instant now);
  void AgentWrote(Head& head, ContactRecord& contact, Instant now);
  void RaiseEdge(Head& head, ContactRecord& contact, EdgeKind kind, CustomerLeftReason left, CommandOrigin origin,
                 Instant now);
  void SendEnqueue(Head& head, ContactRecord& contact, Instant now);
  void SendEdge(Head& head, ContactRecord& contact, Instant now);
  // Routing has the contact: its answer, or any fact about it.
  void Acknowledge(Head& head, ContactRecord& contact, Instant now);
  void GiveUpEnqueueing(Head& head, ContactRecord& contact, Instant now);
  void ReplaceGrants(Head& head, ContactRecord& contact, std::vector<Grant> grants);
  // Notes and tells that the contact is closed; it stays in the record until RemoveContact.
  void CloseContact(Head& head, ContactRecord& contact, ContactClosing closing, EndReason reason,
                    std::string_view refusal, Instant now);
  // `contact` is gone afterwards, and the conversation too when it was the last one of a leaving customer.
  // True when the conversation is still there.
  bool RemoveContact(Head& head, ContactRecord& contact, Instant now);
  void TellCustomer(Head& head, const ContactRecord& contact);

  // erasure.cc
  void NoteClosing(const ConversationId& id, Instant now);
  // Begins with a closed conversation: everything but messages that `room`, a number of records, is too small for.
  void Erase(const EraseClosed::Found& found, size_t* room);
  void EraseMessages(size_t* room);
  // The contact is no longer named by its conversation's record, unless it is: its details go, too.
  void ForgetContact(const ConversationRecord& record, const ContactId& contact);
  // A conversation of this id, if there was one, may be erased.
  bool MayBeErased(const ConversationId& id, Instant now) const;

  // timers.cc
  Instant DeadlineOf(const Head& head) const;
  Instant DeadlineOf(const Head& head, size_t contact) const;
  Instant LeavesAt(const Head& head, const ContactRecord& contact) const;
  void RunDue(Head& head, Instant now);
  Retry& RetryOf(Head& head, const ContactRecord& contact) const;
  void ScheduleRetry(Retry& retry, Instant now) const;

  void Leave(Head& head, const CommandOrigin& origin, Instant now);
  void Close(Head& head, CloseReason reason, Instant now);
  // After each change of a head: what is durable of it changed (or only its timers did).
  void Changed(Head& head);
  void Rearm(Head& head) { deadlines_.Set(head.of, DeadlineOf(head)); }

  struct Restored {
    Conversation* conversation;
    Instant deadline;
    bool from_load;  // the deadline counts from the end of the load: it is when the customer has left
  };

  const SessionOptions options_;
  const bool packing_;           // conversations are packed
  mutable Directory directory_;  // whom a look-up wakes is no part of the state
  DeadlineQueue deadlines_;
  RecentlyClosed closed_;
  std::map<uint32_t, RoutingPosition> followed_;
  ErasureRecord erasure_;
  uint64_t next_closing_ = 1;
  uint64_t loads_ = 0;
  uint64_t settled_closings_ = 1;  // what is not stored of the numbers below never will be
  EffectSink sink_;
  std::vector<Restored> restored_;  // between BeginLoad and FinishLoad
};

}  // namespace meridian::conversation
