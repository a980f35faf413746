// One reader of one conversation as a state machine: what the shard says goes in, what is to be read from the store
// comes out (Next). It keeps positions and no messages: live ones that cannot be given at once are read again, so a
// reader far behind costs what one that is level costs. The shard's thread.
//
//   kOpening ─answer→ kReading ⇄ kOpening (the shard was loaded anew, or the last grant went: asked again)
//   kOpening ─an agent without grant→ kWaiting ─grant→ kReading
//   kOpening ─not open (any more), a customer→ kSearching ─the ended record→ kReading, to the end and then kEnded
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"
#include "libs/conversation/effects.h"
#include "libs/conversation/records.h"
#include "services/session/reader_gate.h"

namespace meridian {

class ConversationReading {
 public:
  static constexpr uint64_t kPage = 64;  // messages read at once

  // Messages first … last of the conversation.
  struct Page {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  enum class Want : uint8_t { kNothing, kOpen, kEndedRecord, kPage };

  ConversationReading(conversation::OpenReading what, std::shared_ptr<ReaderGate> gate)
      : what_(std::move(what)), gate_(std::move(gate)) {}

  const conversation::OpenReading& what() const { return what_; }
  bool IsCustomer() const { return what_.agent.empty(); }
  bool ended() const { return state_ == State::kEnded; }
  // Questions carry this number; answers to older ones are not given to the reading.
  uint64_t epoch() const { return epoch_; }

  // What to ask the shard or the store now; the question then counts as asked.
  Want Next();
  const Page& page() const { return page_; }

  // ---- answers ----
  // NOT_FOUND and PERMISSION_DENIED (no grant) are the core's; UNAVAILABLE: wait for Restart; others end the reading.
  // `status`, for customers, may be null; `closing`: the customer has closed the conversation.
  void OnOpened(const absl::StatusOr<conversation::ReadingOpened>& opened, const ingress::v1::ContactStatus* status,
                bool closing);
  // NOT_FOUND: there is none of this tenant.
  void OnEndedRecord(const absl::StatusOr<conversation::ConversationRecord>& record,
                     const ingress::v1::ContactStatus* status);
  // page().first … page().last.
  void OnPage(const absl::StatusOr<std::vector<conversation::MessageRecord>>& messages);

  // ---- what happens ----
  void OnDeliver(const conversation::Deliver& delivered);
  void OnGrant(const conversation::GrantChanged& changed);  // of this agent
  void OnConversationClosed();                              // for customers
  void OnStatus(const ingress::v1::ContactStatus& status);  // for customers
  // The shard serves again after what it said meanwhile may have been lost.
  void Restart();
  void End(const absl::Status& status);

 private:
  enum class State : uint8_t { kOpening, kWaiting, kSearching, kReading, kEnded };
  // Up to where the messages of a contact have been seen; a nil contact stands for all.
  struct Cursor {
    ContactId contact;
    uint64_t after = 0;
    bool active = false;
  };

  Cursor& CursorOf(const ContactId& contact);
  // From where the active cursor that is furthest behind goes on; nullopt when none is active.
  std::optional<uint64_t> Behind() const;
  // To the reader if it may have it, and past it. Cursors that are behind it stay: they have their own pages.
  void Pass(const conversation::Message& message);
  void Tell(const ingress::v1::ContactStatus* status);
  // Tells that it caught up, or ends, when it is time.
  void Settle();

  const conversation::OpenReading what_;
  const std::shared_ptr<ReaderGate> gate_;
  State state_ = State::kOpening;
  uint64_t epoch_ = 0;
  bool asked_ = false;      // an answer is under way
  bool had_grant_ = false;  // or was the customer
  bool closing_ = false;    // ends when everything has been given
  bool told_caught_up_ = false;
  bool looked_again_ = false;  // for the ended record, since a message was not there
  uint64_t opened_to_ = 0;     // the messages that were there when it opened
  uint64_t last_number_ = 0;   // the newest durable message that is known of
  Page page_;
  std::vector<Cursor> cursors_;
};

}  // namespace meridian
