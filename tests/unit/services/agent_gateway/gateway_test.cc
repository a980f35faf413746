// What reaches agents from routing and session, and what becomes of their attachments.
#include <atomic>
#include <future>

#include "libs/error/error.h"
#include "tests/unit/services/agent_gateway/gateway_world.h"

namespace meridian {
namespace {

class GatewayTest : public GatewayWorld {
 protected:
  std::unique_ptr<AgentStream> AttachedStream() {
    auto stream = Connect();
    number_ = Attach(*stream);
    return stream;
  }
  AttachmentNumber number_;
};

TEST_F(GatewayTest, AnOfferIsShownAndItsDeliveryConfirmed) {
  auto stream = AttachedStream();
  const OfferMade offer = Offer();
  Deliver(number_, offer);
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].agent(), "ana");
  EXPECT_EQ(updates[0].offer_made().offer_token(), offer.token.ToString());
  EXPECT_EQ(updates[0].offer_made().deadline().seconds(), 1'767'225'620);
  auto delivered = routing_.AllOf<OfferDelivered>();
  ASSERT_EQ(delivered.size(), 1u);
  EXPECT_EQ(delivered[0], (OfferDelivered{{"ana"}, number_, offer.contact, offer.token}));
}

TEST_F(GatewayTest, AnOfferThatCannotBeSentIsNotConfirmed) {
  auto stream = AttachedStream();
  stream->HalfClose();
  Deliver(number_, Offer());
  EXPECT_TRUE(routing_.AllOf<OfferDelivered>().empty());
}

TEST_F(GatewayTest, MessagesForAnotherAttachmentAreDropped) {
  auto stream = AttachedStream();
  Deliver({number_.value + 1}, Offer());
  Deliver(number_, Offer(), "eva");
  EXPECT_TRUE(stream->Take().empty());
  EXPECT_TRUE(routing_.AllOf<OfferDelivered>().empty());
}

TEST_F(GatewayTest, AnAssignmentIsReadFromThePositionGivenAtAttach) {
  const auto known = ids_.Next<ConversationId>();
  const auto unknown = ids_.Next<ConversationId>();
  auto stream = Connect();
  AgentFrame frame = AttachFrame();
  auto& position = *frame.mutable_attach()->add_positions();
  position.set_conversation_id(known.ToString());
  position.set_after_number(17);
  stream->Send(frame);
  AttachmentNumber number{stream->Take().at(1).attached().attachment()};
  Deliver(number, Assignment(known, true));
  Deliver(number, Assignment(unknown));
  auto readings = session_.readings();
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_EQ(readings[0].conversation, known);
  EXPECT_EQ(readings[0].after_number, 17u);
  EXPECT_EQ(readings[0].agent.value, "ana");
  EXPECT_EQ(readings[1].conversation, unknown);
  EXPECT_EQ(readings[1].after_number, 0u);
  stream->Take();
  session_.Say(1, 1, "hola");
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].message_received().conversation_id(), unknown.ToString());
  EXPECT_EQ(updates[0].message_received().message().number(), 1u);
}

TEST_F(GatewayTest, ReadingAgainReplacesAReadingAndEndedOnesAreSwept) {
  auto stream = AttachedStream();
  const auto conversation = ids_.Next<ConversationId>();
  Deliver(number_, Assignment(conversation));
  AgentFrame frame = Frame();
  frame.mutable_read_conversation()->set_conversation_id(conversation.ToString());
  frame.mutable_read_conversation()->set_after_number(3);
  EXPECT_FALSE(Answer(*stream, frame).has_error());
  auto readings = session_.readings();
  ASSERT_EQ(readings.size(), 2u);
  EXPECT_FALSE(readings[0].is_open);
  EXPECT_EQ(readings[1].after_number, 3u);
  session_.Tell(1, [](SessionClient::Reader& reader) { reader.OnEnded(absl::OkStatus()); });
  EXPECT_EQ(session_.open_readings(), 1u);
  Deliver(number_, Assignment(ids_.Next<ConversationId>()));
  EXPECT_FALSE(session_.readings()[1].is_open);
  EXPECT_EQ(session_.open_readings(), 1u);
}

