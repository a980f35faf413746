#include "tests/simulation/worlds/agent.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/worlds/evidence_text.h"
#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {
namespace {

constexpr Duration Ms(int64_t ms) { return Duration::Milliseconds(ms); }

}  // namespace

Agent::Agent(Schedule& schedule, Judge& judge, const Mix& mix, std::vector<Gateway*> gateways, std::string name)
    : Party(schedule, name), judge_(judge), mix_(mix), gateways_(std::move(gateways)), id_{name} {}

void Agent::Start() {
  Begin();
  After(schedule().Between(Ms(1), Ms(2000)), [this] { Connect(); });
  if (mix_.agent_mischief > 0) After(schedule().Between(Ms(3000), Ms(15000)), [this] { Mischief(); });
}

void Agent::Behave() {
  behaves_ = wanted_ = true;
  if (!connected_) return Connect();
  SetAvailable(true);
}

// ---- the connection ----

void Agent::Mischief() {
  if (behaves_) return;
  After(schedule().Between(Ms(3000), Ms(20000)), [this] { Mischief(); });
  if (!connected_) return;
  switch (schedule().Pick(4)) {
    case 0:
      SetAvailable(false);
      After(schedule().Between(Ms(1), Ms(4000)), [this] { SetAvailable(true); });
      break;
    case 1:
      Vanish();
      break;
    case 2:  // a second connection replaces the first
      connected_ = false;
      Note("connects a second time");
      Connect();
      break;
    default:
      break;
  }
}

void Agent::Vanish() {
  Note("vanishes");
  connected_ = wanted_ = false;
  for (auto& [contact, work] : works_) work.reading.reset();
  gateway_->ConnectionLost(id_);
  After(schedule().Between(Ms(10), Ms(25000)), [this] {
    wanted_ = true;
    Connect();
  });
}

void Agent::OnLost() {
  connected_ = false;
  ++connections_;
  connecting_ = false;
  for (auto& [contact, work] : works_) work.reading.reset();
  Note("lost its connection");
  After(schedule().Between(Ms(50), Ms(2000)), [this] { Connect(); });
}

void Agent::Connect() {
  if (connecting_ || connected_ || !wanted_) return;
  Gateway* gateway = gateways_[schedule().Pick(gateways_.size())];
  if (!gateway->alive()) {
    After(Ms(500), [this] { Connect(); });
    return;
  }
  connecting_ = true;
  const uint64_t connection = ++connections_;
  gateway_ = gateway;
  gateway_life_ = gateway->life();
  // Who has something to reclaim says only then that it is available.
  const auto activity = works_.empty() ? std::optional(Activity::Available()) : std::nullopt;
  gateway->Attach(*this, id_, activity, [this, connection](absl::StatusOr<AttachmentNumber> number) {
    if (connection != connections_) return;
    connecting_ = false;
    if (number.ok()) return OnConnected(*number);
    Note("could not connect: " + std::string(number.status().message()));
    After(schedule().Between(Ms(100), Ms(1000)), [this] { Connect(); });
  });
  // The gateway may have died with the question.
  After(Ms(5000), [this, connection] {
    if (connection != connections_ || !connecting_) return;
    connecting_ = false;
    Connect();
  });
}

void Agent::OnConnected(AttachmentNumber number) {
  connected_ = true;
  number_ = number;
  Note("is connected through " + gateway_->name());
  if (works_.empty()) return;
  for (const auto& [contact, work] : works_) {
    Insist(contact, work.token, ReclaimAssignment{id_, number_, contact, work.token},
           [this, contact = contact](const Answer& answer) {
             if (!answer.ok()) {
               works_.erase(contact);
               return;
             }
             Read(contact);
             GoOn(contact);
           });
  }
  SetAvailable(true);
}

// With a request id, as the gateway does: said twice, it must not undo what was said between.
void Agent::SetAvailable(bool available) {
  if (!connected_) return;
  const Activity activity = available ? Activity::Available() : Activity::Away("lunch");
  const Uuid id = Uuid::Version7(gateway_->clock().WallNow().ToUnixMilliseconds(), schedule().Pick(UINT64_MAX),
                                 schedule().Pick(UINT64_MAX));
  const RequestKey key{kTenant.value, id, DigestOfRequest(id_.value, available ? "available" : "lunch")};
  gateway_->Send(SetActivity{id_, number_, activity}, key,
                 [this, available, connection = connections_](const absl::StatusOr<Answer>& answer) {
                   if (answer.ok() || connection != connections_ || !available) return;
                   After(Ms(300), [this] { SetAvailable(true); });
                 });
}

