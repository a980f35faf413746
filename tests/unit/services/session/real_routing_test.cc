// Session and routing as they are, on threads of their own over one SQLite file: a conversation from its first message,
// through offer and accept, to both sides talking; then the process starts anew and nobody has lost anything.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "libs/runtime/clock.h"
#include "libs/store/sqlite_store.h"
#include "libs/testing/await.h"
#include "libs/testing/temporary_folder.h"
#include "services/routing/routing_service.h"
#include "services/session/assemble.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
const AgentId kAna{"ana"};
const GatewayKey kGateway{"gateway-1"};

admin::v1::TenantConfig Config() {
  admin::v1::TenantConfig config;
  config.set_tenant(kTenant.value);
  config.add_channels()->set_name("chat");
  config.add_queues()->set_name("support");
  auto* plan = config.add_plans();
  plan->set_name("default");
  auto* rule = plan->add_rules();
  rule->set_name("all");
  rule->set_queue("support");
  rule->add_steps();
  auto* agent = config.add_agents();
  agent->set_name(kAna.value);
  agent->set_display_name("Ana Ruiz");
  agent->set_time_zone("Europe/Madrid");
  agent->set_capacity(2);
  (*agent->mutable_channels())["chat"] = 2;
  (*agent->mutable_languages())["es"] = type::v1::LANGUAGE_LEVEL_NATIVE;
  return config;
}

// What other threads said, to be waited for.
class Heard final : public SessionClient::Reader {
 public:
  void OnMessage(const type::v1::Message& message) override { Add(message.parts(0).text().text()); }
  void OnCaughtUp(uint64_t) override {}
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    Add(type::v1::ContactState_Name(status.state()) + " " + status.agent_name());
  }
  void OnEnded(const absl::Status& status) override { Add("ended " + status.ToString()); }
  void Add(std::string line) {
    std::lock_guard<std::mutex> lock(mutex_);
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  bool Waits(const std::string& line, int times = 1) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30),
                             [&] { return std::count(lines_.begin(), lines_.end(), line) == times; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

class Installation {
 public:
  Installation(const std::string& folder, uint64_t seed) {
    SqliteOptions options;
    options.path = folder + "/meridian.db";
    options.wall = &wall_;
    options.monotonic = &monotonic_;
    store_ = *SqliteStore::Open(options);
    RoutingOptions routing;
    routing.region = *RegionCode::Parse("eu1");
    routing.seed = seed;
    routing_ = std::make_unique<RoutingService>(
        routing, RoutingPorts{store_.get(), &store_->leases(), store_.get(), store_.get(), &monotonic_, &wall_});
    AssembleSessionOptions session;
    session.owner = "test";
    session.nonce = seed;
    SessionPorts ports;
    ports.shard = {store_.get(), &store_->leases(), &monotonic_, &wall_};
    ports.log = store_.get();
    ports.routing = routing_.get();
    session_ = AssembleSession(session, ports);
    routing_->Start();
    session_->Start();
  }
  ~Installation() {
    EXPECT_TRUE(session_->Drain(Duration::Seconds(30)));
    EXPECT_TRUE(routing_->Drain(Duration::Seconds(30)));
  }

  RoutingService& routing() { return *routing_; }
  SessionClient& session() { return session_->client(); }

  Answer Do(CommandBody body) {
    auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
      routing_->Send(kTenant, Command{{}, std::move(body)}, std::nullopt, Lane::kLiveWork, std::move(done));
    });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : Answer{Refusal::kWrongState, ""};
  }
  Instant Now() const { return wall_.Now(); }

 private:
  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<RoutingService> routing_;
  std::unique_ptr<AssembledSession> session_;
};

std::vector<conversation::MessagePart> Text(std::string text) {
  return {conversation::TextPart{std::move(text), {}, {}}};
}

