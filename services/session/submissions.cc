#include "services/session/submissions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/conversation/records.h"
#include "libs/error/error.h"
#include "libs/error/quota_error.h"
#include "libs/runtime/refusal.h"
#include "services/session/session_errors.h"

namespace meridian {

using conversation::RefusalCode;
using conversation::Submitted;

namespace {

// By then the contact that routing had no room for was sent again, and routing has said how it is now.
constexpr Duration kHoldBack = Duration::Milliseconds(250);

bool HasLiveContact(const conversation::ConversationRecord& conversation, const ChannelId& channel) {
  return std::any_of(conversation.contacts.begin(), conversation.contacts.end(),
                     [&](const auto& contact) { return contact.channel == channel && contact.IsLive(); });
}

Uuid CustomerOf(const conversation::SubmitContact& command) {
  if (command.conversation_named_before) return command.spec.conversation.uuid;
  const conversation::Identity& identity = command.identity;
  return {StableHash(command.tenant.value) ^ StableHash(identity.kind), StableHash(identity.address)};
}

}  // namespace

void Submissions::Submit(conversation::SubmitContact command, MonotonicInstant deadline, Done done) {
  const Customer customer = CustomerOf(command);
  auto submission = std::make_shared<Submission>(Submission{customer, std::move(command), deadline, std::move(done)});
  InTurn(customer, [this, submission](const absl::Status& status) {
    if (!status.ok()) return submission->done(status);
    Begin(submission);
  });
}

void Submissions::InTurn(const Customer& customer, Task task) {
  auto before = on_long_way_.find(customer);
  if (before == on_long_way_.end()) return task(absl::OkStatus());
  if (!ended_.ok()) return task(ended_);
  if (waiting_ >= kMaxWaiting) {
    return task(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "too many requests wait"));
  }
  ++waiting_;
  before->second.push_back(std::move(task));
}

// It is this customer's turn: none of its submissions is on the longer way.
void Submissions::Begin(const Shared& submission) {
  conversation::SubmitContact& command = submission->command;
  const conversation::ConversationRecord* const open = ports_.core().FindOpen(command.tenant, command.identity);
  submission->long_way = open == nullptr;
  if (submission->long_way && command.may_only_join) {  // nothing to join: not even a place in the mailbox
    return submission->done(ToStatus({RefusalCode::kQuotaExceeded, ""}));
  }
  if (submission->long_way && IsHeldBack(command.tenant)) {
    return submission->done(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull,
                                        "too many requests of the tenant wait for routing"));
  }
  if (open == nullptr || !HasLiveContact(*open, command.spec.channel)) {
    submission->over_rate = TakeFromRate(command);
    if (submission->long_way && !submission->over_rate.ok()) return submission->done(submission->over_rate);
    // Perhaps a repeat, which opens nothing: the core knows.
    command.may_only_join = command.may_only_join || !submission->over_rate.ok();
  }
  if (submission->long_way) on_long_way_.try_emplace(submission->customer);
  Post(submission);
}

absl::Status Submissions::TakeFromRate(const conversation::SubmitContact& command) {
  const RateQuota& rate = command.new_contacts;
  if (rate.per_second == 0) return absl::OkStatus();
  const Instant now{ports_.now().ns};  // only differences count
  const Duration wait = new_contacts_.Take(command.tenant.value, now, static_cast<int>(std::max(rate.burst, 1u)),
                                           Duration::Nanoseconds(Duration::Seconds(1).ns / rate.per_second));
  if (wait == Duration::Zero()) return absl::OkStatus();
  return WithLimit(ToStatus({RefusalCode::kQuotaExceeded, ""}), rate.per_second, wait.ToMilliseconds() + 1);
}

void Submissions::HoldBack(const TenantId& tenant) { held_back_until_[tenant] = ports_.now() + kHoldBack; }

bool Submissions::IsHeldBack(const TenantId& tenant) {
  const auto held = held_back_until_.find(tenant);
  if (held == held_back_until_.end()) return false;
  if (ports_.now() < held->second) return true;
  held_back_until_.erase(held);
  return false;
}

