// What SessionClient promises, of a session in this process and of one behind a link, which in its turn reaches routing
// over a link: the three as they are in processes of their own, over one store.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/error/error.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "services/routing/remote_routing_client.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"
#include "services/session/assemble.h"
#include "services/session/remote_session_client.h"
#include "services/session/session_port.h"
#include "tests/contract/links/loopback_server.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using conversation::AppendMessage;
using conversation::AuthorKind;
using testing::Await;

const TenantId kTenant{"demo"};
const AgentId kAna{"ana"};
const GatewayKey kGateway{"gateway-1"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const auto kPatience = std::chrono::seconds(30);

enum class Kind { kLocal, kRemote };

// What a reader was told, to be waited for.
class Heard final : public SessionClient::Reader {
 public:
  void OnMessage(const type::v1::Message& message) override {
    std::lock_guard lock(mutex_);
    numbers_.push_back(message.number());
    changed_.notify_all();
  }
  void OnCaughtUp(uint64_t last_number) override {
    std::lock_guard lock(mutex_);
    caught_up_.push_back(last_number);
    changed_.notify_all();
  }
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    std::lock_guard lock(mutex_);
    states_.push_back(status.state());
    changed_.notify_all();
  }
  void OnEnded(const absl::Status& status) override {
    std::lock_guard lock(mutex_);
    ended_.push_back(status);
    changed_.notify_all();
  }
  bool AwaitNumber(uint64_t number) {
    return Await([&] { return !numbers_.empty() && numbers_.back() >= number; });
  }
  bool AwaitState(type::v1::ContactState state) {
    return Await([&] { return !states_.empty() && states_.back() == state; });
  }
  bool AwaitCaughtUp() {
    return Await([&] { return !caught_up_.empty(); });
  }
  std::optional<absl::Status> AwaitEnd() {
    Await([&] { return !ended_.empty(); });
    std::lock_guard lock(mutex_);
    return ended_.size() == 1 ? std::optional(ended_.front()) : std::nullopt;
  }
  std::vector<uint64_t> numbers() {
    std::lock_guard lock(mutex_);
    return numbers_;
  }
  std::vector<uint64_t> caught_up() {
    std::lock_guard lock(mutex_);
    return caught_up_;
  }

 private:
  template <class Condition>
  bool Await(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<uint64_t> numbers_;
  std::vector<uint64_t> caught_up_;
  std::vector<type::v1::ContactState> states_;
  std::vector<absl::Status> ended_;
};

std::vector<uint64_t> UpTo(uint64_t last) {
  std::vector<uint64_t> numbers;
  for (uint64_t number = 1; number <= last; ++number) numbers.push_back(number);
  return numbers;
}

class SessionClientTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    RoutingOptions routing;
    routing.region = kRegion;
    RoutingPorts ports{&store_, &store_.leases(), &store_, &store_, &monotonic_, &wall_};
    ports.on_config = [this](const auto& config) { routing_port_->OnConfig(config); };
    routing_ = std::make_unique<RoutingService>(routing, ports);
    routing_port_ = std::make_unique<RoutingPort>(routing_.get(), &routing_server_.timer(), RoutingPortOptions{});
    routing_port_->Bind(routing_server_.links());
    routing_server_.Start();
    routing_->Start();
    map_ = std::make_unique<StaticShardMap>(std::vector{routing_server_.address()}, std::vector<std::string>());
    remote_routing_ = std::make_unique<RemoteRoutingClient>(map_.get(), routing_server_.ClientOptions());

    SessionPorts session;
    session.shard = {&store_, &store_.leases(), &monotonic_, &wall_};
    session.log = &store_;
    session.routing = IsRemote() ? static_cast<RoutingClient*>(remote_routing_.get()) : routing_.get();
    AssembleSessionOptions options;
    options.owner = "test";
    session_ = AssembleSession(options, session);
    session_->Start();
    if (IsRemote()) {
      session_port_ =
          std::make_unique<SessionPort>(&session_->client(), &session_server_.timer(), SessionPortOptions{});
      session_port_->Bind(session_server_.links());
      session_server_.Start();
      session_map_ =
          std::make_unique<StaticShardMap>(std::vector<std::string>(), std::vector{session_server_.address()});
      remote_ = std::make_unique<RemoteSessionClient>(session_map_.get(), session_server_.ClientOptions());
    }
    ASSERT_TRUE(routing_->AwaitServing(Duration::Seconds(30)));
    ASSERT_TRUE(remote_routing_->AwaitConfigs(Duration::Seconds(30)));
    Publish();
  }
  void TearDown() override {
    {
      std::lock_guard lock(life_->mutex);
      life_->over = true;
    }
    remote_ = nullptr;
    session_server_.Stop();
    session_port_ = nullptr;
    EXPECT_TRUE(session_->Drain(Duration::Seconds(30)));
    session_ = nullptr;
    registration_ = nullptr;
    remote_routing_ = nullptr;
    routing_server_.Stop();
    EXPECT_TRUE(routing_->Drain(Duration::Seconds(30)));
    routing_ = nullptr;
  }

  bool IsRemote() const { return GetParam() == Kind::kRemote; }
  SessionClient& client() { return IsRemote() ? static_cast<SessionClient&>(*remote_) : session_->client(); }
  RoutingClient& routing() { return IsRemote() ? static_cast<RoutingClient&>(*remote_routing_) : *routing_; }

  void Publish() {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(NewId().ToString());
    *request.mutable_config() = testing::DemoConfig();
    const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
        [&](auto done) { routing().ApplyConfig(kTenant, {}, request, std::move(done)); });
    ASSERT_TRUE(applied.ok()) << applied.status();
  }
  Uuid NewId() { return Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, ++ids_); }
  static std::vector<conversation::MessagePart> Text(size_t bytes) {
    return {conversation::TextPart{std::string(bytes, 'x'), {}, {}}};
  }
  conversation::SubmitContact Submission() {
    conversation::SubmitContact command;
    command.tenant = kTenant;
    command.identity = {"web", "visitor-" + std::to_string(++ids_)};
    command.spec.id = {kRegion, NewId()};
    command.spec.conversation = {kRegion, NewId()};
    command.spec.customer = {kRegion, NewId()};
    command.spec.channel = ChannelId{"chat"};
    command.spec.language = *LanguageTag::Parse("es");
    command.enqueue_request_id = NewId();
    command.session_lifetime = Duration::Hours(2);
    command.client_number = 1;
    command.parts = Text(4);
    return command;
  }
  // Again while the link is broken: every command is idempotent.
  template <class T, class Call>
  absl::StatusOr<T> Insist(Call call) {
    absl::StatusOr<T> answer = absl::UnavailableError("not asked yet");
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (absl::IsUnavailable(answer.status()) && std::chrono::steady_clock::now() < until) {
      answer = Await<absl::StatusOr<T>>(call);
    }
    return answer;
  }
  absl::StatusOr<conversation::Submitted> Submit(const conversation::SubmitContact& command) {
    return Insist<conversation::Submitted>([&](auto done) { client().Submit(command, std::move(done)); });
  }
  absl::StatusOr<conversation::Appended> Say(const ConversationId& conversation, AuthorKind author, uint64_t number,
                                             size_t bytes = 10) {
    AppendMessage command{kTenant, conversation, author, author == AuthorKind::kAgent ? kAna : AgentId()};
    command.client_number = number;
    command.parts = Text(bytes);
    return Insist<conversation::Appended>([&](auto done) { client().Append(command, std::move(done)); });
  }
  // The agent attaches and takes whatever it is offered.
  void AgentTakesAll() {
    registration_ =
        routing().RegisterGateway(kGateway, {[this](const TenantId&, GatewayMessage&& message) {
                                               if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
                                                 Do(OfferDelivered{kAna, {1}, offer->contact, offer->token});
                                                 Do(AcceptOffer{kAna, {1}, offer->contact, offer->token});
                                               }
                                             },
                                             [this] {
                                               Do(AttachAgent{kAna, {1}, kGateway, Activity::Available()});
                                             }});
    Do(AttachAgent{kAna, {1}, kGateway, Activity::Available()});
  }
  // Until it is answered.
  void Do(CommandBody body) {
    routing().Send(kTenant, {{{ActorRole::kService, "test"}, {}}, body}, std::nullopt, Lane::kLiveWork,
                   [this, &timer = routing_server_.timer(), life = life_, body](absl::StatusOr<Answer> answer) {
                     if (answer.ok()) return;
                     timer.After(Duration::Milliseconds(5), [this, life, body] {
                       std::lock_guard lock(life->mutex);
                       if (!life->over) Do(body);
                     });
                   });
  }

  struct Life {
    std::recursive_mutex mutex;
    bool over = false;
  };
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  MemoryStore store_;
  testing::LoopbackServer routing_server_;
  testing::LoopbackServer session_server_;
  std::unique_ptr<RoutingService> routing_;
  std::unique_ptr<RoutingPort> routing_port_;
  std::unique_ptr<StaticShardMap> map_;
  std::unique_ptr<RemoteRoutingClient> remote_routing_;
  std::unique_ptr<AssembledSession> session_;
  std::unique_ptr<SessionPort> session_port_;
  std::unique_ptr<StaticShardMap> session_map_;
  std::unique_ptr<RemoteSessionClient> remote_;
  std::unique_ptr<RoutingClient::Registration> registration_;
  std::atomic<uint64_t> ids_{0};
};
INSTANTIATE_TEST_SUITE_P(Both, SessionClientTest, ::testing::Values(Kind::kLocal, Kind::kRemote),
                         [](const auto& info) { return info.param == Kind::kLocal ? "Local" : "Remote"; });

