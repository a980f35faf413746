#include "tests/simulation/worlds/customer.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/worlds/evidence_text.h"
#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {
namespace {

constexpr Duration Ms(int64_t ms) { return Duration::Milliseconds(ms); }

bool IsOver(type::v1::ContactState state) {
  return state == type::v1::CONTACT_STATE_COMPLETED || state == type::v1::CONTACT_STATE_ABANDONED ||
         state == type::v1::CONTACT_STATE_CANCELED || state == type::v1::CONTACT_STATE_EXPIRED;
}

bool ToBeSentAgain(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsAborted(status);
}

}  // namespace

Customer::Customer(Schedule& schedule, Judge& judge, const Mix& mix, Network& network,
                   std::vector<SessionOwner*> session, std::string name)
    : Party(schedule, std::move(name)),
      judge_(judge),
      mix_(mix),
      clock_(schedule, Duration::Hours(1)),
      session_(*this, network, std::move(session)),
      language_(*LanguageTag::Parse(Languages()[std::min<uint64_t>(schedule.Pick(20) / 9, 2)])),
      channel_(schedule.Pick(8) == 0 ? "task" : "chat"),
      to_submit_(1 + schedule.Pick(2)) {}

RegionCode Customer::kRegionOfIds() { return kRegion; }

Uuid Customer::NewUuid() {
  return Uuid::Version7(clock_.WallNow().ToUnixMilliseconds(), schedule().Pick(UINT64_MAX),
                        schedule().Pick(UINT64_MAX));
}

void Customer::Start() {
  Begin();
  After(schedule().Between(Ms(1), Ms(60000)), [this] { Submit(); });
}

void Customer::Behave() {
  behaves_ = true;
  if (!contact_.uuid.IsNil() && reading_ == nullptr) Read();
}

void Customer::GiveUp() {
  to_submit_ = 0;
  if (!contact_.uuid.IsNil()) Cancel();
}

std::string Customer::Standing() const {
  return name() + (asking_ ? " asks" : "") + " contact " + contact_.ToString() + " to submit " +
         std::to_string(to_submit_);
}

// ---- submitting ----

void Customer::Submit() {
  if (to_submit_ == 0 || asking_ || !contact_.uuid.IsNil()) return;
  if (conversation_.uuid.IsNil()) {
    conversation_ = NewId<ConversationId>();
    client_number_ = seen_ = 0;
  }
  conversation::SubmitContact command;
  command.tenant = kTenant;
  command.identity = {"web", name()};
  command.spec.conversation = conversation_;
  command.spec.channel = ChannelId{channel_};
  command.spec.language = language_;
  command.spec.language_confidence_permille = kFullConfidence;
  command.conversation_named_before = client_number_ > 0;
  command.enqueue_request_id = NewUuid();
  command.leave_grace = kLeaveGrace;
  command.session_lifetime = mix_.session_lifetime;
  command.client_number = ++client_number_;
  command.parts = Text(name() + " asks " + std::to_string(client_number_));
  asking_ = true;
  Ask(command);
  if (Misbehaves()) After(schedule().Between(Ms(0), Ms(300)), [this, command] { Ask(command); });
}

// As ingress does, each try with fresh ids for what it may open.
void Customer::Ask(const conversation::SubmitContact& asked) {
  conversation::SubmitContact command = asked;
  command.spec.id = NewId<ContactId>();
  command.spec.customer = NewId<CustomerId>();
  session_.Submit(command, [this, asked](const absl::StatusOr<conversation::Submitted>& submitted) {
    OnSubmitted(asked, submitted);
  });
}

void Customer::OnSubmitted(const conversation::SubmitContact& asked,
                           const absl::StatusOr<conversation::Submitted>& submitted) {
  if (!submitted.ok()) {
    Note("submitting failed: " + std::string(submitted.status().message()));
    if (!asking_ || asked.client_number != client_number_) return;  // of two clicks, the other one was taken
    if (ToBeSentAgain(submitted.status())) {
      conversation::SubmitContact again = asked;
      again.conversation_named_before = true;  // by the first try
      After(schedule().Between(Ms(100), Ms(2000)), [this, again] {
        if (asking_ && again.client_number == client_number_) Ask(again);
      });
      return;
    }
    asking_ = false;
    if (absl::IsFailedPrecondition(submitted.status()) || absl::IsNotFound(submitted.status())) {
      conversation_ = {};
    }
    After(Ms(1000), [this] { Submit(); });
    return;
  }
  Note("submitted " + submitted->contact.ToString());
  if (submitted->number > 0) {
    judge_.journal().sent.push_back({submitted->conversation.ToString(), verifier::Side::kCustomer, "",
                                     asked.client_number, submitted->number, DigestOfWords(asked.parts)});
  }
  if (!submitted->contact.uuid.IsNil()) {
    judge_.journal().submitted.push_back(
        {asked.enqueue_request_id.ToString(), submitted->contact.ToString(), submitted->conversation.ToString()});
  }
  conversations_.insert(submitted->conversation);
  if (!asking_ || asked.client_number != client_number_) return;
  asking_ = false;
  --to_submit_;
  conversation_ = submitted->conversation;
  contact_ = submitted->contact;
  to_write_ = schedule().Pick(3);
  reading_.reset();
  if (contact_.uuid.IsNil()) return ContactOver();  // a repeat of one that ended long ago
  Read();
  GoOn();
}

