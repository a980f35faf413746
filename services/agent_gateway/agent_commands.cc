#include "services/agent_gateway/agent_commands.h"

#include <string>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/error/error.h"

namespace meridian {
namespace {

namespace pb = agent::v1;

// Every command about an offer or an assignment names agent, attachment, contact and token.
template <typename Command, typename Frame>
absl::StatusOr<CommandBody> AboutOffer(const Frame& frame, const char* field, const AgentId& agent,
                                       AttachmentNumber attachment) {
  auto contact = ContactId::Parse(frame.contact_id());
  auto token = Uuid::Parse(frame.offer_token());
  std::vector<FieldViolation> violations;
  if (!contact) violations.push_back({std::string(field) + ".contact_id", "must be a contact's id"});
  if (!token) violations.push_back({std::string(field) + ".offer_token", "must be an offer's token"});
  if (!violations.empty()) return FieldErrors(violations);
  Command command;
  command.agent = agent;
  command.attachment = attachment;
  command.contact = *contact;
  command.token = OfferToken{*token};
  return CommandBody(std::move(command));
}

}  // namespace

absl::StatusOr<Activity> ActivityFrom(const std::string& text, const char* field) {
  if (text == "available") return Activity::Available();
  if (!IsValidName(text)) return FieldError(field, "must be available, or the name of an away reason");
  return Activity::Away(text);
}

absl::StatusOr<CommandBody> RoutingCommandOf(const pb::ConnectRequest& frame, const AgentId& agent,
                                             AttachmentNumber attachment) {
  switch (frame.command_case()) {
    case pb::ConnectRequest::kSetActivity: {
      MERIDIAN_ASSIGN_OR_RETURN(Activity activity,
                                ActivityFrom(frame.set_activity().activity(), "set_activity.activity"));
      return CommandBody(SetActivity{agent, attachment, std::move(activity)});
    }
    case pb::ConnectRequest::kAcceptOffer:
      return AboutOffer<AcceptOffer>(frame.accept_offer(), "accept_offer", agent, attachment);
    case pb::ConnectRequest::kRejectOffer:
      return AboutOffer<RejectOffer>(frame.reject_offer(), "reject_offer", agent, attachment);
    case pb::ConnectRequest::kHoldContact:
      return AboutOffer<HoldContact>(frame.hold_contact(), "hold_contact", agent, attachment);
    case pb::ConnectRequest::kResumeContact:
      return AboutOffer<ResumeContact>(frame.resume_contact(), "resume_contact", agent, attachment);
    case pb::ConnectRequest::kCompleteContact:
      return AboutOffer<CompleteContact>(frame.complete_contact(), "complete_contact", agent, attachment);
    case pb::ConnectRequest::kEndWrapUp:
      return AboutOffer<EndWrapUp>(frame.end_wrap_up(), "end_wrap_up", agent, attachment);
    case pb::ConnectRequest::kReclaim:
      return AboutOffer<ReclaimAssignment>(frame.reclaim(), "reclaim", agent, attachment);
    case pb::ConnectRequest::kTransferContact:
      if (!frame.transfer_contact().has_next_step()) return FieldError("transfer_contact.target", "must be set");
      return AboutOffer<TransferContact>(frame.transfer_contact(), "transfer_contact", agent, attachment);
    default:
      MERIDIAN_CHECK(false);
  }
}

}  // namespace meridian
