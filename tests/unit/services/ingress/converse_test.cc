// A customer's frames over one stream.
#include "services/ingress/converse.h"

#include <functional>

#include "libs/error/error.h"
#include "services/ingress/handlers.h"
#include "tests/unit/services/fakes/stream_client.h"
#include "tests/unit/services/ingress/ingress_world.h"

namespace meridian {
namespace {

using Frame = ingress::v1::ConverseRequest;
using Update = ingress::v1::ConverseResponse;
using Stream = StreamClient<Frame, Update>;
using security::Permission;

class ConverseTest : public IngressWorld {
 protected:
  ConverseTest() {
    routing_.Publish(Config("demo", {"https://shop.example"}));
    BindIngress(ports_, methods_);
  }

  std::unique_ptr<Stream> Connect(security::TokenClaims claims) {
    return std::make_unique<Stream>(methods_, gate_, timer_, kConverseMethod, std::move(claims));
  }
  Frame Fresh() {
    Frame frame;
    frame.set_request_id(ids_.NextUuid().ToString());
    return frame;
  }
  Frame WatchFrame(const std::string& conversation, uint64_t after = 0) {
    Frame frame = Fresh();
    frame.mutable_watch_contact()->set_conversation_id(conversation);
    frame.mutable_watch_contact()->set_after_number(after);
    return frame;
  }
  std::string NewConversation() { return ids_.Next<ConversationId>().ToString(); }
  // The one frame that answers.
  ingress::v1::CommandResult Answer(Stream& stream, const Frame& frame) {
    stream.Take();
    stream.Send(frame);
    auto updates = stream.Take();
    EXPECT_EQ(updates.size(), 1u);
    if (updates.empty()) return {};
    EXPECT_EQ(updates[0].result().request_id(), frame.request_id());
    return updates[0].result();
  }