// ---- reading ----

void Customer::Read() {
  const ConversationId conversation = conversation_;
  const uint64_t read = ++reads_;
  RemoteReader reader;
  reader.on_message = [this, conversation](const type::v1::Message& message) {
    seen_ = std::max(seen_, message.number());
    judge_.journal().seen.push_back(
        {conversation.ToString(), verifier::Side::kCustomer, "", message.number(), DigestOfWords(message)});
  };
  reader.on_status = [this, read](const ingress::v1::ContactStatus& status) {
    if (read == reads_) OnStatus(status);
  };
  reader.on_ended = [this, read](const absl::Status& status) {
    if (read == reads_) OnEnded(status);
  };
  reading_ = session_.Read(conversation, {}, seen_, std::move(reader));
}

void Customer::OnStatus(const ingress::v1::ContactStatus& status) {
  Note("is told " + type::v1::ContactState_Name(status.state()));
  if (status.contact_id() == contact_.ToString() && IsOver(status.state())) ContactOver();
}

void Customer::OnEnded(const absl::Status& status) {
  Note("reading ended: " + std::string(status.message()));
  if (!absl::IsUnavailable(status)) {
    conversation_ = {};
    return ContactOver();
  }
  After(schedule().Between(Ms(50), Ms(1000)), [this, read = reads_] {
    if (read == reads_ && !contact_.uuid.IsNil()) Read();
  });
}

void Customer::ContactOver() {
  contact_ = {};
  if (to_submit_ > 0) After(schedule().Between(Ms(500), Ms(10000)), [this] { Submit(); });
}

// ---- what it does meanwhile ----

void Customer::GoOn() {
  After(schedule().Between(Ms(500), Ms(6000)), [this, contact = contact_] {
    if (contact != contact_ || contact_.uuid.IsNil()) return;
    if (Misbehaves()) {
      switch (schedule().Pick(3)) {
        case 0:
          return Cancel();
        case 1:
          return Close();
        default:
          Note("closes the page");
          ++reads_;
          reading_.reset();
          After(schedule().Between(Ms(100), Ms(25000)), [this, contact] {
            if (contact == contact_ && reading_ == nullptr) Read();
          });
          return;
      }
    }
    if (to_write_ > 0) Write();
  });
}

void Customer::Write() {
  --to_write_;
  conversation::AppendMessage message{kTenant, conversation_, conversation::AuthorKind::kCustomer};
  message.client_number = ++client_number_;
  message.parts = Text(name() + " says " + std::to_string(client_number_));
  asking_ = true;
  WriteAgain(std::move(message));
}

void Customer::WriteAgain(conversation::AppendMessage message) {
  session_.Append(message, [this, message](const absl::StatusOr<conversation::Appended>& appended) {
    if (appended.ok()) {
      judge_.journal().sent.push_back({message.conversation.ToString(), verifier::Side::kCustomer, "",
                                       message.client_number, appended->number, DigestOfWords(message.parts)});
    } else if (ToBeSentAgain(appended.status())) {
      After(schedule().Between(Ms(100), Ms(1000)), [this, message] { WriteAgain(message); });
      return;
    }
    asking_ = false;
    if (contact_.uuid.IsNil()) return Submit();
    GoOn();
  });
}

void Customer::Cancel() {
  Note("cancels");
  const ContactId contact = contact_;
  conversation::CancelContact command{kTenant, conversation_, contact};
  session_.Cancel(command, [this, contact](const absl::StatusOr<conversation::Done>& done) {
    if (done.ok() || !ToBeSentAgain(done.status())) return;
    After(Ms(500), [this, contact] {
      if (contact == contact_) Cancel();
    });
  });
}

void Customer::Close() {
  Note("closes the conversation");
  const ContactId contact = contact_;
  session_.Close({kTenant, conversation_}, [this, contact](const absl::StatusOr<conversation::Done>& done) {
    if (done.ok() || !ToBeSentAgain(done.status())) return;
    After(Ms(500), [this, contact] {
      if (contact == contact_) Close();
    });
  });
}

}  // namespace meridian::worlds
