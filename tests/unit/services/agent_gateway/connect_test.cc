// What an agent's frames are answered with.
#include <functional>

#include "libs/error/error.h"
#include "tests/unit/services/agent_gateway/gateway_world.h"

namespace meridian {
namespace {

class ConnectTest : public GatewayWorld {};

TEST_F(ConnectTest, AttachIsAnsweredByAResultAndThenAttached) {
  auto stream = Connect();
  AgentFrame frame = AttachFrame();
  stream->Send(frame);
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates[0].agent(), "ana");
  EXPECT_EQ(updates[0].result().request_id(), frame.request_id());
  EXPECT_FALSE(updates[0].result().has_error());
  EXPECT_EQ(updates[1].agent(), "ana");
  EXPECT_EQ(updates[1].attached().activity(), "available");
  auto attaches = routing_.AllOf<AttachAgent>();
  ASSERT_EQ(attaches.size(), 1u);
  EXPECT_EQ(attaches[0].agent.value, "ana");
  EXPECT_EQ(attaches[0].attachment.value, updates[1].attached().attachment());
  EXPECT_EQ(attaches[0].gateway, routing_.gateway());
  EXPECT_EQ(attaches[0].activity, Activity::Available());
  EXPECT_EQ(routing_.sent()[0].tenant, tenant_);
  EXPECT_EQ(routing_.sent()[0].command.origin.actor.role, ActorRole::kAgent);
}

TEST_F(ConnectTest, AttachWithoutAnActivityKeepsTheLastOne) {
  auto stream = Connect();
  AgentFrame frame = Frame();
  frame.mutable_attach();
  stream->Send(frame);
  EXPECT_EQ(routing_.AllOf<AttachAgent>().at(0).activity, std::nullopt);
  EXPECT_EQ(stream->Take().at(1).attached().activity(), "");
}

TEST_F(ConnectTest, NumbersRiseWithEachAttach) {
  auto stream = Connect();
  AttachmentNumber first = Attach(*stream);
  AttachmentNumber second = Attach(*stream);
  auto other = Connect();
  AttachmentNumber third = Attach(*other);
  EXPECT_LT(first.value, second.value);
  EXPECT_LT(second.value, third.value);
}

TEST_F(ConnectTest, BadAttachesNameTheirField) {
  auto stream = Connect();
  AgentFrame frame = Frame();
  frame.mutable_attach()->set_activity("Out to lunch");
  EXPECT_EQ(Answer(*stream, frame).error().violations(0).field(), "attach.activity");
  frame = AttachFrame();
  frame.mutable_attach()->add_positions()->set_conversation_id("7");
  EXPECT_EQ(Answer(*stream, frame).error().violations(0).field(), "attach.positions[0].conversation_id");
  EXPECT_TRUE(routing_.sent().empty());
}

TEST_F(ConnectTest, AFailedAttachLeavesNothingAttached) {
  routing_.AnswerWith([](const Command&) { return meridian::Answer{.refusal = Refusal::kUnknownAgent}; });
  auto stream = Connect();
  EXPECT_EQ(ReasonOf(*stream, AttachFrame()), "UNKNOWN_AGENT");
  AgentFrame frame = Frame();
  frame.mutable_set_activity()->set_activity("lunch");
  EXPECT_EQ(ReasonOf(*stream, frame), "NOT_ATTACHED");
  stream->Leave();
  EXPECT_TRUE(routing_.AllOf<DetachAgent>().empty());
}

TEST_F(ConnectTest, AnAttachOfUnknownOutcomeIsUndone) {
  routing_.AnswerWith([](const Command& command) -> absl::StatusOr<meridian::Answer> {
    if (std::holds_alternative<AttachAgent>(command.body)) return absl::UnavailableError("the shard was reloaded");
    return meridian::Answer();
  });
  auto stream = Connect();
  EXPECT_EQ(ReasonOf(*stream, AttachFrame()), "UNAVAILABLE");
  auto detaches = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detaches.size(), 1u);
  EXPECT_EQ(detaches[0].attachment, routing_.AllOf<AttachAgent>()[0].attachment);
}

TEST_F(ConnectTest, ARefusedAttachEndsTheEarlierOneOfItsStream) {
  auto stream = Connect();
  AttachmentNumber earlier = Attach(*stream);
  routing_.AnswerWith([](const Command& command) -> absl::StatusOr<meridian::Answer> {
    if (std::holds_alternative<AttachAgent>(command.body)) return absl::ResourceExhaustedError("the mailbox is full");
    return meridian::Answer();
  });
  EXPECT_EQ(ReasonOf(*stream, AttachFrame()), "OVERLOADED");
  auto detaches = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detaches.size(), 1u) << "routing would go on offering to an agent whom no stream has";
  EXPECT_EQ(detaches[0].attachment, earlier);
  AgentFrame frame = Frame();
  frame.mutable_set_activity()->set_activity("lunch");
  EXPECT_EQ(ReasonOf(*stream, frame), "NOT_ATTACHED");
  routing_.AnswerWith({});
  Attach(*stream);
  stream->Leave();
  EXPECT_EQ(routing_.AllOf<DetachAgent>().size(), 2u);
}