TEST_P(SessionClientTest, AConversationFromItsFirstMessageToItsEnd) {
  AgentTakesAll();
  const auto submission = Submission();
  const auto submitted = Submit(submission);
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  EXPECT_EQ(submitted->number, 1u);
  EXPECT_EQ(submitted->contact, submission.spec.id);
  const ConversationId conversation = submitted->conversation;
  auto customer = std::make_shared<Heard>();
  auto watching = client().ReadAsCustomer(kTenant, conversation, 0, customer);
  auto agent = std::make_shared<Heard>();
  auto following = client().ReadAsAgent(kTenant, conversation, kAna, 0, agent);
  ASSERT_TRUE(customer->AwaitState(type::v1::CONTACT_STATE_ASSIGNED));
  ASSERT_TRUE(agent->AwaitNumber(1));
  ASSERT_TRUE(customer->AwaitCaughtUp());

  const auto appended = Say(conversation, AuthorKind::kAgent, 1);
  ASSERT_TRUE(appended.ok()) << appended.status();
  EXPECT_EQ(appended->number, 2u);
  EXPECT_TRUE(Say(conversation, AuthorKind::kAgent, 1)->repeated);
  ASSERT_TRUE(Say(conversation, AuthorKind::kCustomer, 2).ok());
  EXPECT_TRUE(customer->AwaitNumber(3));
  EXPECT_TRUE(agent->AwaitNumber(3));

  session::v1::ListMessagesRequest list;
  list.set_conversation_id(conversation.ToString());
  const auto listed = Await<absl::StatusOr<session::v1::ListMessagesResponse>>(
      [&](auto done) { client().ListMessages(kTenant, list, std::move(done)); });
  ASSERT_TRUE(listed.ok());
  EXPECT_EQ(listed->messages_size(), 3);
  const auto closed = Insist<conversation::Done>([&](auto done) {
    client().Close({kTenant, conversation, {}}, std::move(done));
  });
  EXPECT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(customer->AwaitEnd(), absl::OkStatus());
  EXPECT_EQ(customer->numbers(), UpTo(3));
  EXPECT_EQ(agent->numbers(), UpTo(3));
}