  rpc::CallGate gate_{std::make_shared<security::TokenVerifier>(key_), [this] { return clock_.Now(); }};
  rpc::DeadlineTimer timer_;
  rpc::MethodTable methods_;
};

TEST_F(ConverseTest, SubmitsUnderTheFramesRequestId) {
  security::TokenClaims visitor = Visitor();
  auto stream = Connect(visitor);
  conversation::Submitted submitted;
  submitted.contact = ids_.Next<ContactId>();
  submitted.conversation = *ConversationId::Parse(visitor.session);
  submitted.number = 1;
  session_.submitted = submitted;
  Frame frame = Fresh();
  frame.mutable_submit_contact()->set_channel("chat");
  frame.mutable_submit_contact()->add_parts()->mutable_text()->set_text(
      "Hola, tengo un problema con mi última factura.");
  auto result = Answer(*stream, frame);
  ASSERT_TRUE(result.has_submit_contact()) << result.DebugString();
  EXPECT_EQ(result.submit_contact().contact_id(), submitted.contact.ToString());
  EXPECT_EQ(result.submit_contact().conversation_id(), visitor.session);
  EXPECT_EQ(result.submit_contact().language(), "es");
  EXPECT_EQ(session_.submits().at(0).enqueue_request_id.ToString(), frame.request_id());
  EXPECT_EQ(session_.submits().at(0).origin.actor, (Actor{ActorRole::kCustomer, visitor.session}));
  session_.submitted = MakeError(absl::StatusCode::kResourceExhausted, "QUEUE_FULL", "full");
  EXPECT_EQ(Answer(*stream, frame).error().reason(), "QUEUE_FULL");
  frame.mutable_submit_contact()->set_channel("fax");
  EXPECT_EQ(Answer(*stream, frame).error().violations(0).field(), "channel");
}

TEST_F(ConverseTest, SendsCancelsAndLeaves) {
  security::TokenClaims visitor = Visitor();
  auto stream = Connect(visitor);
  session_.appended = conversation::Appended{.number = 9};
  Frame frame = Fresh();
  frame.mutable_send_message()->set_conversation_id(visitor.session);
  frame.mutable_send_message()->set_client_number(4);
  frame.mutable_send_message()->add_parts()->mutable_text()->set_text("¿Hay alguien?");
  EXPECT_EQ(Answer(*stream, frame).send_message().number(), 9u);
  EXPECT_EQ(session_.appends().at(0).client_number, 4u);
  EXPECT_EQ(session_.appends().at(0).author, conversation::AuthorKind::kCustomer);

  frame = Fresh();
  const auto contact = ids_.Next<ContactId>();
  frame.mutable_cancel_contact()->set_conversation_id(visitor.session);
  frame.mutable_cancel_contact()->set_contact_id(contact.ToString());
  EXPECT_TRUE(Answer(*stream, frame).has_cancel_contact());
  EXPECT_EQ(session_.cancels().at(0).contact, contact);

  frame = Fresh();
  frame.mutable_leave_conversation()->set_conversation_id(visitor.session);
  EXPECT_FALSE(Answer(*stream, frame).has_error());
  EXPECT_EQ(session_.closes().at(0).conversation.ToString(), visitor.session);
  session_.closed = MakeError(absl::StatusCode::kNotFound, "CONVERSATION_NOT_FOUND", "no such conversation");
  EXPECT_EQ(Answer(*stream, frame).error().reason(), "CONVERSATION_NOT_FOUND");
}

TEST_F(ConverseTest, BadFramesNameTheirField) {
  auto stream = Connect(Integrator());
  const std::string conversation = NewConversation();
  struct Case {
    const char* field;
    std::function<void(Frame&)> fill;
  };
  for (const Case& c : {
           Case{"command", [](Frame&) {}},
           Case{"conversation_id", [](Frame& f) { f.mutable_send_message(); }},
           Case{"client_number", [&](Frame& f) { f.mutable_send_message()->set_conversation_id(conversation); }},
           Case{"parts[0]",
                [&](Frame& f) {
                  f.mutable_send_message()->set_conversation_id(conversation);
                  f.mutable_send_message()->add_parts();
                }},
           Case{"conversation_id", [](Frame& f) { f.mutable_watch_contact()->set_conversation_id("7"); }},
           Case{"conversation_id", [](Frame& f) { f.mutable_leave_conversation(); }},
           Case{"conversation_id", [](Frame& f) { f.mutable_cancel_contact(); }},
           Case{"contact_id", [&](Frame& f) { f.mutable_cancel_contact()->set_conversation_id(conversation); }},
       }) {
    Frame frame = Fresh();
    c.fill(frame);
    auto result = Answer(*stream, frame);
    ASSERT_GE(result.error().violations_size(), 1) << c.field;
    EXPECT_EQ(result.error().violations(0).field(), c.field);
  }
  for (const auto& [fill, count] : {std::pair<void (*)(Frame&), int>{[](Frame& f) { f.mutable_cancel_contact(); }, 2},
                                    {[](Frame& f) { f.mutable_send_message(); }, 3}}) {
    Frame frame = Fresh();
    fill(frame);
    EXPECT_EQ(Answer(*stream, frame).error().violations_size(), count) << "each missing field is named";
  }
  EXPECT_TRUE(session_.appends().empty());
  EXPECT_TRUE(session_.readings().empty());
}

TEST_F(ConverseTest, AVisitorStaysInItsOwnConversation) {
  auto stream = Connect(Visitor());
  const std::string other = NewConversation();
  std::vector<Frame> frames(3, Fresh());
  frames[0].mutable_send_message()->set_conversation_id(other);
  frames[1].mutable_leave_conversation()->set_conversation_id(other);
  frames[2].mutable_watch_contact()->set_conversation_id(other);
  for (const Frame& frame : frames) EXPECT_EQ(Answer(*stream, frame).error().reason(), "SESSION_DENIED");
  EXPECT_TRUE(session_.readings().empty());
}

TEST_F(ConverseTest, EachFrameNeedsItsOwnPermission) {
  struct Case {
    Permission permission;
    std::function<void(Frame&)> fill;
  };
  const Case kCases[] = {{Permission::kContactsSubmit, [](Frame& f) { f.mutable_submit_contact(); }},
                         {Permission::kContactsTalk, [](Frame& f) { f.mutable_send_message(); }},
                         {Permission::kContactsTalk, [](Frame& f) { f.mutable_watch_contact(); }},
                         {Permission::kContactsTalk, [](Frame& f) { f.mutable_leave_conversation(); }},
                         {Permission::kContactsCancel, [](Frame& f) { f.mutable_cancel_contact(); }}};
  for (Permission held : {Permission::kContactsSubmit, Permission::kContactsTalk, Permission::kContactsCancel}) {
    security::TokenClaims claims = Integrator();
    claims.permissions = {held};
    auto stream = Connect(claims);
    for (const Case& c : kCases) {
      Frame frame = Fresh();
      c.fill(frame);
      const auto code = Answer(*stream, frame).error().code();
      EXPECT_EQ(code == "PERMISSION_DENIED", held != c.permission) << frame.DebugString() << code;
    }
  }
}

TEST_F(ConverseTest, AWatchIsAnsweredAndThenShowsTheConversation) {
  auto stream = Connect(Integrator());
  const std::string conversation = NewConversation();
  EXPECT_FALSE(Answer(*stream, WatchFrame(conversation, 3)).has_error());
  ASSERT_EQ(session_.readings().size(), 1u);
  EXPECT_EQ(session_.readings()[0].after_number, 3u);
  EXPECT_EQ(session_.readings()[0].agent.value, "");
  session_.Say(0, 4, "hola");
  session_.Tell(0, [](SessionClient::Reader& reader) {
    reader.OnCaughtUp(4);
    reader.OnStatus({});
  });
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 3u);
  EXPECT_EQ(updates[0].watch().message().number(), 4u);
  EXPECT_EQ(updates[1].watch().caught_up().last_number(), 4u);
  EXPECT_TRUE(updates[2].watch().has_status());
  stream->Leave();
  EXPECT_EQ(session_.open_readings(), 0u);
}

TEST_F(ConverseTest, AWatchThatFailsLaterIsToldByAResult) {
  auto stream = Connect(Integrator());
  const Frame frame = WatchFrame(NewConversation());
  Answer(*stream, frame);
  session_.Tell(0, [](SessionClient::Reader& reader) {
    reader.OnEnded(MakeError(absl::StatusCode::kNotFound, "CONVERSATION_NOT_FOUND", "no such conversation"));
  });
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 1u);
  EXPECT_EQ(updates[0].result().request_id(), frame.request_id());
  EXPECT_EQ(updates[0].result().error().reason(), "CONVERSATION_NOT_FOUND");
}

