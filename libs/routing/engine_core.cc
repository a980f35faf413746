#include "libs/routing/engine_core.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "libs/base/check.h"

namespace meridian {
namespace {

// Bounds of a slice's time; MayChangeMore bounds what it changes.
constexpr size_t kAgentsPerSlice = 256;
constexpr int kTimersPerSlice = 48;
constexpr int kReturnsPerCall = 48;  // of contacts whose agent is gone

// What one timer, returned contact, leaving agent or offer changes at most: the contact, its agent, a configuration
// that nobody needs any more and the head of the events; beside them what a command itself publishes.
constexpr size_t kRecordsOfOne = 6;
constexpr size_t kBytesOfOne = 6 * 1024;

}  // namespace

Answer Refuse(Refusal refusal, std::string text) {
  Answer answer;
  answer.refusal = refusal;
  answer.text = std::move(text);
  return answer;
}

Answer EngineCore::RefuseState(ContactState from, ContactTrigger trigger) {
  const auto next = CheckTransition(from, trigger);
  MERIDIAN_CHECK(!next.ok());
  const auto message = next.status().message();
  const auto table = ContactTransitions();
  const bool designed = std::any_of(table.begin(), table.end(),
                                    [&](const auto& row) { return row.from == from && row.trigger == trigger; });
  return Refuse(designed ? Refusal::kNotSupported : Refusal::kWrongState, std::string(message.data(), message.size()));
}

Answer EngineCore::Done(uint32_t contact, bool repeated) const {
  Answer answer;
  answer.repeated = repeated;
  answer.contact_state = contacts.at(contact).record.state;
  return answer;
}

void EngineCore::BeginCall(CommandOrigin origin, Instant at) {
  out.SetContext(std::move(origin), at);
  records_before_ = out.record_count();
  bytes_before_ = out.bytes;
  drain_budget_ = kReturnsPerCall;
}

bool EngineCore::MayChangeMore() const {
  return out.record_count() - records_before_ + kRecordsOfOne <= kMaxRecordsPerCall &&
         out.bytes - bytes_before_ + kBytesOfOne <= kMaxBytesPerCall;
}

Answer EngineCore::Run(const Command& command, Instant at) {
  BeginCall(command.origin, at);
  Answer answer = std::visit([this](const auto& body) { return Apply(body); }, command.body);
  Match();
  return answer;
}

Answer EngineCore::Replay(const Command& command, Instant at) {
  MERIDIAN_CHECK(offers_held_);
  replaying_ = true;
  Answer answer = Run(command, at);
  replaying_ = false;
  return answer;
}

void EngineCore::ReleaseOffers() {
  offers_held_ = false;
  match_pending_ = true;
}

Instant EngineCore::NextDeadline() const {
  if (reindexing() || match_pending_ || !draining_.empty() || !stale_revisions_.empty()) return Instant{0};
  return timers_.NextAt();
}

bool EngineCore::Advance(Instant at) {
  BeginCall({}, at);
  if (!draining_.empty()) {
    DrainSlice();
  } else if (reindexing()) {
    ReindexSlice(kAgentsPerSlice);
  } else if (!stale_revisions_.empty()) {
    DropRevisionsSlice();
  } else if (!match_pending_) {
    // All timers of one instant count as one event: what they change is matched together.
    Instant instant = timers_.NextAt();
    for (int done = 0; timers_.NextAt() <= at && done < kTimersPerSlice && MayChangeMore(); ++done) {
      if (timers_.NextAt() > instant) Match();
      if (match_pending_) break;
      const TimerHeap::Timer timer = timers_.Pop();
      instant = std::max(instant, timer.at);
      switch (timer.kind) {
        case TimerKind::kShift:
          RefreshShift(timer.owner);
          break;
        case TimerKind::kAgent:
          AgentDue(timer.owner);
          break;
        case TimerKind::kContact:
          ContactDue(timer.owner);
          break;
      }
    }
  }
  Match();
  return NextDeadline() <= at;
}

RecordChanges EngineCore::ChangedRecords() const {
  RecordChanges changes;
  for (const uint32_t contact : out.changed_contacts) {
    if (contacts.at(contact).live) changes.contacts.push_back(&contacts.at(contact).record);
  }
  changes.ended_contacts = out.ended_contacts;
  std::sort(changes.ended_contacts.begin(), changes.ended_contacts.end());
  changes.ended_contacts.erase(std::unique(changes.ended_contacts.begin(), changes.ended_contacts.end()),
                               changes.ended_contacts.end());
  std::erase_if(changes.ended_contacts, [this](const ContactId& id) { return contacts.Find(id) != kNoIndex; });
  for (const uint32_t agent : out.changed_agents) changes.agents.push_back(&agents.at(agent).record);
  for (const auto& [revision, config] : configs.all()) {
    if (config.changed) changes.configs.push_back(&config.record);
  }
  changes.dropped_configs = out.dropped_configs;
  for (const AgentId& agent : out.changed_revisions) {
    if (const auto* record = configs.FindRevised(agent)) changes.agent_revisions.push_back(record);
  }
  for (const AgentId& agent : out.dropped_revisions) {
    if (configs.FindRevised(agent) == nullptr) changes.dropped_agent_revisions.push_back(agent);
  }
  if (out.head_changed) changes.head = &out.head();
  return changes;
}

void EngineCore::ClearEffects() {
  for (const uint32_t contact : out.changed_contacts) contacts.at(contact).changed = false;
  for (const uint32_t agent : out.changed_agents) agents.at(agent).changed = false;
  for (auto& [revision, config] : configs.all()) config.changed = false;
  if (!reindexing()) DropConfiguredAgents();
  contacts.Recycle();
  out.Clear();
}

AgentView EngineCore::ViewOf(uint32_t agent) const {
  const AgentSlot& slot = agents.at(agent);
  AgentView view{.record = &slot.record, .load = slot.load};
  if (slot.profile == kNoIndex) return view;
  const ProfileEntry& profile = index.profile(slot.profile);
  view.kind = profile.profile.kind;
  view.on_shift = profile.open;
  view.capacity = profile.profile.capacity_units;
  return view;
}

}  // namespace meridian
