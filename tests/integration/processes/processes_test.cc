// The services as their processes are assembled, each with an environment of its own, over one store: a contact
// goes from its submission to its completion through their public calls, also while the links between them break.
#include "tests/integration/processes/processes_fixture.h"

namespace meridian {
namespace {

TEST_F(ProcessesTest, AContactIsServedFromItsSubmissionToItsCompletion) {
  Publish();
  const auto client = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
  const auto ana = AttachAna(*client);
  Next(*ana, agent::v1::ConnectResponse::kAttached);
  const auto submitted = Submit("+34600111222");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  const auto offer = Next(*ana, agent::v1::ConnectResponse::kOfferMade).offer_made();
  EXPECT_EQ(offer.contact().contact_id(), submitted->contact_id());
  Answer(*ana, offer);
  Next(*ana, agent::v1::ConnectResponse::kAssignmentStarted);
  EXPECT_EQ(
      Next(*ana, agent::v1::ConnectResponse::kMessageReceived).message_received().message().parts(0).text().text(),
      "Hola");

  agent::v1::ConnectRequest say;
  say.set_request_id(NewId());
  say.mutable_send_message()->set_conversation_id(submitted->conversation_id());
  say.mutable_send_message()->set_client_number(1);
  say.mutable_send_message()->add_parts()->mutable_text()->set_text("Buenos dias");
  EXPECT_TRUE(ana->Write(say));
  EXPECT_EQ(Next(*ana, agent::v1::ConnectResponse::kMessageReceived).message_received().message().number(), 2u);

  session::v1::ListMessagesRequest list;
  list.set_conversation_id(submitted->conversation_id());
  session::v1::ListMessagesResponse listed;
  const absl::Status read = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop")
                                ->Call("/meridian.session.v1.SessionService/ListMessages", list, &listed);
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_EQ(listed.messages_size(), 2);

  agent::v1::ConnectRequest complete;
  complete.set_request_id(NewId());
  complete.mutable_complete_contact()->set_contact_id(offer.contact().contact_id());
  complete.mutable_complete_contact()->set_offer_token(offer.offer_token());
  EXPECT_TRUE(ana->Write(complete));
  Next(*ana, agent::v1::ConnectResponse::kAssignmentEnded);
}

// What the replicator reads was written by the processes of routing and session.
TEST_F(ProcessesTest, TheReplicatorServesEventsAndHistoryOfShardsThatOthersOwn) {
  Publish();
  const auto submitted = Submit("+34600111444");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  ingress::v1::CancelContactRequest cancel;
  cancel.set_contact_id(submitted->contact_id());
  cancel.set_conversation_id(submitted->conversation_id());
  ingress::v1::CancelContactResponse canceled;
  const absl::Status status = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop")
                                  ->Call("/meridian.ingress.v1.IngressService/CancelContact", cancel, &canceled);
  ASSERT_TRUE(status.ok()) << status;

  const auto reader = Client(replicator_at_.grpc(), security::Role::kAdmin, "olga");
  event::v1::StreamRequest request;
  request.add_topics(event::v1::TOPIC_CONTACT);
  const auto stream = reader->OpenStream("/meridian.event.v1.EventService/Stream");
  ASSERT_TRUE(stream->Write(request));
  stream->HalfClose();
  std::vector<event::v1::Event> events;
  event::v1::StreamResponse frame;
  while ((events.empty() || !events.back().has_contact_ended()) && stream->Read(&frame)) {
    events.insert(events.end(), frame.events().begin(), frame.events().end());
  }
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back().entity(), submitted->contact_id());