TEST_F(ConnectTest, AnAttachThatIsTakenLeavesTheEarlierOneToRouting) {
  auto stream = Connect();
  Attach(*stream);
  Attach(*stream);
  EXPECT_TRUE(routing_.AllOf<DetachAgent>().empty());
}

TEST_F(ConnectTest, AnAgentActsOnlyAsItsTokenSays) {
  auto alone = Connect();
  EXPECT_EQ(ReasonOf(*alone, AttachFrame("eva")), "AGENT_DENIED");
  auto fleet = Connect(Claims({"bot-1", "bot-2"}));
  EXPECT_EQ(Answer(*fleet, AttachFrame()).error().violations(0).field(), "agent");
  EXPECT_EQ(ReasonOf(*fleet, AttachFrame("bot-3")), "AGENT_DENIED");
  EXPECT_EQ(ReasonOf(*fleet, AttachFrame("ana")), "AGENT_DENIED");
  EXPECT_TRUE(routing_.sent().empty());
  Attach(*fleet, "bot-2");
  auto one = Connect(Claims({"bot-1"}));
  EXPECT_TRUE(Answer(*one, Frame("bot-2")).has_error());
  Attach(*one);
  EXPECT_EQ(routing_.AllOf<AttachAgent>().back().agent.value, "bot-1");
}

// Every command but attach, filled in well.
std::vector<AgentFrame> WorkingFrames(const std::function<AgentFrame()>& fresh, const std::string& contact,
                                      const std::string& token, const std::string& conversation) {
  std::vector<AgentFrame> frames;
  auto add = [&]() -> AgentFrame& { return frames.emplace_back(fresh()); };
  auto fill = [&](auto* part) {
    part->set_contact_id(contact);
    part->set_offer_token(token);
    return part;
  };
  add().mutable_set_activity()->set_activity("lunch");
  fill(add().mutable_accept_offer());
  fill(add().mutable_reject_offer());
  fill(add().mutable_hold_contact());
  fill(add().mutable_resume_contact());
  fill(add().mutable_complete_contact());
  fill(add().mutable_end_wrap_up());
  fill(add().mutable_reclaim());
  fill(add().mutable_transfer_contact())->mutable_next_step();
  add().mutable_read_conversation()->set_conversation_id(conversation);
  AgentFrame& send = add();
  send.mutable_send_message()->set_conversation_id(conversation);
  send.mutable_send_message()->set_client_number(1);
  send.mutable_send_message()->add_parts()->mutable_text()->set_text("Buenos días");
  add().mutable_detach();
  return frames;
}

TEST_F(ConnectTest, NothingGoesThroughBeforeAttaching) {
  auto stream = Connect();
  for (const AgentFrame& frame : WorkingFrames([this] { return Frame(); }, ids_.Next<ContactId>().ToString(),
                                               ids_.NextUuid().ToString(), ids_.Next<ConversationId>().ToString())) {
    EXPECT_EQ(ReasonOf(*stream, frame), "NOT_ATTACHED") << frame.DebugString();
  }
  EXPECT_TRUE(routing_.sent().empty());
  EXPECT_TRUE(session_.appends().empty());
  EXPECT_TRUE(session_.readings().empty());
}

TEST_F(ConnectTest, AttachedEveryCommandIsAnsweredOnceByItsResultAlone) {
  auto stream = Connect();
  AttachmentNumber number = Attach(*stream);
  session_.appended = conversation::Appended{.number = 5};
  for (const AgentFrame& frame : WorkingFrames([this] { return Frame(); }, ids_.Next<ContactId>().ToString(),
                                               ids_.NextUuid().ToString(), ids_.Next<ConversationId>().ToString())) {
    auto result = Answer(*stream, frame);
    EXPECT_FALSE(result.has_error()) << result.DebugString();
    EXPECT_EQ(result.message_number(), frame.has_send_message() ? 5u : 0u);
    EXPECT_TRUE(rest_.empty()) << rest_.front().DebugString();
  }
  EXPECT_EQ(routing_.AllOf<AcceptOffer>().at(0).attachment, number);
  EXPECT_EQ(routing_.AllOf<TransferContact>().at(0).target, TransferTarget::kNextStep);
  EXPECT_EQ(routing_.AllOf<DetachAgent>().at(0).cause, DetachCause::kSignedOff);
  for (const auto& sent : routing_.sent()) EXPECT_EQ(sent.lane, Lane::kLiveWork);
  EXPECT_EQ(session_.appends().at(0).agent.value, "ana");
  EXPECT_EQ(session_.appends().at(0).author, conversation::AuthorKind::kAgent);
}

TEST_F(ConnectTest, OnlyAnActivityNeedsARequestKey) {
  auto stream = Connect();
  Attach(*stream);
  AgentFrame frame = Frame();
  frame.mutable_set_activity()->set_activity("lunch");
  Answer(*stream, frame);
  for (const auto& sent : routing_.sent()) {
    EXPECT_EQ(sent.key.has_value(), std::holds_alternative<SetActivity>(sent.command.body));
    if (sent.key) EXPECT_EQ(sent.key->digest, DigestOfRequest("ana", "ana lunch")) << "subject, agent and activity";
  }
}

