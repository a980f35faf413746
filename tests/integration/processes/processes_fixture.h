// The services as their processes are assembled, each with an environment of its own, over one store; what their
// clients call.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/placement/placed_shard_map.h"
#include "libs/rpc/client.h"
#include "libs/security/token_issuer.h"
#include "libs/store/memory_store.h"
#include "libs/testing/await.h"
#include "libs/testing/fault_store.h"
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
  explicit ProcessesTest(MemoryStore::Options store = {}) : store_(store) {}

  void SetUp() override {
    ServiceProcessOptions process;
    process.keys = keys_.path();
    SharedStore store = SharedStore::Of(&store_, &store_.leases());
    store.store = &way_;
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
  testing::FaultStore way_{store_};
  ServiceProcessOptions process_;
  Surroundings routing_at_{"routing"}, session_at_{"session"}, ingress_at_{"ingress"}, admin_at_{"admin"},
      replicator_at_{"replicator"};
  std::unique_ptr<Surroundings> gateway_at_;
  std::unique_ptr<Service> routing_, session_, ingress_, gateway_, admin_, replicator_;
};

}  // namespace meridian
