// Brings submissions to the core and answers them when session and routing have the contact.
//
// One that finds its conversation open goes the way of that conversation's messages, through the live lane and so in
// their order. One that opens a conversation goes through the lane for new contacts; if its conversation was named
// before, the store is asked whether it has ended. While a submission is on that longer way, whatever the same customer
// asks next waits behind it, so that things are done in the order in which they were asked for.
//
// A tenant's rate of new contacts, which comes with each submission, is kept here for all processes that bring them:
// what would open more is refused with RESOURCE_EXHAUSTED (QUOTA_EXCEEDED).
//
// Bounded: kMaxWaiting wait behind others, then RESOURCE_EXHAUSTED. What would open a conversation is refused so, too,
// while routing has no room for the tenant's contacts: session could take them faster than routing, and they would pile
// up here unacknowledged. The shard's thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "libs/conversation/command.h"
#include "libs/conversation/effects.h"
#include "libs/conversation/session_core.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/shard_program.h"
#include "libs/security/rate_limiter.h"
#include "services/session/readings.h"
#include "services/session/session_client.h"
#include "services/session/session_program.h"

namespace meridian {

// Answers come on the shard's thread, never inside the call.
struct SubmissionPorts {
  std::function<void(conversation::SubmitContact, Lane, MonotonicInstant, absl::AnyInvocable<void(SessionAnswer&&)>)>
      post;
  std::function<void(std::vector<RecordKey>, absl::AnyInvocable<void(ReadingPorts::Values)>)> read;
  std::function<const conversation::SessionCore&()> core;
  std::function<MonotonicInstant()> now;
};

class Submissions {
 public:
  using Done = SessionClient::Done<conversation::Submitted>;
  // Called with OK when it is its turn, or with why it will not be.
  using Task = absl::AnyInvocable<void(const absl::Status&)>;
  static constexpr size_t kMaxWaiting = 65536;

  explicit Submissions(SubmissionPorts ports) : ports_(std::move(ports)) {}

  // What would open a conversation and has not been begun by `deadline` is not begun.
  void Submit(conversation::SubmitContact command, MonotonicInstant deadline, Done done);
  // What a customer asks of a conversation: at once, or when the submissions before it are through.
  void InTurn(const ConversationId& conversation, Task task) { InTurn(conversation.uuid, std::move(task)); }

  void On(const conversation::ContactAcknowledged& acknowledged);
  // Routing cannot take the contact now: who waits for it is told. The contact stays, and a repeat waits for it again.
  void Fail(const ContactId& contact, const absl::Status& why);
  // Routing had no room for a contact of the tenant. It is sent again; further ones have to wait.
  void HoldBack(const TenantId& tenant);
  // The shard was loaded anew or stopped: what was not acknowledged is to be sent again.
  void FailUnacknowledged(const absl::Status& why);
  // Nothing will be served until Restart.
  void End(const absl::Status& why);
  void Restart() { ended_ = absl::OkStatus(); }

 private:
  // A conversation's id. For identities whose conversation is not named, a hash: of two that meet, one waits.
  using Customer = Uuid;
  struct Submission {
    Customer customer;
    conversation::SubmitContact command;
    MonotonicInstant deadline;
    Done done;
    bool long_way = false;
    absl::Status over_rate;  // why it may open nothing, though it may be a repeat
  };
  using Shared = std::shared_ptr<Submission>;
  struct Unacknowledged {
    conversation::Submitted submitted;
    Done done;
  };

  void InTurn(const Customer& customer, Task task);
  void Begin(const Shared& submission);
  void Post(const Shared& submission);
  void OnAnswer(const Shared& submission, SessionAnswer&& answer);
  void LookUp(const Shared& submission, const conversation::UnknownConversation& unknown);
  void Finish(const Shared& submission, absl::StatusOr<conversation::Submitted> submitted);
  // The customer's submission on the longer way is through.
  void Release(const Customer& customer);
  void Acknowledge(absl::StatusOr<conversation::Submitted> submitted, Done done);
  bool IsHeldBack(const TenantId& tenant);
  // OK when the tenant's rate allows a new contact now, which is then counted.
  absl::Status TakeFromRate(const conversation::SubmitContact& command);

  const SubmissionPorts ports_;
  std::map<Customer, std::deque<Task>> on_long_way_;  // and what waits behind each
  size_t waiting_ = 0;
  std::unordered_map<ContactId, std::vector<Unacknowledged>> unacknowledged_;
  std::map<TenantId, MonotonicInstant> held_back_until_;
  security::RateLimiter new_contacts_{{}};  // by tenant; a new owner of the shard begins with full buckets
  absl::Status ended_;
};

}  // namespace meridian
