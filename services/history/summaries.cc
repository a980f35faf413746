#include "services/history/summaries.h"

#include <optional>
#include <string>

#include "libs/base/status_macros.h"
#include "libs/history/timeline.h"
#include "libs/wire/contact_types.h"
#include "libs/wire/routing_events.h"

namespace meridian {
namespace {

template <typename Tag>
std::string TextOf(const EntityId<Tag>& id) {
  return id.IsNil() ? std::string() : id.ToString();
}

}  // namespace

void ToProto(const history::Contact& contact, admin::v1::ContactSummary* out) {
  out->set_contact_id(contact.id.ToString());
  out->set_conversation_id(TextOf(contact.conversation));
  out->set_customer_id(TextOf(contact.customer));
  out->set_channel(contact.channel);
  out->set_queue(contact.queue);
  out->set_rule(contact.rule);
  out->set_language(contact.language);
  out->set_country(contact.country);
  out->set_agent(contact.agent);
  out->set_offers(contact.offers);
  if (contact.queued_at) SetTimestamp(*contact.queued_at, out->mutable_queued_at());
  if (contact.assigned_at) SetTimestamp(*contact.assigned_at, out->mutable_assigned_at());
  if (!contact.ended_at) return;
  SetTimestamp(*contact.ended_at, out->mutable_ended_at());
  out->set_state(ToProto(contact.state));
  out->set_reason(contact.reason);
}

void ToProto(const history::Conversation& conversation, admin::v1::ConversationSummary* out) {
  out->set_conversation_id(conversation.id.ToString());
  out->set_customer_id(TextOf(conversation.customer));
  if (conversation.opened_at) SetTimestamp(*conversation.opened_at, out->mutable_opened_at());
  if (conversation.closed_at) SetTimestamp(*conversation.closed_at, out->mutable_closed_at());
  out->set_reason(conversation.reason);
  out->set_contacts(conversation.contacts);
  out->set_refused_contacts(conversation.refused_contacts);
  out->set_customer_messages(conversation.customer_messages);
  out->set_other_messages(conversation.other_messages);
}

absl::Status ToProto(const TenantId& tenant, const history::ContactWithTimeline& found,
                     admin::v1::GetContactTimelineResponse* out) {
  ToProto(found.contact, out->mutable_contact());
  MERIDIAN_ASSIGN_OR_RETURN(const auto timeline, history::ReadTimeline(found.timeline));
  for (const history::TimelineEvent& event : timeline) {
    ToPublicEvent(tenant, event.region, event.logged.event, out->add_events());
  }
  return absl::OkStatus();
}

}  // namespace meridian
