// What the ports cost over links beside the same ports in one process: the processor time of a life cycle (submit,
// offer, accept, complete) through session and routing on the memory store, clients and servers in this process. Run by
// hand:
//
//   build/release/tests/benchmark/link_benchmark [life cycles]
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

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

using testing::Await;

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const GatewayKey kGateway{"gateway-1"};
constexpr int kAgents = 100;
constexpr int kOutstanding = 64;  // life cycles at once

double ProcessorSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Session and routing with their clients, in this process or over links.
class Installation {
 public:
  explicit Installation(bool remote) {
    RoutingOptions options;
    options.region = kRegion;
    RoutingPorts ports{&store_, &store_.leases(), &store_, &store_, &monotonic_, &wall_};
    ports.on_config = [this](const auto& config) { routing_port_.OnConfig(config); };
    routing_ = std::make_unique<RoutingService>(options, ports);
    routing_port_holder_ =
        std::make_unique<RoutingPort>(routing_.get(), &routing_server_.timer(), RoutingPortOptions{});
    routing_port_.to = routing_port_holder_.get();
    routing_port_holder_->Bind(routing_server_.links());
    routing_server_.Start();
    routing_->Start();
    map_ = std::make_unique<StaticShardMap>(std::vector{routing_server_.address()}, std::vector<std::string>());
    remote_routing_ = std::make_unique<RemoteRoutingClient>(map_.get(), routing_server_.ClientOptions());
    routing_client_ = remote ? static_cast<RoutingClient*>(remote_routing_.get()) : routing_.get();
    SessionPorts session;
    session.shard = {&store_, &store_.leases(), &monotonic_, &wall_};
    session.log = &store_;
    session.routing = routing_client_;
    AssembleSessionOptions session_options;
    session_options.owner = "benchmark";
    session_ = AssembleSession(session_options, session);
    session_->Start();
    session_port_ = std::make_unique<SessionPort>(&session_->client(), &session_server_.timer(), SessionPortOptions{});
    session_port_->Bind(session_server_.links());
    session_server_.Start();
    session_map_ = std::make_unique<StaticShardMap>(std::vector<std::string>(), std::vector{session_server_.address()});
    remote_session_ = std::make_unique<RemoteSessionClient>(session_map_.get(), session_server_.ClientOptions());
    session_client_ = remote ? static_cast<SessionClient*>(remote_session_.get()) : &session_->client();
    routing_->AwaitServing(Duration::Seconds(30));
    Publish();
  }
  ~Installation() {
    remote_session_ = nullptr;
    session_server_.Stop();
    session_->Drain(Duration::Seconds(30));
    session_ = nullptr;
    registration_ = nullptr;
    remote_routing_ = nullptr;
    routing_server_.Stop();
    routing_->Drain(Duration::Seconds(30));
  }