TEST_F(ConnectTest, ARefusalIsTheAnswer) {
  auto stream = Connect();
  Attach(*stream);
  routing_.AnswerWith([](const Command&) { return meridian::Answer{.refusal = Refusal::kStaleToken}; });
  AgentFrame frame = Frame();
  frame.mutable_accept_offer()->set_contact_id(ids_.Next<ContactId>().ToString());
  frame.mutable_accept_offer()->set_offer_token(ids_.NextUuid().ToString());
  EXPECT_FALSE(ReasonOf(*stream, frame).empty());
  session_.appended = MakeError(absl::StatusCode::kPermissionDenied, "NO_GRANT", "no grant");
  frame = Frame();
  frame.mutable_send_message()->set_conversation_id(ids_.Next<ConversationId>().ToString());
  frame.mutable_send_message()->set_client_number(1);
  frame.mutable_send_message()->add_parts()->mutable_text()->set_text("hola");
  EXPECT_EQ(ReasonOf(*stream, frame), "NO_GRANT");
}

TEST_F(ConnectTest, WhatRoutingDoesNotKnowYetAfterARestartIsToBeSentAgain) {
  auto stream = Connect();
  Attach(*stream);
  routing_.AnswerWith([](const Command&) { return meridian::Answer{.refusal = Refusal::kNotAttached}; });
  AgentFrame frame = Frame();
  frame.mutable_complete_contact()->set_contact_id(ids_.Next<ContactId>().ToString());
  frame.mutable_complete_contact()->set_offer_token(ids_.NextUuid().ToString());
  const auto result = Answer(*stream, frame);
  EXPECT_EQ(result.error().code(), "UNAVAILABLE");
  EXPECT_EQ(result.error().reason(), "ATTACHING");
  frame = Frame();
  frame.mutable_set_activity()->set_activity("lunch");
  EXPECT_EQ(ReasonOf(*stream, frame), "NOT_ATTACHED") << "its request id has this answer for good";
}

TEST_F(ConnectTest, BadFramesNameTheirField) {
  auto stream = Connect();
  Attach(*stream);
  const std::string conversation = ids_.Next<ConversationId>().ToString();
  struct Case {
    const char* field;
    std::function<void(AgentFrame&)> fill;
  };
  for (const Case& c : {
           Case{"request_id", [](AgentFrame& f) { f.set_request_id("7"); }},
           Case{"request_id", [](AgentFrame& f) { f.set_request_id("019b7693-9c00-4000-8000-000000000001"); }},
           Case{"command", [](AgentFrame&) {}},
           Case{"accept_offer.contact_id", [](AgentFrame& f) { f.mutable_accept_offer(); }},
           Case{"read_conversation.conversation_id", [](AgentFrame& f) { f.mutable_read_conversation(); }},
           Case{"send_message.conversation_id", [](AgentFrame& f) { f.mutable_send_message(); }},
           Case{"send_message.client_number",
                [&](AgentFrame& f) { f.mutable_send_message()->set_conversation_id(conversation); }},
           Case{"send_message.parts",
                [&](AgentFrame& f) {
                  f.mutable_send_message()->set_conversation_id(conversation);
                  f.mutable_send_message()->set_client_number(1);
                }},
           Case{"send_message.parts[0]",
                [&](AgentFrame& f) {
                  f.mutable_send_message()->set_conversation_id(conversation);
                  f.mutable_send_message()->set_client_number(1);
                  f.mutable_send_message()->add_parts();
                }},
       }) {
    AgentFrame frame = Frame();
    c.fill(frame);
    auto result = Answer(*stream, frame);
    ASSERT_GE(result.error().violations_size(), 1) << c.field;
    EXPECT_EQ(result.error().violations(0).field(), c.field);
  }
}

TEST_F(ConnectTest, AHeartbeatIsAnsweredByOneEvenWithoutAnId) {
  auto stream = Connect();
  AgentFrame frame;
  frame.mutable_heartbeat();
  stream->Send(frame);
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_TRUE(updates[0].has_heartbeat());
}

TEST_F(ConnectTest, ATokenIsRenewedOnTheStreamAndSaysWhoMayAttach) {
  auto stream = Connect(Claims({"bot-1"}));
  AgentFrame frame = Frame();
  frame.mutable_refresh_token()->set_token(*security::IssueToken(key_, Claims({"bot-1", "bot-2"}), clock_.Now()));
  EXPECT_FALSE(Answer(*stream, frame).has_error());
  Attach(*stream, "bot-2");
  frame = Frame("bot-2");
  frame.mutable_refresh_token()->set_token("nonsense");
  EXPECT_TRUE(Answer(*stream, frame).has_error());
}

TEST_F(ConnectTest, HalfClosingEndsTheStreamWell) {
  auto stream = Connect();
  Attach(*stream);
  stream->HalfClose();
  EXPECT_EQ(stream->finished(), absl::OkStatus());
  stream->Leave();
  EXPECT_EQ(routing_.AllOf<DetachAgent>().size(), 1u);
}

}  // namespace
}  // namespace meridian
