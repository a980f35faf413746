// What RoutingClient promises, of a routing in this process and of one behind a link.
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/wire/log_entry.h"
#include "services/routing/remote_routing_client.h"
#include "services/routing/routing_port.h"
#include "services/routing/routing_service.h"
#include "tests/contract/links/loopback_server.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
const AgentId kAna{"ana"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const GatewayKey kGateway{"gateway-1"};
const auto kPatience = std::chrono::seconds(30);

enum class Kind { kLocal, kRemote };

// A gateway with one agent: confirms offers, accepts and completes what it is offered, and attaches again when a term
// began, sending each command until it is answered. Notes what it was told.
class Gateway {
 public:
  Gateway(RoutingClient& routing, rpc::DeadlineTimer& timer) : routing_(routing), timer_(timer) {
    registration_ = routing.RegisterGateway(
        kGateway, {[this](const TenantId&, GatewayMessage&& message) { OnMessage(std::move(message)); },
                   [this] {
                     if (attached_) Attach(Activity::Available());
                   }});
  }
  ~Gateway() {
    registration_.reset();
    std::lock_guard lock(life_->mutex);
    life_->over = true;
  }

  void Attach(std::optional<Activity> activity) {
    attached_ = true;
    Insist(AttachAgent{kAna, {1}, kGateway, std::move(activity)});
  }
  // Until it is answered, by a refusal too: what it meant may be over.
  void Insist(CommandBody body) {
    routing_.Send(kTenant, {{{ActorRole::kService, "test"}, {}}, body}, std::nullopt, Lane::kLiveWork,
                  [this, &timer = timer_, life = life_, body](absl::StatusOr<Answer> answer) {
                    if (answer.ok()) return;
                    timer.After(Duration::Milliseconds(5), [this, life, body] {
                      std::lock_guard lock(life->mutex);
                      if (!life->over) Insist(body);
                    });
                  });
    if (on_sent_) on_sent_();
  }
  // After each command.
  void OnSent(std::function<void()> on_sent) { on_sent_ = std::move(on_sent); }
  template <class Body>
  bool Await(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return CountOf<Body>() >= count; });
  }
  template <class Body>
  size_t CountOf() const {
    size_t count = 0;
    for (const auto& body : told_) count += std::holds_alternative<Body>(body) ? 1 : 0;
    return count;
  }
  std::vector<GatewayMessageBody> told() {
    std::lock_guard lock(mutex_);
    return told_;
  }
  void Work(bool works) { works_ = works; }

 private:
  struct Life {
    std::recursive_mutex mutex;
    bool over = false;
  };

  void OnMessage(GatewayMessage&& message) {
    EXPECT_EQ(message.gateway, kGateway);
    {
      std::lock_guard lock(mutex_);
      told_.push_back(message.body);
      changed_.notify_all();
    }
    if (!works_) return;
    if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
      Insist(OfferDelivered{kAna, message.attachment, offer->contact, offer->token});
      Insist(AcceptOffer{kAna, message.attachment, offer->contact, offer->token});
    } else if (const auto* started = std::get_if<AssignmentStarted>(&message.body)) {
      Insist(CompleteContact{kAna, message.attachment, started->contact, started->token});
    }
  }

  RoutingClient& routing_;
  rpc::DeadlineTimer& timer_;
  const std::shared_ptr<Life> life_ = std::make_shared<Life>();
  std::atomic<bool> attached_{false};
  std::atomic<bool> works_{true};
  std::function<void()> on_sent_;  // set before it attaches
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<GatewayMessageBody> told_;
  std::unique_ptr<RoutingClient::Registration> registration_;
};