TEST_P(SessionClientTest, WhatCannotBeDoneIsRefusedWithItsReason) {
  const ConversationId unknown{kRegion, NewId()};
  EXPECT_TRUE(absl::IsNotFound(Say(unknown, AuthorKind::kCustomer, 1).status()));
  const auto canceled = Insist<conversation::Done>([&](auto done) {
    client().Cancel({kTenant, unknown, {kRegion, NewId()}, {}}, std::move(done));
  });
  EXPECT_TRUE(absl::IsNotFound(canceled.status()));
  auto reader = std::make_shared<Heard>();
  auto reading = client().ReadAsCustomer(kTenant, unknown, 0, reader);
  EXPECT_EQ(ErrorReason(reader->AwaitEnd().value_or(absl::OkStatus())), "CONVERSATION_NOT_FOUND");
  auto submission = Submission();
  submission.spec.channel = {"smoke"};
  const auto refused = Submit(submission);
  EXPECT_FALSE(refused.ok());
  EXPECT_FALSE(absl::IsUnavailable(refused.status())) << refused.status();
  session::v1::ListMessagesRequest list;
  list.set_page_size(1000);
  const auto listed = Await<absl::StatusOr<session::v1::ListMessagesResponse>>(
      [&](auto done) { client().ListMessages(kTenant, list, std::move(done)); });
  EXPECT_EQ(FieldViolations(listed.status()).size(), 2u);
}