TEST_F(GatewayTest, AReadingGoesOnWhereItsShardWasAway) {
  auto stream = AttachedStream();
  const auto conversation = ids_.Next<ConversationId>();
  Deliver(number_, Assignment(conversation));
  session_.Say(0, 1, "uno");
  const auto away = [](SessionClient::Reader& reader) { reader.OnEnded(absl::UnavailableError("no owner")); };
  session_.Tell(0, away);
  ASSERT_TRUE(session_.AwaitReadings(2));
  session_.Tell(1, away);  // and it is still away
  ASSERT_TRUE(session_.AwaitReadings(3));
  EXPECT_EQ(session_.readings()[2].conversation, conversation);
  EXPECT_EQ(session_.readings()[2].after_number, 1u);
  EXPECT_EQ(session_.open_readings(), 1u);
  stream->Take();
  session_.Say(2, 2, "dos");
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].message_received().message().number(), 2u);
}

TEST_F(GatewayTest, SeveralAgentsWorkOnOneStream) {
  auto stream = Connect(Claims({"bot-1", "bot-2"}));
  AttachmentNumber first = Attach(*stream, "bot-1");
  AttachmentNumber second = Attach(*stream, "bot-2");
  Deliver(second, Offer(), "bot-2");
  Deliver(first, Offer(), "bot-1");
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_EQ(updates[0].agent(), "bot-2");
  EXPECT_EQ(updates[1].agent(), "bot-1");
  stream->Leave();
  auto detached = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detached.size(), 2u);
  EXPECT_EQ(detached[0], (DetachAgent{{"bot-1"}, first, DetachCause::kConnectionLost}));
  EXPECT_EQ(detached[1], (DetachAgent{{"bot-2"}, second, DetachCause::kConnectionLost}));
}

TEST_F(GatewayTest, ASecondStreamTakesTheAgentOver) {
  auto first = AttachedStream();
  const auto conversation = ids_.Next<ConversationId>();
  Deliver(number_, Assignment(conversation));
  auto second = Connect();
  AttachmentNumber newer = Attach(*second);
  first->Take();
  Deliver(number_, AttachmentEnded{});
  auto updates = first->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].detached().reason(), agent::v1::Detached::REASON_SUPERSEDED);
  EXPECT_EQ(session_.open_readings(), 0u);
  AgentFrame frame = Frame();
  frame.mutable_read_conversation()->set_conversation_id(conversation.ToString());
  EXPECT_EQ(ReasonOf(*first, frame), "NOT_ATTACHED");
  first->Leave();
  EXPECT_TRUE(routing_.AllOf<DetachAgent>().empty()) << "it is the second stream's agent";
  second->Take();
  Deliver(newer, Offer());
  EXPECT_TRUE(second->Take().at(0).has_offer_made());
}

TEST_F(GatewayTest, AttachingAgainOnTheSameStreamReplacesTheAttachment) {
  auto stream = AttachedStream();
  Deliver(number_, Assignment(ids_.Next<ConversationId>()));
  AttachmentNumber newer = Attach(*stream);
  EXPECT_EQ(session_.open_readings(), 0u);
  Deliver(number_, Offer());
  EXPECT_TRUE(stream->Take().empty());
  Deliver(newer, Offer());
  EXPECT_EQ(stream->Take().size(), 1u);
  stream->Leave();
  auto detached = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detached.size(), 1u);
  EXPECT_EQ(detached[0].attachment, newer);
}

TEST_F(GatewayTest, RoutingIsToldOfASlowReader) {
  stream_options_.backlog = {.frames = 4, .bytes = 1 << 20};
  auto stream = AttachedStream();
  stream->StopReading();
  for (int i = 0; i < 100 && !stream->finished(); ++i) Deliver(number_, Offer());
  stream->Leave();
  auto detached = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detached.size(), 1u);
  EXPECT_EQ(detached[0], (DetachAgent{{"ana"}, number_, DetachCause::kSlowReader}));
}

TEST_F(GatewayTest, RoutingIsToldOfALostStreamUntilItHasHeard) {
  auto stream = AttachedStream();
  auto left = std::make_shared<std::atomic<int>>(3);  // the last answer may come after the test's end
  routing_.AnswerWith([left](const Command&) -> absl::StatusOr<meridian::Answer> {
    if ((*left)-- > 0) return absl::UnavailableError("no owner");
    return meridian::Answer{.refusal = Refusal::kStaleAttachment};  // an answer too
  });
  stream->Leave();
  ASSERT_TRUE(routing_.Await<DetachAgent>(4));
  for (const DetachAgent& detached : routing_.AllOf<DetachAgent>()) {
    EXPECT_EQ(detached, (DetachAgent{{"ana"}, number_, DetachCause::kConnectionLost}));
  }
}