class RoutingClientTest : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    RoutingOptions options;
    options.region = kRegion;
    RoutingPorts ports;
    ports.store = &store_;
    ports.leases = &store_.leases();
    ports.directory = &store_;
    ports.event_log = &store_;
    ports.monotonic = &monotonic_;
    ports.wall = &wall_;
    ports.on_config = [this](const auto& config) {
      if (port_ != nullptr) port_->OnConfig(config);
    };
    service_ = std::make_unique<RoutingService>(options, ports);
    if (IsRemote()) {
      port_ = std::make_unique<RoutingPort>(service_.get(), &server_.timer(), RoutingPortOptions{});
      port_->Bind(server_.links());
      server_.Start();
      map_ = std::make_unique<StaticShardMap>(std::vector{server_.address()}, std::vector<std::string>());
      remote_ = std::make_unique<RemoteRoutingClient>(map_.get(), server_.ClientOptions());
    }
    service_->Start();
    ASSERT_TRUE(service_->AwaitServing(Duration::Seconds(30)));
    if (IsRemote()) ASSERT_TRUE(remote_->AwaitConfigs(Duration::Seconds(30)));
  }
  void TearDown() override {
    remote_ = nullptr;
    server_.Stop();
    port_ = nullptr;
    service_ = nullptr;
  }

  bool IsRemote() const { return GetParam() == Kind::kRemote; }
  RoutingClient& client() { return IsRemote() ? static_cast<RoutingClient&>(*remote_) : *service_; }

  absl::StatusOr<Answer> Send(CommandBody body, std::optional<RequestKey> key = std::nullopt) {
    return Await<absl::StatusOr<Answer>>([&](auto done) {
      client().Send(kTenant, {{{ActorRole::kService, "test"}, {}}, body}, key, Lane::kNewContacts, std::move(done));
    });
  }
  absl::StatusOr<admin::v1::ApplyConfigResponse> Apply(admin::v1::TenantConfig config) {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, ++ids_).ToString());
    *request.mutable_config() = std::move(config);
    return Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>([&](auto done) {
      client().ApplyConfig(kTenant, {{ActorRole::kOperator, "o"}, {}}, std::move(request), std::move(done));
    });
  }
  EnqueueContact NewContact() {
    ContactSpec spec;
    spec.id = {kRegion, Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 2, ++ids_)};
    spec.conversation = {kRegion, {7, ++ids_}};
    spec.customer = {kRegion, {8, ids_}};
    spec.channel = {"chat"};
    spec.language = *LanguageTag::Parse("es");
    return {spec};
  }
  // How often each contact was completed, as the log says.
  std::map<ContactId, int> Completed() {
    std::map<ContactId, int> completed;
    LogPosition after;
    while (true) {
      auto entries = Await<absl::StatusOr<std::vector<LogEntry>>>([&](auto done) {
        store_.ReadAfter({ShardKind::kRouting, 0}, after, 1 << 20, std::move(done));
      });
      EXPECT_TRUE(entries.ok());
      if (!entries.ok() || entries->empty()) return completed;
      for (const LogEntry& entry : *entries) {
        after = entry.position;
        const auto decoded = DecodeLogEntry(entry.bytes);
        EXPECT_TRUE(decoded.ok());
        for (const LoggedEvent& logged : decoded->events) {
          if (std::holds_alternative<ContactCompleted>(logged.event.body)) ++completed[logged.event.contact];
        }
      }
    }
  }
  bool AwaitCompleted(size_t count) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < until) {
      if (Completed().size() >= count) return true;
      std::this_thread::yield();
    }
    return false;
  }

  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  MemoryStore store_;
  testing::LoopbackServer server_;
  std::unique_ptr<RoutingPort> port_;
  std::unique_ptr<RoutingService> service_;
  std::unique_ptr<StaticShardMap> map_;
  std::unique_ptr<RemoteRoutingClient> remote_;
  uint64_t ids_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Both, RoutingClientTest, ::testing::Values(Kind::kLocal, Kind::kRemote),
                         [](const auto& info) { return info.param == Kind::kLocal ? "Local" : "Remote"; });

TEST_P(RoutingClientTest, ConfigurationsArePublishedAndSeen) {
  EXPECT_EQ(client().ConfigSnapshot(kTenant), nullptr);
  const auto missing = Await<absl::StatusOr<admin::v1::GetConfigResponse>>(
      [&](auto done) { client().GetConfig(kTenant, std::move(done)); });
  EXPECT_EQ(ErrorReason(missing.status()), "NO_CONFIG");
  admin::v1::TenantConfig broken = testing::DemoConfig();
  broken.mutable_plans(0)->mutable_rules(0)->set_queue("elsewhere");
  EXPECT_FALSE(FieldViolations(Apply(broken).status()).empty());

  admin::v1::TenantConfig config = testing::DemoConfig();
  config.mutable_agents(1)->set_display_name("Dieter K.");
  const auto applied = Apply(config);
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_TRUE(applied->published());
  const auto snapshot = client().ConfigSnapshot(kTenant);  // within the call that published it
  ASSERT_NE(snapshot, nullptr);
  EXPECT_EQ(snapshot->revision(), applied->revision());
  EXPECT_EQ(snapshot->channels_size(), 1);
  ASSERT_EQ(snapshot->agents_size(), 1) << "of two, who has a display name";
  EXPECT_EQ(snapshot->agents(0).display_name(), "Dieter K.");
  EXPECT_EQ(snapshot->agents(0).capacity(), 0u) << "only the names";
  EXPECT_EQ(client().ConfigSnapshots().size(), 1u);
  const auto current = Await<absl::StatusOr<admin::v1::GetConfigResponse>>(
      [&](auto done) { client().GetConfig(kTenant, std::move(done)); });
  ASSERT_TRUE(current.ok());
  EXPECT_EQ(current->etag(), applied->etag());
  EXPECT_EQ(current->config().revision(), snapshot->revision());
  EXPECT_EQ(current->config().agents_size(), 2);
}