  admin::v1::GetContactTimelineRequest asked;
  asked.set_contact_id(submitted->contact_id());
  admin::v1::GetContactTimelineResponse timeline;
  absl::Status told;
  for (int tries = 0; tries < 10000 && timeline.events_size() < 2; ++tries) {
    told = reader->Call("/meridian.admin.v1.HistoryService/GetContactTimeline", asked, &timeline);
  }
  EXPECT_GE(timeline.events_size(), 2) << told;
}

TEST_F(ProcessesTest, AGatewayThatDiesLosesNoAssignment) {
  Publish();
  agent::v1::OfferMade offer;
  {
    const auto client = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
    const auto ana = AttachAna(*client);
    Next(*ana, agent::v1::ConnectResponse::kAttached);
    ASSERT_TRUE(Submit("+34600111333").ok());
    offer = Next(*ana, agent::v1::ConnectResponse::kOfferMade).offer_made();
    Answer(*ana, offer);
    Next(*ana, agent::v1::ConnectResponse::kAssignmentStarted);
    StartGateway();
  }
  const auto client = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
  const auto ana = AttachAna(*client);
  const auto again = Next(*ana, agent::v1::ConnectResponse::kAssignmentStarted).assignment_started();
  EXPECT_EQ(again.contact().contact_id(), offer.contact().contact_id());
  EXPECT_TRUE(again.resumed());
}

TEST_F(ProcessesTest, ATenantIsServedWhereItWasAssignedBeforeItCame) {
  // No shards that tenants are on by themselves: the session shard has to follow another log than it does so far.
  const TenantId demo{"demo"};
  const uint32_t by_itself = FirstShardOf(demo, 16);
  TenantShards shards{{ShardKind::kRouting, (by_itself + 3) % 16}, {{ShardKind::kSession, (by_itself + 5) % 16}}, 0};
  const auto assigned =
      testing::Await<absl::StatusOr<TenantShards>>([&](auto done) { store_.Assign(demo, shards, std::move(done)); });
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  Publish();
  const auto client = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
  const auto ana = AttachAna(*client);
  Next(*ana, agent::v1::ConnectResponse::kAttached);
  const auto submitted = Submit("+34600111444");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  Answer(*ana, Next(*ana, agent::v1::ConnectResponse::kOfferMade).offer_made());
  // What the agent reads depends on the grant that the session read in routing's log.
  EXPECT_EQ(
      Next(*ana, agent::v1::ConnectResponse::kMessageReceived).message_received().message().parts(0).text().text(),
      "Hola");
  const auto used = testing::Await<ChainHead>([&](auto done) {
    store_.LastCommit(shards.routing,
                      [done = std::move(done)](absl::StatusOr<ChainHead> head) mutable { done(*head); });
  });
  EXPECT_GT(used.number, 1U);
}

TEST_F(ProcessesTest, AProcessOfAnotherRegionTakesNothing) {
  Surroundings elsewhere("routing-2");
  ServiceProcessOptions other = process_;
  other.region = "other";
  const auto routing = AssembleRouting({other}, elsewhere.environment(), process_.opened);
  EXPECT_TRUE(absl::IsFailedPrecondition(routing.status())) << routing.status();
  EXPECT_NE(routing.status().message().find("the store is of region"), std::string::npos) << routing.status();
}

TEST_F(ProcessesTest, AConversationGoesOnWhileItsShardsAreHandedOver) {
  Publish();
  const auto client = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
  const auto ana = AttachAna(*client);
  Next(*ana, agent::v1::ConnectResponse::kAttached);
  const auto submitted = Submit("+34600111555");
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  const auto offer = Next(*ana, agent::v1::ConnectResponse::kOfferMade).offer_made();
  Answer(*ana, offer);
  Next(*ana, agent::v1::ConnectResponse::kMessageReceived);

  Surroundings second_routing_at("routing-2"), second_session_at("session-2");
  auto second_routing = AssembleRouting({process_}, second_routing_at.environment(), process_.opened);
  ASSERT_TRUE(second_routing.ok()) << second_routing.status();
  auto second_session = AssembleSessionProcess({process_}, second_session_at.environment(), process_.opened);
  ASSERT_TRUE(second_session.ok()) << second_session.status();
  for (auto* service : {&session_, &routing_}) {
    (*service)->Drain(Duration::Seconds(10));
    *service = nullptr;
  }
  const auto view =
      testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { store_.placement().View(std::move(done)); });
  for (const ShardProcess& process : view->processes) EXPECT_EQ(process.serving.size(), 16U) << process.address;

  ingress::v1::SendMessageRequest question;
  question.set_conversation_id(submitted->conversation_id());
  question.set_client_number(2);
  question.add_parts()->mutable_text()->set_text("Sigue ahi?");
  ingress::v1::SendMessageResponse sent;
  const absl::Status said = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop")
                                ->Call("/meridian.ingress.v1.IngressService/SendMessage", question, &sent);
  ASSERT_TRUE(said.ok()) << said;
  EXPECT_EQ(sent.number(), 2U);
  EXPECT_EQ(Next(*ana, agent::v1::ConnectResponse::kMessageReceived).message_received().message().number(), 2U);
  agent::v1::ConnectRequest complete;
  complete.set_request_id(NewId());
  complete.mutable_complete_contact()->set_contact_id(offer.contact().contact_id());
  complete.mutable_complete_contact()->set_offer_token(offer.offer_token());
  EXPECT_TRUE(ana->Write(complete));
  Next(*ana, agent::v1::ConnectResponse::kAssignmentEnded);
  ana->Cancel();
  for (auto* service : {&*second_session, &*second_routing}) (*service)->Drain(Duration::Seconds(10));
}

}  // namespace
}  // namespace meridian
