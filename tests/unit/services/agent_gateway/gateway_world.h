// An agent gateway between fakes, and agents who talk to it over streams.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/security/signing_key.h"
#include "libs/security/token_issuer.h"
#include "services/agent_gateway/handlers.h"
#include "tests/unit/services/fakes/fake_routing_client.h"
#include "tests/unit/services/fakes/fake_session_client.h"
#include "tests/unit/services/fakes/stream_client.h"

namespace meridian {

using AgentFrame = agent::v1::ConnectRequest;
using AgentUpdate = agent::v1::ConnectResponse;
using AgentStream = StreamClient<AgentFrame, AgentUpdate>;

class FixedWallClock : public WallClock {
 public:
  Instant Now() const override { return Instant::FromUnixSeconds(1'767'225'600); }
};

class GatewayWorld : public testing::Test {
 protected:
  GatewayWorld()
      : ids_(*RegionCode::Parse("eu1"), 7, clock_),
        gateway_(std::make_unique<AgentGateway>(AgentGatewayPorts{routing_, session_, ids_, timer_, clock_})) {
    BindAgentGateway(*gateway_, methods_);
  }

  static security::TokenClaims Claims(std::vector<std::string> agents = {}) {
    security::TokenClaims claims;
    claims.tenant = "demo";
    claims.subject = "ana";
    claims.role = security::Role::kAgent;
    claims.permissions = security::DefaultPermissions(claims.role);
    claims.agents = std::move(agents);
    claims.expires_at = Instant::FromUnixSeconds(1'767'225'600) + Duration::Hours(1);
    return claims;
  }
  std::unique_ptr<AgentStream> Connect(security::TokenClaims claims = Claims()) {
    return std::make_unique<AgentStream>(methods_, gate_, timer_, kConnectMethod, std::move(claims), stream_options_);
  }

  // A frame with a fresh request id.
  AgentFrame Frame(const std::string& agent = "") {
    AgentFrame frame;
    frame.set_request_id(ids_.NextUuid().ToString());
    frame.set_agent(agent);
    return frame;
  }
  AgentFrame AttachFrame(const std::string& agent = "") {
    AgentFrame frame = Frame(agent);
    frame.mutable_attach()->set_activity("available");
    return frame;
  }
  // Attaches and tells the number.
  AttachmentNumber Attach(AgentStream& stream, const std::string& agent = "") {
    stream.Take();
    stream.Send(AttachFrame(agent));
    for (const AgentUpdate& update : stream.Take()) {
      if (update.has_attached()) return {update.attached().attachment()};
    }
    ADD_FAILURE() << "not attached";
    return {};
  }
  // The one result, which comes first; other frames may follow.
  agent::v1::CommandResult Answer(AgentStream& stream, const AgentFrame& frame) {
    stream.Take();
    stream.Send(frame);
    rest_ = stream.Take();
    if (rest_.empty() || !rest_.front().has_result()) {
      ADD_FAILURE() << "no result for " << frame.DebugString();
      return {};
    }
    auto result = rest_.front().result();
    rest_.erase(rest_.begin());
    for (const AgentUpdate& update : rest_) EXPECT_FALSE(update.has_result()) << update.DebugString();
    EXPECT_EQ(result.request_id(), frame.request_id());
    return result;
  }
  std::string ReasonOf(AgentStream& stream, const AgentFrame& frame) { return Answer(stream, frame).error().reason(); }

  void Deliver(AttachmentNumber number, GatewayMessageBody body, const std::string& agent = "ana") {
    routing_.Deliver(tenant_, {agent}, number, std::move(body));
  }
  OfferMade Offer() {
    OfferMade offer;
    offer.contact = ids_.Next<ContactId>();
    offer.conversation = ids_.Next<ConversationId>();
    offer.token = OfferToken{ids_.NextUuid()};
    offer.answer_within = Duration::Seconds(20);
    offer.queue = {"support"};
    offer.channel = {"chat"};
    return offer;
  }
  AssignmentStarted Assignment(const ConversationId& conversation, bool resumed = false) {
    AssignmentStarted started;
    started.contact = ids_.Next<ContactId>();
    started.conversation = conversation;
    started.token = OfferToken{ids_.NextUuid()};
    started.resumed = resumed;
    return started;
  }

  FixedWallClock clock_;
  IdSource ids_;
  const TenantId tenant_{"demo"};
  const security::SigningKey key_ = *security::SigningKey::Generate();
  rpc::CallGate gate_{std::make_shared<security::TokenVerifier>(key_), [this] { return clock_.Now(); }};
  FakeRoutingClient routing_;
  FakeSessionClient session_;
  rpc::DeadlineTimer timer_;
  rpc::StreamOptions stream_options_;
  std::unique_ptr<AgentGateway> gateway_;
  rpc::MethodTable methods_;
  std::vector<AgentUpdate> rest_;  // what followed the last result
};

}  // namespace meridian
