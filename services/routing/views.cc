#include "services/routing/views.h"

#include <charconv>

#include "libs/domain/plan.h"
#include "libs/error/error.h"
#include "libs/wire/contact_types.h"

namespace meridian {
namespace {

constexpr int32_t kDefaultPage = 100;

void SetIfReal(Instant instant, google::protobuf::Timestamp* (admin::v1::AgentStatus::*field)(),
               admin::v1::AgentStatus* out) {
  if (instant.ns != 0 && instant != Instant::Never()) SetTimestamp(instant, (out->*field)());
}

// The step that holds while it waits, or that found the agent.
size_t StepOf(const Engine& engine, const ContactRecord& contact, Instant now) {
  if (contact.state != ContactState::kQueued) return contact.offer_step;
  const std::shared_ptr<const TenantConfig> config = engine.config();
  // A contact under an older revision: its rule is not at hand here.
  if (config == nullptr || config->revision != contact.plan_revision) return contact.first_step;
  const Rule& rule = config->plans[contact.rule.plan].rules[contact.rule.rule];
  return EffectiveStep(rule.steps, contact.first_step, contact.steps_since, now);
}

absl::Status BadPageToken() { return FieldError("page_token", "must be a token that an earlier page gave"); }

}  // namespace

void ViewAgent(const AgentView& agent, admin::v1::AgentStatus* out) {
  const AgentRecord& record = *agent.record;
  out->set_agent(record.agent.value);
  out->set_kind(ToProto(agent.kind));
  out->set_presence(ToProto(record.presence));
  out->set_activity(record.activity.IsAvailable() ? "available" : record.activity.away_reason);
  out->set_on_shift(agent.on_shift);
  out->set_load(static_cast<int32_t>(agent.load));
  out->set_capacity(static_cast<int32_t>(agent.capacity));
  SetIfReal(record.idle_since, &admin::v1::AgentStatus::mutable_idle_since, out);
  SetIfReal(record.cool_down_until, &admin::v1::AgentStatus::mutable_cool_down_until, out);
}

void ViewContact(const Engine& engine, const ContactRecord& contact, Instant now, admin::v1::ContactStatus* out) {
  out->set_contact_id(contact.spec.id.ToString());
  out->set_conversation_id(contact.spec.conversation.ToString());
  out->set_state(ToProto(contact.state));
  out->set_queue(engine.QueueOf(contact).value);
  out->set_channel(contact.spec.channel.value);
  if (!contact.spec.language.empty()) out->set_language(contact.spec.language.ToString());
  out->set_step(static_cast<uint32_t>(StepOf(engine, contact, now)));
  SetTimestamp(contact.queued_at, out->mutable_queued_at());
  SetTimestamp(contact.virtual_start, out->mutable_virtual_start());
  out->set_agent(contact.agent.value);
}

absl::StatusOr<AgentId> ParseAgentPageToken(const std::string& token) {
  if (!token.empty() && !IsValidName(token)) return BadPageToken();
  return AgentId{token};
}

absl::StatusOr<uint32_t> ParsePageToken(const std::string& token) {
  uint32_t cursor = 0;
  if (token.empty()) return cursor;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), cursor);
  if (error != std::errc() || end != token.data() + token.size()) return BadPageToken();
  return cursor;
}

std::string PageToken(uint32_t cursor) { return cursor == 0 ? "" : std::to_string(cursor); }

absl::StatusOr<size_t> PageSize(int32_t page_size) {
  if (page_size == 0) page_size = kDefaultPage;
  if (page_size < 1 || page_size > static_cast<int32_t>(kLargestPage))
    return FieldError("page_size", "must be between 1 and 1000");
  return static_cast<size_t>(page_size);
}

}  // namespace meridian
