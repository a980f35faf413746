#include "tests/unit/services/session/fake_routing.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/runtime/refusal.h"
#include "libs/testing/await.h"
#include "libs/wire/log_entry.h"

namespace meridian {
namespace {

constexpr ShardId kShard{ShardKind::kRouting, 0};

void AddAgent(admin::v1::TenantConfig& config, std::string name, std::string display_name, type::v1::AgentKind kind) {
  admin::v1::Agent* agent = config.add_agents();
  agent->set_name(std::move(name));
  agent->set_display_name(std::move(display_name));
  agent->set_kind(kind);
}

}  // namespace

FakeRouting::FakeRouting() : config_(std::make_shared<admin::v1::TenantConfig>()) {
  AddAgent(*config_, "ana", "Ana Ruiz", type::v1::AGENT_KIND_HUMAN);
  AddAgent(*config_, "ben", "Ben", type::v1::AGENT_KIND_EXPERT);
  AddAgent(*config_, "robo", "Robo", type::v1::AGENT_KIND_BOT);
  term_ =
      testing::Await<absl::StatusOr<TermGrant>>([&](auto done) { log_.TakeTerm(kShard, 1, 1, std::move(done)); })->term;
}

void FakeRouting::Log(const TenantId& tenant, const ContactId& contact, EventBody body) {
  LogEntryWriter writer(contact.region);
  Event event;
  event.contact = contact;
  event.body = std::move(body);
  writer.Append(tenant, std::span<const Event>(&event, 1));
  CommitRequest commit{kShard, term_, ++last_number_};
  commit.log_entry = writer.Take();
  commit.digest = DigestOf(commit);
  const auto result = testing::Await<CommitResult>([&](auto done) { log_.Commit(std::move(commit), std::move(done)); });
  MERIDIAN_CHECK(result.outcome == CommitOutcome::kDurable);
}

void FakeRouting::Send(const TenantId& tenant, Command command, std::optional<RequestKey>, Lane lane,
                       Done<Answer> done) {
  const bool is_new_contact = std::holds_alternative<EnqueueContact>(command.body);
  MERIDIAN_CHECK(lane == (is_new_contact ? Lane::kNewContacts : Lane::kLiveWork));  // the order of overload
  const absl::Status unavailable =
      MakeRefusal(absl::StatusCode::kUnavailable, refusal::kNotOwner, "routing is not here");
  if (mode == Mode::kUnreachable) return done(unavailable);
  if (mode == Mode::kNoSpace) {
    return done(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kNoSpace, "the disk is full"));
  }
  if (mode == Mode::kFull) {
    return done(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull, "too many requests wait"));
  }
  received_.push_back(command);
  if (mode == Mode::kSlow) {
    waiting_.push_back({tenant, std::move(command), std::move(done)});
    return;
  }
  Answer answer = Apply(tenant, command);
  if (mode == Mode::kLosesAnswer) return done(unavailable);
  done(std::move(answer));
}

void FakeRouting::CatchUp() {
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    Answer answer = Apply(waiting.tenant, waiting.command);
    if (waiting.done) waiting.done(std::move(answer));
  }
}

void FakeRouting::LoseAnswers() {
  for (Waiting& waiting : waiting_) waiting.done = nullptr;
}

Answer FakeRouting::Apply(const TenantId& tenant, const Command& command) {
  MERIDIAN_CHECK(command.session.term > 0);
  if (command.session.term < newest_session_term) {
    Answer stale{Refusal::kStaleSession, ""};
    stale.session_term = newest_session_term;
    return stale;
  }
  newest_session_term = command.session.term;
  if (const auto* enqueue = std::get_if<EnqueueContact>(&command.body)) return Enqueue(tenant, *enqueue);
  if (const auto* left = std::get_if<CustomerLeft>(&command.body)) {
    if (!IsLive(left->contact)) return {Refusal::kUnknownContact, ""};
    const bool served = live_[left->contact].has_grants;
    CloseContact(left->contact, served ? EndReason::kCustomerLeft : EndReason::kAbandoned);
    return {};
  }
  if (const auto* cancel = std::get_if<CancelContact>(&command.body)) {
    if (!IsLive(cancel->contact)) return {Refusal::kUnknownContact, ""};
    if (live_[cancel->contact].has_grants) return {Refusal::kWrongState, ""};
    CloseContact(cancel->contact, EndReason::kCanceledByCustomer);
  }
  return {};
}

Answer FakeRouting::Enqueue(const TenantId& tenant, const EnqueueContact& command) {
  if (refuse_contacts != Refusal::kNone) return {refuse_contacts, "told to"};
  const ContactId& contact = command.spec.id;
  if (IsLive(contact)) return {Refusal::kNone, "", true};
  ++queued_[contact];
  live_[contact] = {tenant, command.spec.conversation};
  Log(tenant, contact, ContactQueued{command.spec, QueueId{"general"}, "rule", 0, command.spec.enqueued_at});
  return {};
}

int FakeRouting::TimesQueued(const ContactId& contact) const {
  auto found = queued_.find(contact);
  return found == queued_.end() ? 0 : found->second;
}

void FakeRouting::SetParticipants(const ContactId& contact, std::vector<std::string> agents, bool may_send) {
  auto found = live_.find(contact);
  MERIDIAN_CHECK(found != live_.end());
  Live& live = found->second;
  live.has_grants = !agents.empty();
  ParticipantsChanged changed{live.conversation, ++live.grants_revision, {}};
  for (std::string& agent : agents) {
    const bool first = changed.grants.empty();
    const AgentKind kind = agent == "robo" ? AgentKind::kBot : AgentKind::kHuman;
    changed.grants.push_back(
        {AgentId{std::move(agent)}, first ? AssignmentRole::kPrimary : AssignmentRole::kConsulted, {}, may_send, kind});
  }
  const TenantId tenant = live.tenant;
  Log(tenant, contact, std::move(changed));
}

void FakeRouting::CloseContact(const ContactId& contact, EndReason reason) {
  Live& live = live_.at(contact);
  Log(live.tenant, contact, ContactClosed{live.conversation, reason});
  if (live.has_grants) SetParticipants(contact, {});
  live_.erase(contact);
}

}  // namespace meridian
