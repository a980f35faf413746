#include "services/routing/remote_routing_client.h"

#include <algorithm>
#include <utility>

#include "libs/wire/gateway_message.h"
#include "libs/wire/routing_command.h"
#include "meridian/internal/routing/v1/routing_command.pb.h"
#include "services/routing/config_snapshot.h"

namespace meridian {

namespace pb = internal::routing::v1;
namespace link = internal::link::v1;

namespace {

constexpr Duration kTimeout = Duration::Seconds(30);
constexpr Duration kConfigTimeout = Duration::Minutes(2);

absl::Status Unreadable() { return absl::InternalError("routing's answer cannot be read"); }

}  // namespace

// Ends the local entry first: from then on nothing is delivered.
class RemoteRoutingClient::Registered final : public Registration {
 public:
  Registered(RemoteRoutingClient* client, GatewayKey gateway, std::unique_ptr<Registration> local)
      : client_(client), gateway_(std::move(gateway)), local_(std::move(local)) {}
  ~Registered() override {
    local_.reset();
    Feeds feeds;  // ended without the lock
    std::lock_guard lock(client_->feeds_mutex_);
    auto found = client_->gateway_feeds_.extract(gateway_);
    if (found) feeds = std::move(found.mapped());
  }

 private:
  RemoteRoutingClient* const client_;
  const GatewayKey gateway_;
  std::unique_ptr<Registration> local_;
};

RemoteRoutingClient::RemoteRoutingClient(ShardMap* map, LinkOptions options)
    : router_(std::make_unique<LinkRouter>(ShardKind::kRouting, map, std::move(options))) {
  router_->OnOwner([this](const std::string& address) { FollowServer(address); });
  watch_ = router_->OnChange([this] { FollowServers(); });
  for (const std::string& address : router_->Addresses()) FollowServer(address);
}

RemoteRoutingClient::~RemoteRoutingClient() {
  watch_.reset();
  Feeds configs;
  std::map<GatewayKey, Feeds> gateways;
  {
    std::lock_guard lock(feeds_mutex_);
    configs.swap(config_feeds_);
    gateways.swap(gateway_feeds_);
  }
  configs.clear();
  gateways.clear();
  router_.reset();
}

// ---- the servers' feeds ----

void RemoteRoutingClient::FollowServer(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    if (!complete_.emplace(address, false).second) return;
  }
  std::vector<GatewayKey> gateways;
  {
    std::lock_guard lock(feeds_mutex_);
    for (const auto& [gateway, feeds] : gateway_feeds_) gateways.push_back(gateway);
  }
  for (const GatewayKey& gateway : gateways) {
    auto feed = FollowGateway(address, gateway);
    std::lock_guard lock(feeds_mutex_);
    const auto found = gateway_feeds_.find(gateway);
    if (found != gateway_feeds_.end()) std::swap(found->second[address], feed);
  }
  auto feed = FollowConfigs(address);
  std::lock_guard lock(feeds_mutex_);
  std::swap(config_feeds_[address], feed);
}

void RemoteRoutingClient::FollowServers() {
  const std::vector<std::string> live = router_->Addresses();
  std::vector<std::string> gone;
  if (router_->NamesAllWhoLive()) {
    std::lock_guard lock(mutex_);
    for (const auto& [address, complete] : complete_) {
      if (!std::binary_search(live.begin(), live.end(), address)) gone.push_back(address);
    }
  }
  for (const std::string& address : gone) ForgetServer(address);
  for (const std::string& address : live) FollowServer(address);
}

void RemoteRoutingClient::ForgetServer(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    complete_.erase(address);
    changed_.notify_all();
  }
  std::vector<std::unique_ptr<StandingFeed>> ended;  // without the lock
  std::lock_guard lock(feeds_mutex_);
  const auto take = [&ended, &address](Feeds& feeds) {
    if (auto found = feeds.extract(address)) ended.push_back(std::move(found.mapped()));
  };
  take(config_feeds_);
  for (auto& [gateway, feeds] : gateway_feeds_) take(feeds);
}

std::unique_ptr<StandingFeed> RemoteRoutingClient::FollowConfigs(const std::string& address) {
  StandingFeedPlan plan;
  plan.open = [this, address](std::shared_ptr<FeedEvents> events) {
    return router_->LinkTo(address).Follow({.method = link::METHOD_FOLLOW_CONFIGS, .tenant = {}, .body = {}},
                                           std::move(events));
  };
  plan.on_item = [this, address](std::string_view item) { OnConfigItem(address, item); };
  plan.on_ended = [](const absl::Status&) {};  // refused: its process's log says why
  plan.timer = router_->options().timer;
  return std::make_unique<StandingFeed>(std::move(plan));
}

std::unique_ptr<StandingFeed> RemoteRoutingClient::FollowGateway(const std::string& address,
                                                                 const GatewayKey& gateway) {
  StandingFeedPlan plan;
  plan.open = [this, address, gateway](std::shared_ptr<FeedEvents> events) {
    return router_->LinkTo(address).Follow(
        {.method = link::METHOD_REGISTER_GATEWAY, .tenant = {}, .lane = Lane::kLiveWork, .body = gateway.value},
        std::move(events));
  };
  plan.on_item = [this, gateway](std::string_view item) { OnGatewayItem(gateway, item); };
  plan.on_ended = [](const absl::Status&) {};
  plan.timer = router_->options().timer;
  return std::make_unique<StandingFeed>(std::move(plan));
}

