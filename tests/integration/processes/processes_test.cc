// The services as their processes are assembled, each with an environment of its own, over one store: a contact
// goes from its submission to its completion through their public calls, also while the links between them break.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "libs/placement/placed_shard_map.h"
#include "libs/rpc/client.h"
#include "libs/security/token_issuer.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/testing/temporary_folder.h"
#include "meridian/admin/v1/admin_service.pb.h"
#include "meridian/admin/v1/history_service.pb.h"
#include "meridian/agent/v1/agent_service.pb.h"
#include "meridian/event/v1/event_service.pb.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "meridian/session/v1/session_service.pb.h"
#include "services/admin/assemble.h"
#include "services/agent_gateway/assemble.h"
#include "services/ingress/assemble.h"
#include "services/replicator/assemble.h"
#include "services/routing/assemble.h"
#include "services/session/session_process.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

class NoStop final : public StopRequest {
 public:
  void Stop(absl::Status why) override { ADD_FAILURE() << why; }
};

// What app::Run gives a process.
class Surroundings {
 public:
  explicit Surroundings(const std::string& name)
      : data_(*DataDirectory::Open(folder_.path())),
        log_(*Log::Open({.service = name, .level = LogLevel::kOff, .file = ""})),
        environment_{.service = name,
                     .monotonic_clock = monotonic_,
                     .wall_clock = wall_,
                     .seed = 7 + std::hash<std::string>()(name),
                     .metrics = metrics_,
                     .log = *log_,
                     .data = *data_,
                     .listeners = listeners_,
                     .stop = stop_} {}
  Environment& environment() { return environment_; }
  std::string grpc() { return listeners_.announced().at("grpc"); }

 private:
  testing::TemporaryFolder folder_;
  const SystemMonotonicClock monotonic_;
  const SystemWallClock wall_;
  Metrics metrics_;
  std::unique_ptr<DataDirectory> data_;
  std::unique_ptr<Log> log_;
  Listeners listeners_{"127.0.0.1", 0, 0};
  NoStop stop_;
  Environment environment_;
};

class ProcessesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ServiceProcessOptions process;
    process.keys = keys_.path();
    SharedStore store = SharedStore::Of(&store_, &store_.leases());
    store.placement = &store_.placement();
    auto routing = AssembleRouting({process}, routing_at_.environment(), store);
    ASSERT_TRUE(routing.ok()) << routing.status();
    routing_ = *std::move(routing);
    auto session = AssembleSessionProcess({process}, session_at_.environment(), store);
    ASSERT_TRUE(session.ok()) << session.status();
    session_ = *std::move(session);
    process.opened = store;
    process.pages = pages_.path();
    process_ = process;
    auto ingress = AssembleIngress({.process = process}, ingress_at_.environment());
    ASSERT_TRUE(ingress.ok()) << ingress.status();
    ingress_ = *std::move(ingress);
    StartGateway();
    auto admin = AssembleAdmin({process}, admin_at_.environment());
    ASSERT_TRUE(admin.ok()) << admin.status();
    admin_ = *std::move(admin);
    auto replicator = AssembleReplicator({process}, replicator_at_.environment(), store);
    ASSERT_TRUE(replicator.ok()) << replicator.status();
    replicator_ = *std::move(replicator);
  }
  void TearDown() override {
    for (auto* service : {&replicator_, &admin_, &gateway_, &ingress_, &session_, &routing_}) {
      if (*service != nullptr) (*service)->Drain(Duration::Seconds(10));
      *service = nullptr;
    }
  }

  void StartGateway() {
    gateway_ = nullptr;
    gateway_at_ = std::make_unique<Surroundings>("agent_gateway");
    auto gateway = AssembleAgentGateway({process_}, gateway_at_->environment());
    ASSERT_TRUE(gateway.ok()) << gateway.status();
    gateway_ = *std::move(gateway);
  }
  std::unique_ptr<rpc::Client> Client(const std::string& target, security::Role role, const std::string& subject) {
    const auto key = *security::SigningKey::LoadOrCreate(keys_.path());
    const SystemWallClock wall;
    return rpc::Client::Connect(
        {.target = target,
         .token = *security::IssueToken(key, {.tenant = "demo", .subject = subject, .role = role}, wall.Now())});
  }
  static std::string NewId() {
    const SystemWallClock wall;
    static std::atomic<uint64_t> last{0};
    return Uuid::Version7(wall.Now().ToUnixMilliseconds(), 1, ++last).ToString();
  }
  void Publish() {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(NewId());
    *request.mutable_config() = testing::DemoConfig();
    admin::v1::ApplyConfigResponse response;
    const absl::Status applied = Client(admin_at_.grpc(), security::Role::kAdmin, "olga")
                                     ->Call("/meridian.admin.v1.AdminService/ApplyConfig", request, &response);
    ASSERT_TRUE(applied.ok()) << applied;
    EXPECT_TRUE(response.published());
  }
  // Ingress hears of the configuration a moment later.
  absl::StatusOr<ingress::v1::SubmitContactResponse> Submit(const std::string& address) {
    ingress::v1::SubmitContactRequest request;
    request.set_request_id(NewId());
    request.set_channel("chat");
    request.set_locale("es");
    request.mutable_identity()->set_kind("web");
    request.mutable_identity()->set_address(address);
    request.set_client_number(1);
    request.add_parts()->mutable_text()->set_text("Hola");
    const auto client = Client(ingress_at_.grpc(), security::Role::kIntegrator, "shop");
    absl::Status last;
    for (int tries = 0; tries < 2000; ++tries) {
      ingress::v1::SubmitContactResponse response;
      last = client->Call("/meridian.ingress.v1.IngressService/SubmitContact", request, &response);
      if (last.ok()) return response;
      std::this_thread::yield();
    }
    return last;
  }
  // The next frame of a kind; others are passed over.
  static agent::v1::ConnectResponse Next(rpc::ClientStream& stream, agent::v1::ConnectResponse::UpdateCase kind) {
    agent::v1::ConnectResponse frame;
    while (stream.Read(&frame)) {
      if (frame.update_case() == kind) return frame;
    }
    ADD_FAILURE() << "the stream ended: " << stream.Finish();
    return {};
  }
  std::unique_ptr<rpc::ClientStream> AttachAna(rpc::Client& client) {
    auto stream = client.OpenStream("/meridian.agent.v1.AgentService/Connect");
    agent::v1::ConnectRequest attach;
    attach.set_request_id(NewId());
    attach.mutable_attach()->set_activity("available");
    EXPECT_TRUE(stream->Write(attach));
    return stream;
  }
  static void Answer(rpc::ClientStream& stream, const agent::v1::OfferMade& offer) {
    agent::v1::ConnectRequest accept;
    accept.set_request_id(NewId());
    accept.mutable_accept_offer()->set_contact_id(offer.contact().contact_id());
    accept.mutable_accept_offer()->set_offer_token(offer.offer_token());
    EXPECT_TRUE(stream.Write(accept));
  }

  testing::TemporaryFolder keys_, pages_;
  MemoryStore store_;
  ServiceProcessOptions process_;
  Surroundings routing_at_{"routing"}, session_at_{"session"}, ingress_at_{"ingress"}, admin_at_{"admin"},
      replicator_at_{"replicator"};
  std::unique_ptr<Surroundings> gateway_at_;
  std::unique_ptr<Service> routing_, session_, ingress_, gateway_, admin_, replicator_;
};

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
  // Who leaves waits for the shards that it gave away now, not for those that it had given away before.
  const auto serve_all = [&] {
    const auto view =
        testing::Await<absl::StatusOr<PlacementView>>([&](auto done) { store_.placement().View(std::move(done)); });
    return std::ranges::all_of(view->processes, [](const auto& process) { return process.serving.size() == 16; });
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!serve_all() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_TRUE(serve_all());

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