// ---- offers ----

void Agent::OnMessage(const GatewayMessageBody& message) {
  Note(NameOf(message));
  if (const auto* offer = std::get_if<OfferMade>(&message)) {
    OnOffer(*offer);
  } else if (const auto* started = std::get_if<AssignmentStarted>(&message)) {
    BeginWork(*started);
  } else if (const auto* changed = std::get_if<AssignmentChanged>(&message)) {
    Work* work = Find(changed->contact, changed->token);
    if (work == nullptr) return;
    work->state = changed->state;
    if (changed->state == ContactState::kWrapping) EndWrap(changed->contact);
  } else if (const auto* ended = std::get_if<AssignmentEnded>(&message)) {
    if (Find(ended->contact, ended->token) != nullptr) works_.erase(ended->contact);
  } else if (std::holds_alternative<CoolDownStarted>(message) && behaves_) {
    SetAvailable(true);
  }
}

void Agent::OnOffer(const OfferMade& offer) {
  const ContactId contact = offer.contact;
  const auto earlier = last_offer_.find(contact);
  const OfferToken old = earlier == last_offer_.end() ? OfferToken{} : earlier->second;
  const OfferToken token = last_offer_[contact] = offer.token;
  const Duration think = schedule().Between(Ms(50), Ms(2000));
  if (!Misbehaves()) {
    After(think, [this, contact, token] { Accept(contact, token); });
    return;
  }
  switch (schedule().Pick(6)) {
    case 0:
      After(think, [this, contact, token] { Reject(contact, token); });
      break;
    case 1:
      break;  // lets it pass
    case 2:
      After(think, [this, contact, token] {
        Accept(contact, token);
        Accept(contact, token);
      });
      break;
    case 3:
      After(kOfferTimeout + think, [this, contact, token] { Accept(contact, token); });
      break;
    case 4:
      if (!old.IsNil()) Accept(contact, old);
      After(think, [this, contact, token] { Reject(contact, token); });
      break;
    default:
      After(think, [this] {
        if (connected_) Vanish();
      });
  }
}

void Agent::Accept(const ContactId& contact, const OfferToken& token) {
  if (!connected_) return;
  gateway_->Send(AcceptOffer{id_, number_, contact, token}, std::nullopt,
                 [this, contact, token, connection = connections_](const absl::StatusOr<Answer>& answer) {
                   if (answer.ok() && answer->ok()) {
                     Note("accepted " + contact.ToString());
                     judge_.journal().commanded.push_back(
                         {verifier::Commanded::Kind::kAccept, contact.ToString(), id_.value, token.ToString()});
                   }
                   if (answer.ok() || connection != connections_) return;
                   After(Ms(200), [this, contact, token] {
                     if (last_offer_[contact] == token) Accept(contact, token);
                   });
                 });
}

void Agent::Reject(const ContactId& contact, const OfferToken& token) {
  if (!connected_) return;
  gateway_->Send(RejectOffer{id_, number_, contact, token}, std::nullopt, [](const absl::StatusOr<Answer>&) {});
}

// ---- work ----

Agent::Work* Agent::Find(const ContactId& contact, const OfferToken& token) {
  const auto found = works_.find(contact);
  return found == works_.end() || found->second.token != token ? nullptr : &found->second;
}

void Agent::BeginWork(const AssignmentStarted& started) {
  Work& work = works_[started.contact];
  if (work.token != started.token) work = Work{};
  work.conversation = started.conversation;
  work.token = started.token;
  work.state = started.state;
  if (work.reading == nullptr) Read(started.contact);
  if (work.state == ContactState::kWrapping) return EndWrap(started.contact);
  if (std::exchange(work.begun, true)) return;
  work.to_say = 1 + schedule().Pick(2);
  GoOn(started.contact);
}

