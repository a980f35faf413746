// Processes that own shards die, and with them what the store had acknowledged last: the processes that called them
// still have it.
#include "libs/testing/await.h"
#include "tests/integration/processes/processes_fixture.h"

namespace meridian {
namespace {

// Over a store that forgets, all at once, what a process that died had acknowledged.
class LostTailProcessesTest : public ProcessesTest {
 protected:
  LostTailProcessesTest() : ProcessesTest({false, &clock_, 100000}) { way_.SetMayLoseTail(true); }

  // A customer's contact, accepted by ana, with three messages.
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(ProcessesTest::SetUp());
    Publish();
    client_ = Client(gateway_at_->grpc(), security::Role::kAgent, "ana");
    ana_ = AttachAna(*client_);
    Next(*ana_, agent::v1::ConnectResponse::kAttached);
    before_ = {Commits(kRouting), Commits(kSession)};
    const auto submitted = Submit("+34600111666");
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    submitted_ = *submitted;
    Answer(*ana_, Next(*ana_, agent::v1::ConnectResponse::kOfferMade).offer_made());
    Next(*ana_, agent::v1::ConnectResponse::kMessageReceived);
    agent::v1::ConnectRequest say;
    say.set_request_id(NewId());
    say.mutable_send_message()->set_conversation_id(submitted_.conversation_id());
    say.mutable_send_message()->set_client_number(1);
    say.mutable_send_message()->add_parts()->mutable_text()->set_text("Buenos dias");
    EXPECT_TRUE(ana_->Write(say));
    Next(*ana_, agent::v1::ConnectResponse::kMessageReceived);
    ingress::v1::SendMessageRequest question;
    question.set_conversation_id(submitted_.conversation_id());
    question.set_client_number(2);
    question.add_parts()->mutable_text()->set_text("Sigue ahi?");
    ingress::v1::SendMessageResponse sent;
    const absl::Status said = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop")
                                  ->Call("/meridian.ingress.v1.IngressService/SendMessage", question, &sent);
    ASSERT_TRUE(said.ok()) << said;
  }
  void TearDown() override {
    ana_->Cancel();
    for (auto* service : {&next_session_, &next_routing_}) {
      if (*service != nullptr) (*service)->Drain(Duration::Seconds(10));
      *service = nullptr;
    }
    ProcessesTest::TearDown();
  }

  uint64_t Commits(ShardId shard) {
    return testing::Await<ChainHead>([&](auto done) {
             store_.LastCommit(shard,
                               [done = std::move(done)](absl::StatusOr<ChainHead> head) mutable { done(*head); });
           })
        .number;
  }
  void LoseTail(ShardId shard, uint64_t before) {
    const uint64_t lost = Commits(shard) - before;
    ASSERT_GT(lost, 0U);
    ASSERT_EQ(store_.LoseTail(shard, lost), lost);
  }
  void RoutingDies() {
    routing_ = nullptr;
    ASSERT_NO_FATAL_FAILURE(LoseTail(kRouting, before_.first));
  }
  void SessionDies() {
    session_ = nullptr;
    ASSERT_NO_FATAL_FAILURE(LoseTail(kSession, before_.second));
  }
  void StartNextRouting() {
    auto routing = AssembleRouting({process_}, next_routing_at_.environment(), process_.opened);
    ASSERT_TRUE(routing.ok()) << routing.status();
    next_routing_ = *std::move(routing);
  }
  void StartNextSession() {
    auto session = AssembleSessionProcess({process_}, next_session_at_.environment(), process_.opened);
    ASSERT_TRUE(session.ok()) << session.status();
    next_session_ = *std::move(session);
  }
  // Until it is answered.
  template <class Request, class Response>
  absl::Status Insist(rpc::Client& client, const std::string& method, const Request& request, Response* response) {
    absl::Status last;
    for (const MonotonicInstant until = clock_.Now() + Duration::Seconds(60); clock_.Now() < until;) {
      last = client.Call(method, request, response);
      if (last.ok()) return last;
    }
    return last;
  }
  // As the contact stands in the first list that the next owner gives.
  std::string AgentOfTheContact() {
    admin::v1::ListContactsResponse contacts;
    const auto olga = Client(admin_at_.grpc(), security::Role::kAdmin, "olga");
    const absl::Status listed =
        Insist(*olga, "/meridian.admin.v1.AdminService/ListContacts", admin::v1::ListContactsRequest(), &contacts);
    if (!listed.ok()) return listed.ToString();
    for (const auto& contact : contacts.contacts()) {
      if (contact.contact_id() == submitted_.contact_id()) return contact.agent();
    }
    return "lost";
  }
  std::vector<std::string> Texts() {
    session::v1::ListMessagesRequest list;
    list.set_conversation_id(submitted_.conversation_id());
    session::v1::ListMessagesResponse listed;
    const auto shop = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop");
    const absl::Status read = Insist(*shop, "/meridian.session.v1.SessionService/ListMessages", list, &listed);
    if (!read.ok()) return {read.ToString()};
    std::vector<std::string> texts;
    for (const auto& message : listed.messages()) texts.push_back(message.parts(0).text().text());
    return texts;
  }

  const ShardId kRouting{ShardKind::kRouting, FirstShardOf(TenantId{"demo"}, 16)};
  const ShardId kSession{ShardKind::kSession, FirstShardOf(TenantId{"demo"}, 16)};
  const std::vector<std::string> kTexts{"Hola", "Buenos dias", "Sigue ahi?"};
  const SystemMonotonicClock clock_;
  std::unique_ptr<rpc::Client> client_;
  std::unique_ptr<rpc::ClientStream> ana_;
  std::pair<uint64_t, uint64_t> before_;
  ingress::v1::SubmitContactResponse submitted_;
  Surroundings next_routing_at_{"routing-2"}, next_session_at_{"session-2"};
  std::unique_ptr<Service> next_routing_, next_session_;
};

TEST_F(LostTailProcessesTest, WhatRoutingHadAcknowledgedItsCallersBringToTheNextOwner) {
  ASSERT_NO_FATAL_FAILURE(RoutingDies());
  ASSERT_NO_FATAL_FAILURE(StartNextRouting());
  EXPECT_EQ(AgentOfTheContact(), "ana");
  EXPECT_EQ(Texts(), kTexts);
}

TEST_F(LostTailProcessesTest, WhatSessionHadAcknowledgedItsCallersBringToTheNextOwner) {
  ASSERT_NO_FATAL_FAILURE(SessionDies());
  ASSERT_NO_FATAL_FAILURE(StartNextSession());
  EXPECT_EQ(Texts(), kTexts);
  EXPECT_EQ(AgentOfTheContact(), "ana");
}

// Session's process kept what routing had acknowledged to it: session's customers bring the contact there, and session
// to routing.
TEST_F(LostTailProcessesTest, WhenBothDieTheContactAndWhatWasSaidAreThere) {
  ASSERT_NO_FATAL_FAILURE(RoutingDies());
  ASSERT_NO_FATAL_FAILURE(SessionDies());
  ASSERT_NO_FATAL_FAILURE(StartNextRouting());
  ASSERT_NO_FATAL_FAILURE(StartNextSession());
  EXPECT_EQ(Texts(), kTexts);
  std::string agent = AgentOfTheContact();
  for (const MonotonicInstant until = clock_.Now() + Duration::Seconds(60); agent == "lost" && clock_.Now() < until;) {
    agent = AgentOfTheContact();
  }
  EXPECT_NE(agent, "lost");
}

}  // namespace
}  // namespace meridian
