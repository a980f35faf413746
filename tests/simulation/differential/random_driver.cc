#include "tests/simulation/differential/random_driver.h"

#include <utility>

namespace meridian {
namespace {

constexpr size_t kMostLive = 40;

}  // namespace

RandomDriver::RandomDriver(EngineWorld& world, uint64_t seed)
    : world_(world), dice_(seed), next_contact_((seed % 1000 + 1) * 1'000'000) {}

void RandomDriver::Start() {
  revision_ = world_.engine().config_revision();
  Publish();
}

void RandomDriver::Step() {
  PassTime();
  const uint64_t kind = dice_.Below(1000);
  if (kind < 2) {
    ++restarts_;
    world_.Restart(Duration::Nanoseconds(static_cast<int64_t>(dice_.Below(20'000'000'000))));
  } else if (kind < 5) {
    Publish();
  } else if (kind < 12) {
    ReviseOneAgent();
  } else if (kind < 230) {
    EnqueueOne();
  } else if (kind < 330) {
    AttachOne();
  } else if (kind < 400) {
    ActOnAgent();
  } else if (kind < 430) {
    ActLate();
  } else {
    ActOnContact(dice_.Below(100));
  }
}

void RandomDriver::PassTime() {
  const uint64_t kind = dice_.Below(100);
  uint64_t most = 0;
  if (kind >= 40) most = 300'000'000;
  if (kind >= 97) most = 60'000'000'000;
  if (dice_.Below(3000) == 0) most = 4'000'000'000'000;
  world_.Pass(Duration::Nanoseconds(most == 0 ? 0 : static_cast<int64_t>(dice_.Below(most))));
}

void RandomDriver::Give(CommandBody body) {
  if (world_.Run({.origin = {}, .body = std::move(body)}).ok()) ++accepted_;
}

void RandomDriver::Publish() {
  config_ = RandomTenant(dice_, revision_ + 1);
  if (on_publish) on_publish(config_);
  const Answer answer = world_.Do(Publication(config_));
  if (answer.ok()) ++revision_;
}

void RandomDriver::ReviseOneAgent() {
  const int number = static_cast<int>(dice_.Below(16));
  AgentConfig agent = RandomAgent(dice_, config_, number);
  ReviseAgent revise{.revision = revision_ + 1, .agent = agent.id, .config = std::move(agent)};
  if (dice_.Chance(25)) revise.config = std::nullopt;
  if (on_revise) on_revise(revise.agent, revise.config);
  if (world_.Do(revise).ok()) ++revision_;
}

void RandomDriver::EnqueueOne() {
  if (world_.engine().live_contacts() >= kMostLive) return;
  ContactSpec spec = world_.Spec(next_contact_++, "es", dice_.Pick(config_.channels).id.value);
  spec.language = dice_.Chance(10) ? LanguageTag() : RandomLanguage(dice_);
  spec.priority = static_cast<int16_t>(dice_.Below(4));
  if (dice_.Chance(30)) spec.attributes.Set(AttributeName{"vip"}, dice_.Chance(50));
  if (dice_.Chance(50)) spec.utc_offset_minutes = static_cast<int16_t>(dice_.Below(1200)) - 600;
  if (dice_.Chance(25)) spec.preferred_agent = AgentId{"agent" + std::to_string(dice_.Below(16))};
  if (on_enqueue) on_enqueue();
  const Answer answer = world_.Do(EnqueueContact{std::move(spec)});
  if (answer.ok()) ++accepted_;
  if (on_enqueued) on_enqueued(answer);
}

void RandomDriver::AttachOne() {
  AttachAgent attach{AgentId{"agent" + std::to_string(dice_.Below(16))}, {++next_attachment_}, GatewayKey{"g1"}, {}};
  const auto view = world_.engine().FindAgent(attach.agent);
  if (view && dice_.Chance(20)) attach.attachment = view->record->attachment;
  if (dice_.Chance(80)) attach.activity = Activity::Available();
  Give(attach);
}

std::optional<AgentView> RandomDriver::PickAgent() {
  return world_.engine().FindAgent(AgentId{"agent" + std::to_string(dice_.Below(16))});
}

void RandomDriver::ActOnAgent() {
  const auto view = PickAgent();
  if (!view) return;
  const AgentRecord& record = *view->record;
  switch (dice_.Below(6)) {
    case 0:
      Give(DetachAgent{record.agent, record.attachment, DetachCause::kConnectionLost});
      break;
    case 1:
      Give(DetachAgent{record.agent, record.attachment, DetachCause::kSignedOff});
      break;
    case 2:
      Give(SetActivity{record.agent, record.attachment, Activity::Away("lunch")});
      break;
    default:
      Give(SetActivity{record.agent, record.attachment, Activity::Available()});
      break;
  }
}

const ContactRecord* RandomDriver::PickContact() {
  // By number, not by the engine's list, whose order may depend on how it was loaded.
  for (int tries = 0; tries < 10; ++tries) {
    const ContactId id = EngineWorld::Contact(next_contact_ - 1 - dice_.Below(kMostLive + 20));
    if (const ContactRecord* record = world_.engine().FindContact(id)) return record;
  }
  return nullptr;
}

template <typename Body>
Body RandomDriver::Fill(const ContactRecord& record) {
  Body body;
  body.agent = record.agent;
  body.contact = record.spec.id;
  body.token = record.token;
  if (const auto view = world_.engine().FindAgent(record.agent)) body.attachment = view->record->attachment;
  return body;
}

void RandomDriver::ActOnContact(uint64_t dice) {
  const ContactRecord* record = PickContact();
  if (record == nullptr) return;
  if (!record->token.IsNil() && dice_.Chance(20)) {
    if (old_.size() > 50) old_.clear();
    old_.push_back(Fill<AcceptOffer>(*record));
  }
  if (dice < 4) return Give(CustomerLeft{record->spec.id, CustomerLeftReason::kClosed});
  if (dice < 7) return Give(CancelContact{record->spec.id, CancelBy::kCustomer});
  if (dice < 11) return Give(ReviseContact{record->spec.id, RandomLanguage(dice_), 900, std::nullopt});
  if (dice < 13) return Give(CustomerWaits{record->spec.id, world_.now()});
  if (dice < 15) return Give(AgentAnswered{record->spec.id});
  switch (record->state) {
    case ContactState::kOffered:
      if (dice < 40) return Give(Fill<OfferDelivered>(*record));
      if (dice < 50) return Give(Fill<RejectOffer>(*record));
      return Give(Fill<AcceptOffer>(*record));
    case ContactState::kConnecting:
      if (dice < 30) return Give(MediaFailed{record->spec.id, record->token});
      return Give(MediaConnected{record->spec.id, record->token});
    case ContactState::kAssigned:
      if (dice < 25) return Give(Fill<HoldContact>(*record));
      if (dice < 40) return Give(Fill<TransferContact>(*record));
      return Give(Fill<CompleteContact>(*record));
    case ContactState::kHeld:
      if (dice < 70) return Give(Fill<ResumeContact>(*record));
      return Give(Fill<CompleteContact>(*record));
    case ContactState::kWrapping:
      if (dice < 60) return Give(Fill<EndWrapUp>(*record));
      return;
    default:
      return;
  }
}

void RandomDriver::ActLate() {
  if (old_.empty()) return;
  const AcceptOffer& old = dice_.Pick(old_);
  if (dice_.Chance(30)) return Give(old);
  // The agent came back since, and says so under its new connection.
  const auto view = world_.engine().FindAgent(old.agent);
  if (!view) return;
  Give(ReclaimAssignment{old.agent, view->record->attachment, old.contact, old.token});
}

}  // namespace meridian