conversation::SubmitContact Submission(Instant now) {
  const RegionCode region = *RegionCode::Parse("eu1");
  conversation::SubmitContact command;
  command.tenant = kTenant;
  command.identity = {"web", "visitor"};
  command.spec.id = {region, Uuid::Version7(now.ToUnixMilliseconds(), 1, 1)};
  command.spec.conversation = {region, Uuid::Version7(now.ToUnixMilliseconds(), 1, 2)};
  command.spec.customer = {region, Uuid::Version7(now.ToUnixMilliseconds(), 1, 3)};
  command.spec.channel = ChannelId{"chat"};
  command.spec.language = *LanguageTag::Parse("es");
  command.spec.language_confidence_permille = kFullConfidence;
  command.enqueue_request_id = Uuid::Version7(now.ToUnixMilliseconds(), 1, 4);
  command.leave_grace = Duration::Seconds(60);
  command.session_lifetime = Duration::Hours(2);
  command.client_number = 1;
  command.parts = Text("hola");
  return command;
}

absl::StatusOr<conversation::Submitted> Submit(Installation& at, conversation::SubmitContact command) {
  return Await<absl::StatusOr<conversation::Submitted>>(
      [&](auto done) { at.session().Submit(std::move(command), std::move(done)); });
}

TEST(SessionWithRoutingTest, OneConversationAndAStartAnew) {
  testing::TemporaryFolder folder;
  conversation::SubmitContact submission;
  {
    Installation at(folder.path(), 1);
    admin::v1::ApplyConfigRequest apply;
    apply.set_request_id(Uuid::Version7(at.Now().ToUnixMilliseconds(), 1, 9).ToString());
    *apply.mutable_config() = Config();
    const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
        [&](auto done) { at.routing().ApplyConfig(kTenant, {}, apply, std::move(done)); });
    ASSERT_TRUE(applied.ok()) << applied.status();

    Heard offers;
    OfferToken token;
    auto registration =
        at.routing().RegisterGateway(kGateway, {[&](const TenantId&, GatewayMessage&& message) {
                                                  if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
                                                    token = offer->token;
                                                    offers.Add("offer");
                                                  }
                                                },
                                                [] {}});
    ASSERT_TRUE(at.Do(AttachAgent{kAna, {1}, kGateway, Activity::Available()}).ok());

    submission = Submission(at.Now());
    const auto submitted = Submit(at, submission);
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    EXPECT_EQ(submitted->number, 1u);
    ASSERT_TRUE(offers.Waits("offer"));

    auto customer = std::make_shared<Heard>();
    auto watching = at.session().ReadAsCustomer(kTenant, submitted->conversation, 0, customer);
    auto agent = std::make_shared<Heard>();
    auto following = at.session().ReadAsAgent(kTenant, submitted->conversation, kAna, 0, agent);
    const ContactId contact = submitted->contact;
    ASSERT_TRUE(at.Do(OfferDelivered{kAna, {1}, contact, token}).ok());
    ASSERT_TRUE(at.Do(AcceptOffer{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(agent->Waits("hola"));
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_ASSIGNED Ana Ruiz"));

    ASSERT_TRUE(at.Do(HoldContact{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_HELD Ana Ruiz"));
    ASSERT_TRUE(at.Do(ResumeContact{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_ASSIGNED Ana Ruiz", 2));

    conversation::AppendMessage answer{kTenant, submitted->conversation, conversation::AuthorKind::kAgent, kAna};
    answer.client_number = 1;
    answer.parts = Text("buenos dias");
    const auto appended =
        Await<absl::StatusOr<conversation::Appended>>([&](auto done) { at.session().Append(answer, std::move(done)); });
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->number, 2u);
    EXPECT_TRUE(customer->Waits("buenos dias"));
    EXPECT_TRUE(customer->Waits("hola"));
  }
  Installation again(folder.path(), 2);
  const auto repeated = Submit(again, submission);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->repeated);
  EXPECT_EQ(repeated->contact, submission.spec.id);
  session::v1::ListMessagesRequest list;
  list.set_conversation_id(repeated->conversation.ToString());
  const auto listed = Await<absl::StatusOr<session::v1::ListMessagesResponse>>(
      [&](auto done) { again.session().ListMessages(kTenant, list, std::move(done)); });
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->messages_size(), 2);
  EXPECT_EQ(listed->messages(1).parts(0).text().text(), "buenos dias");
  auto agent = std::make_shared<Heard>();
  auto following = again.session().ReadAsAgent(kTenant, repeated->conversation, kAna, 1, agent);
  EXPECT_TRUE(agent->Waits("buenos dias")) << "the grant is as it was";
}

}  // namespace
}  // namespace meridian
