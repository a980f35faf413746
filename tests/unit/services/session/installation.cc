#include "tests/unit/services/session/installation.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "libs/testing/await.h"

namespace meridian {

using testing::Await;

namespace {

const RegionCode kRegion = *RegionCode::Parse("eu1");

admin::v1::TenantConfig Config() {
  admin::v1::TenantConfig config;
  config.set_tenant(Installation::kTenant.value);
  config.add_channels()->set_name("chat");
  config.add_queues()->set_name("support");
  auto* plan = config.add_plans();
  plan->set_name("default");
  auto* rule = plan->add_rules();
  rule->set_name("all");
  rule->set_queue("support");
  rule->add_steps();
  auto* agent = config.add_agents();
  agent->set_name(Installation::kAna.value);
  agent->set_display_name("Ana Ruiz");
  agent->set_time_zone("Europe/Madrid");
  agent->set_capacity(2);
  (*agent->mutable_channels())["chat"] = 2;
  (*agent->mutable_languages())["es"] = type::v1::LANGUAGE_LEVEL_NATIVE;
  return config;
}

}  // namespace

void Heard::Add(std::string line) {
  std::lock_guard<std::mutex> lock(mutex_);
  lines_.push_back(std::move(line));
  changed_.notify_all();
}

bool Heard::Waits(const std::string& line, int times) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(30),
                           [&] { return std::count(lines_.begin(), lines_.end(), line) == times; });
}

Installation::Installation(const InstallationStores& stores, uint64_t seed) {
  const auto note = [this](ShardId shard, ShardState state, const absl::Status&) {
    if (state == ShardState::kServing) served_.Add(shard.ToString());
  };
  RoutingOptions routing;
  routing.region = kRegion;
  routing.seed = seed;
  RoutingPorts routing_ports{stores.store, stores.leases, stores.directory, stores.log, &monotonic_, &wall_};
  routing_ports.on_state = note;
  routing_ = std::make_unique<RoutingService>(routing, routing_ports);
  AssembleSessionOptions session;
  session.owner = "test";
  session.nonce = seed;
  SessionPorts ports;
  ports.shard = {stores.store, stores.leases, &monotonic_, &wall_};
  ports.log = stores.log;
  ports.routing = routing_.get();
  ports.on_state = note;
  session_ = AssembleSession(session, ports);
  routing_->Start();
  session_->Start();
}

Installation::~Installation() {
  EXPECT_TRUE(session_->Drain(Duration::Seconds(30)));
  EXPECT_TRUE(routing_->Drain(Duration::Seconds(30)));
}

void Installation::PublishConfig() {
  admin::v1::ApplyConfigRequest apply;
  apply.set_request_id(Uuid::Version7(Now().ToUnixMilliseconds(), 1, 9).ToString());
  *apply.mutable_config() = Config();
  const auto applied = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>(
      [&](auto done) { routing_->ApplyConfig(kTenant, {}, apply, std::move(done)); });
  ASSERT_TRUE(applied.ok()) << applied.status();
}

absl::StatusOr<Answer> Installation::TryDo(CommandBody body) {
  return Await<absl::StatusOr<Answer>>([&](auto done) {
    routing_->Send(kTenant, Command{{}, std::move(body)}, std::nullopt, Lane::kLiveWork, std::move(done));
  });
}

Answer Installation::Do(CommandBody body) {
  auto answer = TryDo(std::move(body));
  EXPECT_TRUE(answer.ok()) << answer.status();
  return answer.ok() ? *answer : Answer{Refusal::kWrongState, ""};
}

absl::StatusOr<conversation::Submitted> Installation::Submit(conversation::SubmitContact command) {
  return Await<absl::StatusOr<conversation::Submitted>>(
      [&](auto done) { session().Submit(std::move(command), std::move(done)); });
}

absl::StatusOr<conversation::Appended> Installation::Append(conversation::AppendMessage command) {
  return Await<absl::StatusOr<conversation::Appended>>(
      [&](auto done) { session().Append(std::move(command), std::move(done)); });
}

std::vector<std::string> Installation::Texts(const ConversationId& conversation) {
  session::v1::ListMessagesRequest list;
  list.set_conversation_id(conversation.ToString());
  const auto listed = Await<absl::StatusOr<session::v1::ListMessagesResponse>>(
      [&](auto done) { session().ListMessages(kTenant, list, std::move(done)); });
  if (!listed.ok()) return {listed.status().ToString()};
  std::vector<std::string> texts;
  for (const auto& message : listed->messages()) texts.push_back(message.parts(0).text().text());
  return texts;
}

std::vector<conversation::MessagePart> Text(std::string text) {
  return {conversation::TextPart{std::move(text), {}, {}}};
}

conversation::SubmitContact Submission(Instant now, uint64_t n) {
  const auto id = [&](uint64_t kind) { return Uuid::Version7(now.ToUnixMilliseconds(), n, kind); };
  conversation::SubmitContact command;
  command.tenant = Installation::kTenant;
  command.identity = {"web", "visitor-" + std::to_string(n)};
  command.spec.id = {kRegion, id(1)};
  command.spec.conversation = {kRegion, id(2)};
  command.spec.customer = {kRegion, id(3)};
  command.spec.channel = ChannelId{"chat"};
  command.spec.language = *LanguageTag::Parse("es");
  command.spec.language_confidence_permille = kFullConfidence;
  command.enqueue_request_id = id(4);
  command.leave_grace = Duration::Seconds(60);
  command.session_lifetime = Duration::Hours(2);
  command.client_number = 1;
  command.parts = Text("hola");
  return command;
}

}  // namespace meridian