TEST_F(ConverseTest, WatchesSeveralConversationsAndANewWatchReplacesItsOwn) {
  auto stream = Connect(Integrator());
  const std::string first = NewConversation();
  Answer(*stream, WatchFrame(first));
  Answer(*stream, WatchFrame(NewConversation()));
  EXPECT_EQ(session_.open_readings(), 2u);
  Answer(*stream, WatchFrame(first, 7));
  auto readings = session_.readings();
  ASSERT_EQ(readings.size(), 3u);
  EXPECT_FALSE(readings[0].is_open);
  EXPECT_TRUE(readings[1].is_open);
  EXPECT_EQ(readings[2].after_number, 7u);
}

TEST_F(ConverseTest, WatchesAtMostFourAtATime) {
  auto stream = Connect(Integrator());
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(Answer(*stream, WatchFrame(NewConversation())).has_error());
  EXPECT_EQ(Answer(*stream, WatchFrame(NewConversation())).error().reason(), "TOO_MANY_WATCHES");
  session_.Tell(2, [](SessionClient::Reader& reader) { reader.OnEnded(absl::OkStatus()); });
  EXPECT_FALSE(Answer(*stream, WatchFrame(NewConversation())).has_error()) << "one has ended";
  EXPECT_EQ(session_.open_readings(), 4u);
}

TEST_F(ConverseTest, RenewsAVisitorsTokenFiveMinutesBeforeItsEnd) {
  const security::TokenClaims visitor = Visitor();
  auto stream = Connect(visitor);
  Answer(*stream, WatchFrame(visitor.session));
  Frame heartbeat;
  heartbeat.mutable_heartbeat();
  clock_.Advance(Duration::Minutes(10) - Duration::Seconds(1));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 1u);
  clock_.Advance(Duration::Seconds(1));
  stream->Send(heartbeat);
  auto updates = stream->Take();
  ASSERT_EQ(updates.size(), 2u);
  EXPECT_TRUE(updates[1].has_heartbeat());
  auto renewed = security::TokenVerifier(key_).Verify(updates[0].token_renewed().token(), clock_.Now());
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ((*renewed)->session, visitor.session);
  EXPECT_EQ((*renewed)->subject, visitor.subject);
  EXPECT_EQ((*renewed)->origin, visitor.origin);
  EXPECT_EQ((*renewed)->permissions, visitor.permissions);
  EXPECT_EQ((*renewed)->expires_at, clock_.Now() + Duration::Minutes(15));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 1u) << "not again until the new one nears its end";
  clock_.Advance(Duration::Minutes(11));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 2u);
}

TEST_F(ConverseTest, AVisitorsTokenIsRenewedOnlyWhileItsSessionLives) {
  const security::TokenClaims visitor = Visitor();
  auto stream = Connect(visitor);
  Answer(*stream, WatchFrame(visitor.session));
  Frame heartbeat;
  heartbeat.mutable_heartbeat();
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(Duration::Minutes(11));
    stream->Send(heartbeat);
    EXPECT_EQ(stream->Take().size(), 2u);
  }
  session_.Tell(0, [](SessionClient::Reader& reader) { reader.OnEnded(absl::OkStatus()); });
  clock_.Advance(Duration::Minutes(11));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 1u) << "the conversation has closed";
}

TEST_F(ConverseTest, AVisitorWhoHasNotWrittenIsRenewedInItsFirstQuarterOfAnHour) {
  auto stream = Connect(Visitor());
  Frame heartbeat;
  heartbeat.mutable_heartbeat();
  clock_.Advance(Duration::Minutes(14));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 2u);
  clock_.Advance(Duration::Minutes(11));
  stream->Send(heartbeat);
  EXPECT_EQ(stream->Take().size(), 1u);
}

TEST_F(ConverseTest, AnIntegratorRenewsItsTokenItself) {
  security::TokenClaims claims = Integrator();
  claims.expires_at = clock_.Now() + Duration::Minutes(1);
  auto stream = Connect(claims);
  Frame frame = Fresh();
  frame.mutable_refresh_token()->set_token(*security::IssueToken(key_, Integrator(), clock_.Now()));
  EXPECT_FALSE(Answer(*stream, frame).has_error());
  claims.subject = "somebody-else";
  frame.mutable_refresh_token()->set_token(*security::IssueToken(key_, claims, clock_.Now()));
  EXPECT_EQ(Answer(*stream, frame).error().reason(), "TOKEN_OF_ANOTHER");
}

TEST_F(ConverseTest, HalfClosingEndsTheStreamWell) {
  auto stream = Connect(Integrator());
  stream->HalfClose();
  EXPECT_EQ(stream->finished(), absl::OkStatus());
}

}  // namespace
}  // namespace meridian