TEST_F(GatewayTest, SigningOffIsToldUntilRoutingHasHeard) {
  auto stream = AttachedStream();
  Deliver(number_, Assignment(ids_.Next<ConversationId>()));
  auto left = std::make_shared<std::atomic<int>>(2);  // the last answer may come after the test's end
  routing_.AnswerWith([left](const Command&) -> absl::StatusOr<meridian::Answer> {
    if ((*left)-- > 0) return absl::UnavailableError("no owner");
    return meridian::Answer();
  });
  AgentFrame frame = Frame();
  frame.mutable_detach();
  EXPECT_EQ(ReasonOf(*stream, frame), "UNAVAILABLE");
  EXPECT_EQ(session_.open_readings(), 0u);
  ASSERT_TRUE(routing_.Await<DetachAgent>(3));
  for (const DetachAgent& detached : routing_.AllOf<DetachAgent>()) {
    EXPECT_EQ(detached, (DetachAgent{{"ana"}, number_, DetachCause::kSignedOff}));
  }
  stream->Leave();
  EXPECT_EQ(routing_.AllOf<DetachAgent>().size(), 3u);
}

TEST_F(GatewayTest, ItGoesWhileRoutingHasNotHeard) {
  routing_.AnswerWith([](const Command& command) -> absl::StatusOr<meridian::Answer> {
    if (std::holds_alternative<DetachAgent>(command.body)) return absl::UnavailableError("no owner");
    return meridian::Answer();
  });
  auto stream = AttachedStream();
  stream->Leave();
  gateway_.reset();
  const size_t told = routing_.AllOf<DetachAgent>().size();
  std::promise<void> later;
  timer_.After(Duration::Milliseconds(150), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_EQ(routing_.AllOf<DetachAgent>().size(), told);
}

TEST_F(GatewayTest, AnAnswerAfterItsEndIsHarmless) {
  auto stream = Connect();
  routing_.HoldAnswers();
  stream->Send(AttachFrame());
  stream->Leave();
  gateway_.reset();
  routing_.ReleaseAnswers();
}

TEST_F(GatewayTest, ANewTermAttachesUnderTheSameNumberAndReadingGoesOn) {
  auto stream = AttachedStream();
  const auto conversation = ids_.Next<ConversationId>();
  AssignmentStarted started = Assignment(conversation);
  Deliver(number_, started);
  session_.Say(0, 1, "hola");
  stream->Take();
  routing_.BeginTerm();
  auto attaches = routing_.AllOf<AttachAgent>();
  ASSERT_EQ(attaches.size(), 2u);
  EXPECT_EQ(attaches[1].attachment, number_);
  EXPECT_EQ(attaches[1].gateway, routing_.gateway());
  EXPECT_EQ(attaches[1].activity, std::nullopt);
  EXPECT_TRUE(stream->Take().empty());
  started.resumed = true;
  Deliver(number_, started);
  EXPECT_EQ(session_.readings().size(), 1u) << "the agent would be sent the same messages again";
  session_.Say(0, 2, "sigo aquí");
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_TRUE(updates[0].assignment_started().resumed());
  EXPECT_EQ(updates[1].message_received().message().number(), 2u);
}

TEST_F(GatewayTest, WhoseAttachmentIsUnderWayIsNotAttachedAgainWithoutItsActivity) {
  auto stream = Connect();
  routing_.HoldAnswers();
  stream->Send(AttachFrame());
  routing_.BeginTerm();
  EXPECT_EQ(routing_.AllOf<AttachAgent>().size(), 1u);
  routing_.ReleaseAnswers();
  routing_.BeginTerm();
  EXPECT_EQ(routing_.AllOf<AttachAgent>().size(), 2u);
}

TEST_F(GatewayTest, WhoCannotBeAttachedAgainIsAskedToConnectAgain) {
  auto stream = AttachedStream();
  routing_.AnswerWith([](const Command&) { return meridian::Answer{.refusal = Refusal::kUnknownAgent}; });
  routing_.BeginTerm();
  ASSERT_TRUE(stream->finished().has_value());
  EXPECT_EQ(stream->finished()->code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(*stream->finished()), "ATTACHMENT_LOST");
}

TEST_F(GatewayTest, WhoLeavesWhileItIsAttachedAgainIsDetached) {
  auto stream = AttachedStream();
  routing_.HoldAnswers();
  routing_.BeginTerm();
  stream->Leave();
  const size_t before = routing_.AllOf<DetachAgent>().size();
  routing_.ReleaseAnswers();
  auto detached = routing_.AllOf<DetachAgent>();
  ASSERT_EQ(detached.size(), before + 1);
  EXPECT_EQ(detached.back().attachment, number_);
}

}  // namespace
}  // namespace meridian