TEST_P(SessionClientTest, ALongConversationIsReadWholeAndInOrder) {
  const auto submitted = Submit(Submission());
  ASSERT_TRUE(submitted.ok());
  constexpr uint64_t kMessages = 200;  // more than a reader's share of memory
  for (uint64_t i = 2; i <= kMessages; ++i) {
    ASSERT_TRUE(Say(submitted->conversation, AuthorKind::kCustomer, i, 7000).ok());
  }
  auto whole = std::make_shared<Heard>();
  auto reading = client().ReadAsCustomer(kTenant, submitted->conversation, 0, whole);
  ASSERT_TRUE(whole->AwaitNumber(kMessages));
  ASSERT_TRUE(whole->AwaitCaughtUp());
  EXPECT_EQ(whole->numbers(), UpTo(kMessages));
  auto rest = std::make_shared<Heard>();
  auto from_there = client().ReadAsCustomer(kTenant, submitted->conversation, 190, rest);
  ASSERT_TRUE(rest->AwaitNumber(kMessages));
  EXPECT_EQ(rest->numbers().front(), 191u);
}

TEST_P(SessionClientTest, AReadingThatWasEndedIsToldNothing) {
  const auto submitted = Submit(Submission());
  ASSERT_TRUE(submitted.ok());
  auto reader = std::make_shared<Heard>();
  auto reading = client().ReadAsCustomer(kTenant, submitted->conversation, 0, reader);
  ASSERT_TRUE(reader->AwaitNumber(1));
  reading = nullptr;
  ASSERT_TRUE(Say(submitted->conversation, AuthorKind::kCustomer, 2).ok());
  EXPECT_EQ(reader->numbers(), UpTo(1));
}

// Only over links.
class RemoteSessionTest : public SessionClientTest {};
INSTANTIATE_TEST_SUITE_P(Both, RemoteSessionTest, ::testing::Values(Kind::kRemote),
                         [](const auto&) { return "Remote"; });

TEST_P(RemoteSessionTest, NothingIsLostOrDoubledHoweverOftenTheStreamsBreak) {
  AgentTakesAll();
  constexpr uint64_t kMessages = 120;
  const auto submitted = Submit(Submission());
  ASSERT_TRUE(submitted.ok()) << submitted.status();
  auto customer = std::make_shared<Heard>();
  auto watching = client().ReadAsCustomer(kTenant, submitted->conversation, 0, customer);
  auto agent = std::make_shared<Heard>();
  auto following = client().ReadAsAgent(kTenant, submitted->conversation, kAna, 0, agent);
  for (uint64_t i = 2; i <= kMessages; ++i) {
    AppendMessage command{kTenant, submitted->conversation, AuthorKind::kCustomer, {}};
    command.client_number = i;
    command.parts = Text(10);
    bool broken = i % 3 == 0;  // while the message is under way, each third time
    const auto said = Insist<conversation::Appended>([&](auto done) {
      client().Append(command, std::move(done));
      if (std::exchange(broken, false)) remote_->Break();
      if (i % 10 == 0) remote_routing_->Break();
    });
    ASSERT_TRUE(said.ok()) << said.status();
    EXPECT_EQ(said->number, i);
  }
  EXPECT_TRUE(customer->AwaitNumber(kMessages));
  EXPECT_TRUE(agent->AwaitNumber(kMessages));
  EXPECT_EQ(customer->numbers(), UpTo(kMessages));
  EXPECT_EQ(agent->numbers(), UpTo(kMessages));
  EXPECT_LE(customer->caught_up().size(), 1u);
  EXPECT_TRUE(customer->AwaitState(type::v1::CONTACT_STATE_ASSIGNED));
}

TEST_P(RemoteSessionTest, ReadingsOutliveTheServersStream) {
  const auto submitted = Submit(Submission());
  ASSERT_TRUE(submitted.ok());
  auto reader = std::make_shared<Heard>();
  auto reading = client().ReadAsCustomer(kTenant, submitted->conversation, 0, reader);
  ASSERT_TRUE(reader->AwaitNumber(1));
  session_server_.Stop();
  EXPECT_TRUE(absl::IsUnavailable(Await<absl::StatusOr<conversation::Appended>>([&](auto done) {
                                    client().Append({kTenant, submitted->conversation}, std::move(done));
                                  }).status()));
  session_server_.Start();
  ASSERT_TRUE(Say(submitted->conversation, AuthorKind::kCustomer, 2).ok());
  EXPECT_TRUE(reader->AwaitNumber(2));
  EXPECT_EQ(reader->numbers(), UpTo(2));
}

}  // namespace
}  // namespace meridian