void RemoteRoutingClient::OnConfigItem(const std::string& address, std::string_view bytes) {
  pb::ConfigItem item;
  if (!item.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  if (item.has_config()) {
    return SetSnapshot(std::make_shared<const admin::v1::TenantConfig>(std::move(*item.mutable_config())));
  }
  std::lock_guard lock(mutex_);
  complete_[address] = true;
  changed_.notify_all();
}

void RemoteRoutingClient::OnGatewayItem(const GatewayKey& gateway, std::string_view item) {
  absl::StatusOr<GatewayDelivery> told = DecodeGatewayDelivery(item);
  if (!told.ok()) return;  // of a newer format
  if (told->term_began) return gateways_.TellTerm();
  told->message.gateway = gateway;
  gateways_.Deliver(told->tenant, std::move(told->message));
}

std::unique_ptr<RoutingClient::Registration> RemoteRoutingClient::RegisterGateway(GatewayKey gateway,
                                                                                  GatewayCallbacks callbacks) {
  auto local = gateways_.Register(gateway, std::move(callbacks));
  {
    std::lock_guard lock(feeds_mutex_);
    gateway_feeds_[gateway];
  }
  std::vector<std::string> addresses;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [address, complete] : complete_) addresses.push_back(address);
  }
  for (const std::string& address : addresses) {
    auto feed = FollowGateway(address, gateway);
    std::lock_guard lock(feeds_mutex_);
    std::swap(gateway_feeds_[gateway][address], feed);
  }
  return std::make_unique<Registered>(this, std::move(gateway), std::move(local));
}

// ---- snapshots ----

void RemoteRoutingClient::SetSnapshot(std::shared_ptr<const admin::v1::TenantConfig> config) {
  std::lock_guard lock(mutex_);
  auto& held = snapshots_[{config->tenant()}];
  if (held == nullptr || held->revision() < config->revision()) held = std::move(config);
}

std::shared_ptr<const admin::v1::TenantConfig> RemoteRoutingClient::ConfigSnapshot(const TenantId& tenant) const {
  std::lock_guard lock(mutex_);
  const auto found = snapshots_.find(tenant);
  return found == snapshots_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const admin::v1::TenantConfig>> RemoteRoutingClient::ConfigSnapshots() const {
  std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> configs;
  for (const auto& [tenant, config] : snapshots_) configs.push_back(config);
  return configs;
}

bool RemoteRoutingClient::AwaitConfigs(Duration patience) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(patience.ns), [this] {
    return std::all_of(complete_.begin(), complete_.end(), [](const auto& entry) { return entry.second; });
  });
}

// ---- calls ----

template <class Response>
void RemoteRoutingClient::Ask(link::Method method, const TenantId& tenant, Lane lane, std::string body,
                              Done<Response> done) {
  router_->Call({.method = method, .tenant = tenant, .lane = lane, .timeout = kTimeout, .body = std::move(body)},
                [done = std::move(done)](absl::StatusOr<std::string> answer) mutable {
                  if (!answer.ok()) return done(answer.status());
                  Response response;
                  if (!response.ParseFromString(*answer)) return done(Unreadable());
                  done(std::move(response));
                });
}

void RemoteRoutingClient::Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
                               Done<Answer> done) {
  absl::StatusOr<std::string> body = Encode(command, key);
  if (!body.ok()) return done(body.status());
  router_->Call({.method = link::METHOD_SEND_COMMAND,
                 .tenant = tenant,
                 .lane = lane,
                 .timeout = kTimeout,
                 .body = *std::move(body)},
                [done = std::move(done)](absl::StatusOr<std::string> answer) mutable {
                  if (!answer.ok()) return done(answer.status());
                  done(DecodeRoutingAnswer(*answer));
                });
}

void RemoteRoutingClient::ApplyConfig(const TenantId& tenant, CommandOrigin origin,
                                      admin::v1::ApplyConfigRequest request,
                                      Done<admin::v1::ApplyConfigResponse> done) {
  pb::ApplyConfigCall call;
  if (!call.mutable_origin()->ParseFromString(Encode(origin))) return done(Unreadable());
  *call.mutable_request() = std::move(request);
  std::string body = call.SerializeAsString();
  admin::v1::TenantConfig& config = *call.mutable_request()->mutable_config();
  config.set_tenant(tenant.value);
  router_->Call({.method = link::METHOD_APPLY_CONFIG,
                 .tenant = tenant,
                 .lane = Lane::kNewContacts,
                 .timeout = kConfigTimeout,
                 .body = std::move(body)},
                [this, snapshot = SnapshotOf(std::move(config)),
                 done = std::move(done)](absl::StatusOr<std::string> answer) mutable {
                  if (!answer.ok()) return done(answer.status());
                  admin::v1::ApplyConfigResponse response;
                  if (!response.ParseFromString(*answer)) return done(Unreadable());
                  if (response.published()) {
                    admin::v1::TenantConfig published = *snapshot;
                    published.set_revision(response.revision());
                    SetSnapshot(std::make_shared<const admin::v1::TenantConfig>(std::move(published)));
                  }
                  done(std::move(response));
                });
}

void RemoteRoutingClient::GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) {
  Ask(link::METHOD_GET_CONFIG, tenant, Lane::kReads, "", std::move(done));
}
void RemoteRoutingClient::ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                                     Done<admin::v1::ListAgentsResponse> done) {
  Ask(link::METHOD_LIST_AGENTS, tenant, Lane::kReads, request.SerializeAsString(), std::move(done));
}
void RemoteRoutingClient::ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                                       Done<admin::v1::ListContactsResponse> done) {
  Ask(link::METHOD_LIST_CONTACTS, tenant, Lane::kReads, request.SerializeAsString(), std::move(done));
}
void RemoteRoutingClient::ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                                         Done<admin::v1::ExplainContactResponse> done) {
  Ask(link::METHOD_EXPLAIN_CONTACT, tenant, Lane::kReads, request.SerializeAsString(), std::move(done));
}

}  // namespace meridian