void Submissions::Post(const Shared& submission) {
  // One that was named before may have to go again.
  const bool may_go_again = submission->command.conversation_named_before;
  ports_.post(
      may_go_again ? submission->command : std::move(submission->command),
      submission->long_way ? Lane::kNewContacts : Lane::kLiveWork,
      submission->long_way ? submission->deadline : MonotonicInstant::Never(),  // live work is done whoever waits
      [this, submission](SessionAnswer&& answer) { OnAnswer(submission, std::move(answer)); });
}

void Submissions::OnAnswer(const Shared& submission, SessionAnswer&& answer) {
  const auto* unknown = answer.result.ok() ? std::get_if<conversation::UnknownConversation>(&*answer.result) : nullptr;
  if (unknown == nullptr) return Finish(submission, Expect<Submitted>(std::move(answer)));
  if (submission->long_way) return LookUp(submission, *unknown);
  // Its conversation closed before it came to the core.
  InTurn(submission->customer, [this, submission](const absl::Status& status) {
    if (!status.ok()) return submission->done(status);
    Begin(submission);
  });
}

void Submissions::LookUp(const Shared& submission, const conversation::UnknownConversation& unknown) {
  const ConversationId& conversation = submission->command.spec.conversation;
  ports_.read({{conversation::kEndedTable, conversation::ConversationKey(conversation)}},
              [this, submission, closings = unknown.closings](ReadingPorts::Values values) {
                if (!values.ok()) return Finish(submission, values.status());
                if (values->front()) {
                  return Finish(submission, ToStatus({RefusalCode::kConversationClosed, "conversation_id"}));
                }
                submission->command.not_ended_as_of = closings;
                Post(submission);
              });
}

void Submissions::Finish(const Shared& submission, absl::StatusOr<Submitted> submitted) {
  if (!submission->over_rate.ok() && ErrorReason(submitted.status()) == kQuotaExceeded) {
    submitted = submission->over_rate;  // which says when to try again
  }
  Acknowledge(std::move(submitted), std::move(submission->done));
  if (submission->long_way) Release(submission->customer);
}

void Submissions::Release(const Customer& customer) {
  auto through = on_long_way_.extract(customer);
  if (through.empty()) return;
  std::deque<Task> next = std::move(through.mapped());
  while (!next.empty()) {
    auto again = on_long_way_.find(customer);
    if (again != on_long_way_.end()) {  // what was released goes the longer way too
      std::move(next.begin(), next.end(), std::back_inserter(again->second));
      return;
    }
    Task task = std::move(next.front());
    next.pop_front();
    --waiting_;
    task(absl::OkStatus());
  }
}

// The core's answer comes before the acknowledgement that it waits for: both leave in the order in which they came
// about.
void Submissions::Acknowledge(absl::StatusOr<Submitted> submitted, Done done) {
  if (!submitted.ok()) return done(submitted.status());
  if (submitted->standing.kind == conversation::ContactStanding::Kind::kPending) {
    if (!ended_.ok()) return done(ended_);
    unacknowledged_[submitted->contact].push_back({*std::move(submitted), std::move(done)});
    return;
  }
  const absl::Status status = ToStatus(submitted->standing);
  if (!status.ok()) return done(status);
  done(std::move(submitted));
}

void Submissions::On(const conversation::ContactAcknowledged& acknowledged) {
  auto node = unacknowledged_.extract(acknowledged.contact);
  if (node.empty()) return;
  for (Unacknowledged& waiting : node.mapped()) {
    waiting.submitted.standing = acknowledged.standing;
    Acknowledge(std::move(waiting.submitted), std::move(waiting.done));
  }
}

void Submissions::Fail(const ContactId& contact, const absl::Status& why) {
  auto node = unacknowledged_.extract(contact);
  if (node.empty()) return;
  for (Unacknowledged& waiting : node.mapped()) waiting.done(why);
}

void Submissions::FailUnacknowledged(const absl::Status& why) {
  for (auto& [contact, all] : std::exchange(unacknowledged_, {})) {
    for (Unacknowledged& waiting : all) waiting.done(why);
  }
}

void Submissions::End(const absl::Status& why) {
  ended_ = why;
  FailUnacknowledged(why);
  for (auto& [customer, behind] : on_long_way_) {
    for (Task& task : std::exchange(behind, {})) {
      --waiting_;
      task(why);
    }
  }
}

}  // namespace meridian
