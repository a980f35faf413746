#include "services/agent_gateway/frames.h"

#include <variant>

#include "libs/rpc/error.h"
#include "libs/wire/contact_types.h"

namespace meridian {
namespace {

namespace pb = agent::v1;

pb::OfferRescinded::Reason RescindedBecause(RescindReason reason) {
  switch (reason) {
    case RescindReason::kNone:
      return pb::OfferRescinded::REASON_TIMED_OUT;
    case RescindReason::kCustomerLeft:
    case RescindReason::kContactCanceled:
    case RescindReason::kContactExpired:
      return pb::OfferRescinded::REASON_CONTACT_ENDED;
    case RescindReason::kUndelivered:
    case RescindReason::kAgentLost:
    case RescindReason::kAgentUnavailable:
    case RescindReason::kConfiguration:
      return pb::OfferRescinded::REASON_AGENT_UNAVAILABLE;
  }
  return pb::OfferRescinded::REASON_UNSPECIFIED;
}

pb::AssignmentEnded::Reason EndedBecause(const AssignmentEnded& ended) {
  if (ended.reason == EndReason::kCanceledByCustomer || ended.reason == EndReason::kCanceledByOperator) {
    return pb::AssignmentEnded::REASON_CANCELED;
  }
  if (ended.reason != EndReason::kNone) return pb::AssignmentEnded::REASON_COMPLETED;
  return ended.returned == RequeueReason::kTransferredNextStep ? pb::AssignmentEnded::REASON_TRANSFERRED
                                                               : pb::AssignmentEnded::REASON_LOST;
}

class FrameWriter {
 public:
  FrameWriter(pb::ConnectResponse& frame, Instant now) : frame_(frame), now_(now) {}

  void operator()(const OfferMade& offer) {
    pb::OfferMade& out = *frame_.mutable_offer_made();
    pb::ContactSummary& contact = *out.mutable_contact();
    contact.set_contact_id(offer.contact.ToString());
    contact.set_conversation_id(offer.conversation.ToString());
    contact.set_channel(offer.channel.value);
    contact.set_queue(offer.queue.value);
    if (!offer.language.empty()) contact.set_language(offer.language.ToString());
    contact.set_country(std::string(offer.country.view()));
    SetTimestamp(offer.queued_at, contact.mutable_queued_at());
    contact.set_direction(type::v1::DIRECTION_INBOUND);
    for (const Attribute& attribute : offer.attributes.items()) {
      (*contact.mutable_attributes())[attribute.name.value] = FormatAttributeValue(attribute.value);
    }
    out.set_offer_token(offer.token.ToString());
    SetTimestamp(now_ + offer.answer_within, out.mutable_deadline());
  }
  void operator()(const OfferRescinded& rescinded) {
    pb::OfferRescinded& out = *frame_.mutable_offer_rescinded();
    out.set_contact_id(rescinded.contact.ToString());
    out.set_offer_token(rescinded.token.ToString());
    out.set_reason(RescindedBecause(rescinded.reason));
  }
  void operator()(const AssignmentStarted& started) {
    pb::AssignmentStarted& out = *frame_.mutable_assignment_started();
    pb::ContactSummary& contact = *out.mutable_contact();
    contact.set_contact_id(started.contact.ToString());
    contact.set_conversation_id(started.conversation.ToString());
    contact.set_channel(started.channel.value);
    contact.set_queue(started.queue.value);
    if (!started.language.empty()) contact.set_language(started.language.ToString());
    contact.set_direction(type::v1::DIRECTION_INBOUND);
    out.set_offer_token(started.token.ToString());
    out.set_role(type::v1::ASSIGNMENT_ROLE_PRIMARY);
    out.set_state(ToProto(started.state));
    out.set_resumed(started.resumed);
  }
  void operator()(const AssignmentChanged& changed) {
    pb::AssignmentChanged& out = *frame_.mutable_assignment_changed();
    out.set_contact_id(changed.contact.ToString());
    out.set_state(ToProto(changed.state));
    if (changed.wrap_up_deadline != Instant::Never()) {
      SetTimestamp(changed.wrap_up_deadline, out.mutable_wrap_up_until());
    }
  }
  void operator()(const AssignmentEnded& ended) {
    pb::AssignmentEnded& out = *frame_.mutable_assignment_ended();
    out.set_contact_id(ended.contact.ToString());
    out.set_reason(EndedBecause(ended));
  }
  void operator()(const CoolDownStarted& started) {
    SetTimestamp(started.until, frame_.mutable_activity_changed()->mutable_cool_down_until());
  }
  void operator()(const CoolDownEnded&) { frame_.mutable_activity_changed()->set_activity("available"); }
  void operator()(const AttachmentEnded& ended) {
    frame_.mutable_detached()->set_reason(ended.reason == AbsenceReason::kRemoved ? pb::Detached::REASON_REMOVED
                                                                                  : pb::Detached::REASON_SUPERSEDED);
  }

 private:
  pb::ConnectResponse& frame_;
  const Instant now_;
};

}  // namespace

pb::ConnectResponse FrameOf(const GatewayMessage& message, Instant now) {
  pb::ConnectResponse frame;
  frame.set_agent(message.agent.value);
  std::visit(FrameWriter(frame, now), message.body);
  return frame;
}

pb::ConnectResponse MakeResult(const AgentId& agent, const std::string& request_id, const absl::Status& status) {
  pb::ConnectResponse frame;
  frame.set_agent(agent.value);
  frame.mutable_result()->set_request_id(request_id);
  if (!status.ok()) rpc::ToErrorMessage(status, frame.mutable_result()->mutable_error());
  return frame;
}

pb::ConnectResponse MakeMessage(const AgentId& agent, const std::string& conversation,
                                const type::v1::Message& message) {
  pb::ConnectResponse frame;
  frame.set_agent(agent.value);
  frame.mutable_message_received()->set_conversation_id(conversation);
  *frame.mutable_message_received()->mutable_message() = message;
  return frame;
}

pb::ConnectResponse MakeResync(const AgentId& agent, const std::string& conversation, uint64_t after_number) {
  pb::ConnectResponse frame;
  frame.set_agent(agent.value);
  frame.mutable_resync()->set_conversation_id(conversation);
  frame.mutable_resync()->set_after_number(after_number);
  return frame;
}

}  // namespace meridian