  void Run(int cycles) {
    registration_ = routing_client_->RegisterGateway(
        kGateway, {[this](const TenantId&, GatewayMessage&& message) { OnMessage(message); }, [] {}});
    for (int i = 0; i < kAgents; ++i) {
      const AgentId agent{"agent-" + std::to_string(i)};
      bool attached = false;
      while (!attached) {
        const auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
          routing_client_->Send(kTenant, {{}, AttachAgent{agent, {1}, kGateway, Activity::Available()}}, std::nullopt,
                                Lane::kLiveWork, std::move(done));
        });
        attached = answer.ok() && answer->ok();
      }
    }
    const double before = ProcessorSeconds();
    const auto began = std::chrono::steady_clock::now();
    left_ = cycles;
    for (int i = 0; i < kOutstanding; ++i) Begin();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return completed_ >= cycles && answered_ >= cycles; });
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    std::printf("%.1f us of processor time a life cycle, %.0f life cycles a second\n",
                1e6 * (ProcessorSeconds() - before) / cycles, cycles / took);
  }

 private:
  struct ConfigTo {
    RoutingPort* to = nullptr;
    void OnConfig(const std::shared_ptr<const admin::v1::TenantConfig>& config) { to->OnConfig(config); }
  };

  void Publish() {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, 1).ToString());
    *request.mutable_config() = testing::DemoConfig();
    for (int i = 0; i < kAgents; ++i) testing::AddAgent(*request.mutable_config(), "agent-" + std::to_string(i), "es");
    const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
        [&](auto done) { routing_client_->ApplyConfig(kTenant, {}, request, std::move(done)); });
    MERIDIAN_CHECK(applied.ok());
  }
  void Begin() {
    if (--left_ < 0) return;
    const uint64_t number = ++ids_;
    const int64_t now = wall_.Now().ToUnixMilliseconds();
    conversation::SubmitContact command;
    command.tenant = kTenant;
    command.identity = {"web", "visitor-" + std::to_string(number)};
    command.spec.id = {kRegion, Uuid::Version7(now, 1, number)};
    command.spec.conversation = {kRegion, Uuid::Version7(now, 2, number)};
    command.spec.customer = {kRegion, Uuid::Version7(now, 3, number)};
    command.spec.channel = ChannelId{"chat"};
    command.spec.language = *LanguageTag::Parse("es");
    command.enqueue_request_id = Uuid::Version7(now, 4, number);
    command.session_lifetime = Duration::Hours(2);
    command.client_number = 1;
    command.parts = {conversation::TextPart{std::string(60, 'x'), {}, {}}};
    session_client_->Submit(std::move(command), [this](absl::StatusOr<conversation::Submitted> answer) {
      MERIDIAN_CHECK(answer.ok());
      std::lock_guard lock(mutex_);
      ++answered_;
      ended_.notify_all();
    });
  }
  void OnMessage(const GatewayMessage& message) {
    if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
      Do(OfferDelivered{message.agent, message.attachment, offer->contact, offer->token});
      Do(AcceptOffer{message.agent, message.attachment, offer->contact, offer->token});
    } else if (const auto* started = std::get_if<AssignmentStarted>(&message.body)) {
      Do(CompleteContact{message.agent, message.attachment, started->contact, started->token});
    } else if (std::holds_alternative<AssignmentEnded>(message.body)) {
      {
        std::lock_guard lock(mutex_);
        ++completed_;
        ended_.notify_all();
      }
      Begin();
    }
  }
  void Do(CommandBody body) {
    routing_client_->Send(kTenant, {{}, std::move(body)}, std::nullopt, Lane::kLiveWork, [](absl::StatusOr<Answer>) {});
  }

  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  MemoryStore store_;
  testing::LoopbackServer routing_server_;
  testing::LoopbackServer session_server_;
  ConfigTo routing_port_;
  std::unique_ptr<RoutingService> routing_;
  std::unique_ptr<RoutingPort> routing_port_holder_;
  std::unique_ptr<StaticShardMap> map_;
  std::unique_ptr<RemoteRoutingClient> remote_routing_;
  RoutingClient* routing_client_ = nullptr;
  std::unique_ptr<AssembledSession> session_;
  std::unique_ptr<SessionPort> session_port_;
  std::unique_ptr<StaticShardMap> session_map_;
  std::unique_ptr<RemoteSessionClient> remote_session_;
  SessionClient* session_client_ = nullptr;
  std::unique_ptr<RoutingClient::Registration> registration_;
  std::atomic<uint64_t> ids_{0};
  std::atomic<int> left_{0};
  std::mutex mutex_;
  std::condition_variable ended_;
  int completed_ = 0;
  int answered_ = 0;
};

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) {
  const int cycles = argc > 1 ? std::atoi(argv[1]) : 20000;
  for (const bool remote : {false, true, false, true}) {
    std::printf("%s: ", remote ? "over links" : "in one process");
    std::fflush(stdout);
    meridian::Installation(remote).Run(cycles);
  }
  return 0;
}
