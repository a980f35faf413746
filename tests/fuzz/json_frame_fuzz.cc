// A WebSocket client's text frame, whatever it is, is a message or is refused; a message is a command or names the
// fields that are wrong. What was parsed prints as JSON that is the same message again.
//
// The first byte chooses the stream: 'a' for agents, anything else for customers; the rest is the frame.

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/error/error.h"
#include "services/agent_gateway/agent_commands.h"
#include "services/ingress/submission.h"

namespace meridian {
namespace {

using agent::v1::ConnectRequest;
using ingress::v1::ConverseRequest;

class FixedWallClock : public WallClock {
 public:
  Instant Now() const override { return Instant::FromUnixSeconds(1'767'225'600); }
};

template <typename Message>
bool Parse(std::string_view json, Message* message) {
  using google::protobuf::util::JsonStringToMessage;
  if (!JsonStringToMessage({json.data(), json.size()}, message).ok()) return false;
  std::string printed;
  MERIDIAN_CHECK(google::protobuf::util::MessageToJsonString(*message, &printed).ok());
  Message again;
  MERIDIAN_CHECK(JsonStringToMessage(printed, &again).ok());
  MERIDIAN_CHECK(google::protobuf::util::MessageDifferencer::Equals(*message, again));
  return true;
}

template <typename T>
void CheckNamesFields(const absl::StatusOr<T>& result) {
  if (result.ok()) return;
  if (absl::IsPermissionDenied(result.status())) return;
  MERIDIAN_CHECK(absl::IsInvalidArgument(result.status()));
  MERIDIAN_CHECK(!FieldViolations(result.status()).empty());
}

void TryAgentFrame(std::string_view json) {
  ConnectRequest frame;
  if (!Parse(json, &frame)) return;
  switch (frame.command_case()) {
    case ConnectRequest::COMMAND_NOT_SET:
    case ConnectRequest::kDetach:
    case ConnectRequest::kSendMessage:
    case ConnectRequest::kReadConversation:
    case ConnectRequest::kRefreshToken:
    case ConnectRequest::kHeartbeat:
      return;
    case ConnectRequest::kAttach:
      return CheckNamesFields(ActivityFrom(frame.attach().activity(), "attach.activity"));
    default:
      return CheckNamesFields(RoutingCommandOf(frame, {"ana"}, {7}));
  }
}

void TryCustomerFrame(std::string_view json) {
  ConverseRequest frame;
  if (!Parse(json, &frame) || !frame.has_submit_contact()) return;
  const FixedWallClock clock;
  IdSource ids(*RegionCode::Parse("eu1"), 7, clock);
  admin::v1::TenantConfig config;
  config.add_channels()->set_name("chat");
  config.add_attributes()->set_name("topic");
  config.mutable_attributes(0)->mutable_one_of()->add_values("billing");
  config.add_attributes()->set_name("age");
  config.mutable_attributes(1)->mutable_number()->set_min(0);
  security::TokenClaims claims;
  claims.tenant = "demo";
  claims.subject = "shop";
  claims.role = security::Role::kIntegrator;
  CheckNamesFields(MakeSubmission(frame.submit_contact(), claims, config, ids, clock.Now()));
  claims.role = security::Role::kCustomer;
  claims.session = "eu1-019b7693-9c00-7000-8000-00000000000b";
  CheckNamesFields(MakeSubmission(frame.submit_contact(), claims, config, ids, clock.Now()));
}

}  // namespace
}  // namespace meridian

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view json(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'a') {
    meridian::TryAgentFrame(json);
  } else {
    meridian::TryCustomerFrame(json);
  }
  return 0;
}