TEST_P(RoutingClientTest, CommandsAreAnsweredAndRefusedWithTheirReasons) {
  EXPECT_EQ(ErrorReason(Send(NewContact()).status()), "TENANT_NOT_FOUND");
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  const EnqueueContact enqueue = NewContact();
  auto answer = Send(enqueue);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->ok());
  EXPECT_EQ(answer->contact_state, ContactState::kQueued);
  answer = Send(enqueue);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->repeated);
  EnqueueContact unknown = NewContact();
  unknown.spec.channel = {"smoke"};
  answer = Send(unknown);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->refusal, Refusal::kUnknownChannel);
  EXPECT_FALSE(answer->text.empty());
}

TEST_P(RoutingClientTest, AKeyedCommandIsAppliedOnce) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  const RequestKey key{kTenant.value, Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 3, 4), 5};
  const auto first = Send(SetActivity{kAna, {1}, Activity::Available()}, key);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->refusal, Refusal::kNotAttached);
  RequestKey other = key;
  other.digest = 6;
  EXPECT_EQ(ErrorReason(Send(SetActivity{kAna, {1}, Activity::Available()}, other).status()),
            refusal::kRequestIdReused);
  RequestKey old = key;
  old.request_id = Uuid::Version7(wall_.Now().ToUnixMilliseconds() - 3'600'000, 3, 4);
  const absl::Status too_old = Send(SetActivity{kAna, {1}, Activity::Available()}, old).status();
  EXPECT_EQ(ErrorReason(too_old), refusal::kRequestTooOld);
  EXPECT_TRUE(ShardTimeOf(too_old).has_value());
}

TEST_P(RoutingClientTest, OperatorsReadWhatIsThere) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  const EnqueueContact enqueue = NewContact();
  ASSERT_TRUE(Send(enqueue).ok());
  const auto contacts = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
      [&](auto done) { client().ListContacts(kTenant, {}, std::move(done)); });
  ASSERT_TRUE(contacts.ok());
  ASSERT_EQ(contacts->contacts_size(), 1);
  const auto agents = Await<absl::StatusOr<admin::v1::ListAgentsResponse>>(
      [&](auto done) { client().ListAgents(kTenant, {}, std::move(done)); });
  ASSERT_TRUE(agents.ok());
  EXPECT_EQ(agents->agents_size(), 2);
  admin::v1::ExplainContactRequest request;
  request.set_contact_id(enqueue.spec.id.ToString());
  const auto explained = Await<absl::StatusOr<admin::v1::ExplainContactResponse>>(
      [&](auto done) { client().ExplainContact(kTenant, request, std::move(done)); });
  EXPECT_TRUE(explained.ok()) << explained.status();
  request.set_contact_id("nonsense");
  const auto refused = Await<absl::StatusOr<admin::v1::ExplainContactResponse>>(
      [&](auto done) { client().ExplainContact(kTenant, request, std::move(done)); });
  EXPECT_EQ(FieldViolations(refused.status()).size(), 1u);
}

TEST_P(RoutingClientTest, AGatewayIsToldInOrder) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  Gateway gateway(client(), server_.timer());
  gateway.Attach(Activity::Available());
  for (size_t i = 1; i <= 20; ++i) {
    ASSERT_TRUE(Send(NewContact()).ok());
    ASSERT_TRUE(gateway.Await<AssignmentEnded>(i));
  }
  // Of each contact: offered, started, ended, in this order.
  std::map<ContactId, int> stage;
  for (const GatewayMessageBody& body : gateway.told()) {
    if (const auto* offer = std::get_if<OfferMade>(&body)) EXPECT_EQ(stage[offer->contact]++, 0);
    if (const auto* started = std::get_if<AssignmentStarted>(&body)) EXPECT_EQ(stage[started->contact]++, 1);
    if (const auto* ended = std::get_if<AssignmentEnded>(&body)) EXPECT_EQ(stage[ended->contact]++, 2);
  }
  EXPECT_EQ(stage.size(), 20u);
  EXPECT_TRUE(AwaitCompleted(20));
}

TEST_P(RoutingClientTest, AfterItsRegistrationAGatewayIsToldNothing) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  auto gateway = std::make_unique<Gateway>(client(), server_.timer());
  gateway->Work(false);
  gateway->Attach(Activity::Available());
  ASSERT_TRUE(Send(NewContact()).ok());
  ASSERT_TRUE(gateway->Await<OfferMade>(1));
  gateway = nullptr;
  EXPECT_TRUE(Send(NewContact()).ok());
}