void Agent::Read(const ContactId& contact) {
  const auto found = works_.find(contact);
  if (found == works_.end() || !connected_) return;
  Work& work = found->second;
  const ConversationId conversation = work.conversation;
  RemoteReader reader;
  reader.on_message = [this, conversation](const type::v1::Message& message) {
    seen_[conversation] = std::max(seen_[conversation], message.number());
    judge_.journal().seen.push_back(
        {conversation.ToString(), verifier::Side::kAgent, id_.value, message.number(), DigestOfWords(message)});
  };
  reader.on_status = [](const ingress::v1::ContactStatus&) {};
  reader.on_ended = [this, contact, token = work.token](const absl::Status& status) {
    if (!absl::IsUnavailable(status)) return;
    After(schedule().Between(Ms(50), Ms(500)), [this, contact, token] {
      Work* work = Find(contact, token);
      if (work == nullptr) return;
      work->reading.reset();
      Read(contact);
    });
  };
  work.reading = gateway_->session().Read(conversation, id_, seen_[conversation], std::move(reader));
}

void Agent::GoOn(const ContactId& contact) {
  const auto found = works_.find(contact);
  if (found == works_.end()) return;
  const OfferToken token = found->second.token;
  After(schedule().Between(Ms(200), Ms(4000)), [this, contact, token] {
    Work* work = Find(contact, token);
    if (work == nullptr || !connected_ || work->state == ContactState::kWrapping) return;
    if (work->to_say > 0) {
      Say(contact);
    } else {
      Complete(contact);
    }
  });
}

void Agent::Say(const ContactId& contact) {
  Work& work = works_.at(contact);
  conversation::AppendMessage message{kTenant, work.conversation, conversation::AuthorKind::kAgent, id_};
  message.contact = contact;
  message.client_number = ++said_[work.conversation];
  message.parts = Text(id_.value + " says " + std::to_string(message.client_number));
  SayAgain(contact, work.token, std::move(message));
}

void Agent::SayAgain(const ContactId& contact, const OfferToken& token, conversation::AppendMessage message) {
  auto said = [this, contact, token, message](const absl::StatusOr<conversation::Appended>& appended) {
    Work* work = Find(contact, token);
    if (appended.ok()) {
      judge_.journal().sent.push_back({message.conversation.ToString(), verifier::Side::kAgent, id_.value,
                                       message.client_number, appended->number, DigestOfWords(message.parts)});
    } else if (absl::IsUnavailable(appended.status()) && work != nullptr && connected_) {
      After(Ms(300), [this, contact, token, message] {
        if (Find(contact, token) != nullptr && connected_) SayAgain(contact, token, message);
      });
      return;
    }
    if (work == nullptr) return;
    if (work->to_say > 0) --work->to_say;
    GoOn(contact);
  };
  gateway_->session().Append(message, std::move(said));
}

void Agent::Complete(const ContactId& contact) {
  const OfferToken token = works_.at(contact).token;
  Insist(contact, token, CompleteContact{id_, number_, contact, token}, [this, contact, token](const Answer& answer) {
    if (!answer.ok()) {
      works_.erase(contact);
      return;
    }
    judge_.journal().commanded.push_back(
        {verifier::Commanded::Kind::kComplete, contact.ToString(), id_.value, token.ToString()});
  });
}

void Agent::EndWrap(const ContactId& contact) {
  const OfferToken token = works_.at(contact).token;
  if (schedule().Pick(2) == 0) return;  // the line's time ends it
  After(schedule().Between(Ms(200), Ms(2500)), [this, contact, token] {
    if (Find(contact, token) == nullptr || !connected_) return;
    Insist(contact, token, EndWrapUp{id_, number_, contact, token}, [](const Answer&) {});
  });
}

void Agent::Insist(const ContactId& contact, const OfferToken& token, CommandBody body,
                   std::function<void(const Answer&)> answered) {
  gateway_->Send(body, std::nullopt,
                 [this, contact, token, body, answered = std::move(answered),
                  connection = connections_](const absl::StatusOr<Answer>& answer) {
                   if (answer.ok()) return answered(*answer);
                   After(schedule().Between(Ms(100), Ms(600)), [this, contact, token, body, answered, connection] {
                     if (connection != connections_ || !connected_ || Find(contact, token) == nullptr) return;
                     Insist(contact, token, body, answered);
                   });
                 });
}

}  // namespace meridian::worlds