// Only over a link.
class RemoteRoutingTest : public RoutingClientTest {};
INSTANTIATE_TEST_SUITE_P(Both, RemoteRoutingTest, ::testing::Values(Kind::kRemote),
                         [](const auto&) { return "Remote"; });

TEST_P(RemoteRoutingTest, PublicationsOfOthersArePushed) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  admin::v1::TenantConfig config = testing::DemoConfig();
  testing::AddAgent(config, "eva", "fr");
  admin::v1::ApplyConfigRequest request;
  request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 9, 9).ToString());
  *request.mutable_config() = config;
  const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>([&](auto done) {
    service_->ApplyConfig(kTenant, {{ActorRole::kOperator, "o"}, {}}, request, std::move(done));
  });
  ASSERT_TRUE(applied.ok());
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (client().ConfigSnapshot(kTenant)->revision() < applied->revision() &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(client().ConfigSnapshot(kTenant)->revision(), applied->revision());
}

TEST_P(RemoteRoutingTest, AttachmentsNeedARegisteredGateway) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  const auto answer = Send(AttachAgent{kAna, {1}, {"nobody"}, std::nullopt});
  EXPECT_EQ(ErrorReason(answer.status()), "GATEWAY_NOT_REGISTERED");
}

TEST_P(RemoteRoutingTest, AgentsOfAGatewayThatIsGoneAreDetached) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  const auto presence = [&] {
    const auto agents = Await<absl::StatusOr<admin::v1::ListAgentsResponse>>(
        [&](auto done) { service_->ListAgents(kTenant, {}, std::move(done)); });
    return agents.ok() && agents->agents_size() > 0 ? agents->agents(0).presence()
                                                    : type::v1::AGENT_PRESENCE_UNSPECIFIED;
  };
  const auto await = [&](type::v1::AgentPresence wanted) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (presence() != wanted && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    return presence() == wanted;
  };
  {
    Gateway gateway(client(), server_.timer());
    gateway.Attach(Activity::Available());
    ASSERT_TRUE(await(type::v1::AGENT_PRESENCE_ATTACHED));
    // A stream that breaks takes the connections with it for a moment; the gateway attaches again what it holds.
    for (int i = 0; i < 10; ++i) {
      remote_->Break();
      ASSERT_TRUE(Send(NewContact()).ok() || Send(NewContact()).ok());
    }
    ASSERT_TRUE(await(type::v1::AGENT_PRESENCE_ATTACHED));
  }
  // Without live work a detached agent is offline.
  remote_ = nullptr;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (presence() == type::v1::AGENT_PRESENCE_ATTACHED && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_NE(presence(), type::v1::AGENT_PRESENCE_ATTACHED);
  remote_ = std::make_unique<RemoteRoutingClient>(map_.get(), server_.ClientOptions());
}

TEST_P(RemoteRoutingTest, EveryContactIsServedHoweverOftenTheStreamBreaks) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  // Broken while a command of each kind is under way, in turn, and while the contacts come.
  std::atomic<int> breaks_left{150};
  Gateway gateway(client(), server_.timer());
  gateway.OnSent([&, sent = std::make_shared<std::atomic<int>>(0)] {
    if (++*sent % 4 == 0 && --breaks_left >= 0) remote_->Break();
  });
  gateway.Attach(Activity::Available());
  constexpr size_t kContacts = 60;
  std::set<ContactId> sent;
  for (size_t i = 0; i < kContacts; ++i) {
    const EnqueueContact enqueue = NewContact();
    absl::StatusOr<Answer> answer = absl::UnavailableError("not yet");
    for (int tries = 0; !answer.ok() && tries < 1000; ++tries) {
      answer = Await<absl::StatusOr<Answer>>([&](auto done) {
        client().Send(kTenant, {{{ActorRole::kService, "test"}, {}}, enqueue}, std::nullopt, Lane::kNewContacts,
                      std::move(done));
        if (tries == 0 && i % 2 == 0) remote_->Break();
      });
      ASSERT_TRUE(answer.ok() || absl::IsUnavailable(answer.status())) << answer.status();
      std::this_thread::yield();
    }
    ASSERT_TRUE(answer.ok());
    sent.insert(enqueue.spec.id);
  }
  EXPECT_TRUE(AwaitCompleted(kContacts));
  std::set<ContactId> served;
  for (const auto& [contact, times] : Completed()) {
    served.insert(contact);
    EXPECT_TRUE(sent.contains(contact));
  }
  EXPECT_EQ(served, sent);
}

}  // namespace
}  // namespace meridian
