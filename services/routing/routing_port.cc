#include "services/routing/routing_port.h"

#include <deque>
#include <map>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/gateway_message.h"
#include "libs/wire/routing_command.h"
#include "meridian/internal/routing/v1/routing_command.pb.h"

namespace meridian {

namespace pb = internal::routing::v1;
namespace link = internal::link::v1;

namespace {

// What waits for one gateway; a gateway that lets more gather starts anew and is told everything that holds.
constexpr size_t kMaxWaitingBytes = 16 << 20;

template <class Message>
absl::StatusOr<Message> ParseBody(const std::string& body) {
  Message message;
  if (!message.ParseFromString(body)) return absl::InvalidArgumentError("a call of another process cannot be read");
  return message;
}

template <class Response>
RoutingClient::Done<Response> Serialized(LinkAnswer answer) {
  return [answer = std::move(answer)](absl::StatusOr<Response> response) mutable {
    if (!response.ok()) return answer(response.status());
    answer(response->SerializeAsString());
  };
}

}  // namespace

// ---- configurations: of each tenant the newest that was not given yet ----

class RoutingPort::ConfigSource final : public FeedSource {
 public:
  ConfigSource(std::shared_ptr<Followers> followers, std::shared_ptr<FeedSink> sink)
      : followers_(std::move(followers)), sink_(std::move(sink)) {}
  ~ConfigSource() override {
    std::lock_guard lock(followers_->mutex);
    followers_->sources.erase(this);
  }

  void Add(const std::shared_ptr<const admin::v1::TenantConfig>& config) {
    std::lock_guard lock(mutex_);
    auto& waiting = waiting_[config->tenant()];
    if (waiting == nullptr || waiting->revision() < config->revision()) waiting = config;
  }
  const std::shared_ptr<FeedSink>& sink() const { return sink_; }

  std::optional<std::string> Next() override {
    std::shared_ptr<const admin::v1::TenantConfig> config;
    pb::ConfigItem item;
    {
      std::lock_guard lock(mutex_);
      if (waiting_.empty() && std::exchange(complete_, true)) return std::nullopt;
      if (!waiting_.empty()) {
        config = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
      }
    }
    if (config != nullptr) {
      *item.mutable_config() = *config;
    } else {
      item.set_complete(true);
    }
    return item.SerializeAsString();
  }

 private:
  const std::shared_ptr<Followers> followers_;
  const std::shared_ptr<FeedSink> sink_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const admin::v1::TenantConfig>> waiting_;  // by tenant
  bool complete_ = false;  // what there was at first has been given
};

// ---- a gateway's messages ----

class RoutingPort::GatewaySource final : public FeedSource {
 public:
  GatewaySource(std::shared_ptr<GatewayDesk> desk, GatewayKey gateway, uint64_t peer, std::shared_ptr<FeedSink> sink)
      : desk_(std::move(desk)), gateway_(std::move(gateway)), peer_(peer), messages_(std::make_shared<Messages>()) {
    messages_->sink = std::move(sink);
  }
  ~GatewaySource() override {
    registration_.reset();
    desk_->Unregister(gateway_, number_);
  }

  // The first thing that a gateway is told is to attach again what it holds.
  void Register(RoutingClient& routing) {
    number_ = desk_->Register(gateway_, peer_);
    messages_->AddTermBegan();
    registration_ =
        routing.RegisterGateway(gateway_, {[messages = messages_](const TenantId& tenant, GatewayMessage&& message) {
                                             messages->Add(Encode(tenant, message));
                                           },
                                           [messages = messages_] { messages->AddTermBegan(); }});
  }

  std::optional<std::string> Next() override {
    std::lock_guard lock(messages_->mutex);
    if (messages_->waiting.empty()) return std::nullopt;
    std::string message = std::move(messages_->waiting.front());
    messages_->waiting.pop_front();
    messages_->bytes -= message.size();
    return message;
  }

 private:
  // Held by routing's callbacks too.
  struct Messages {
    // Terms of several shards that begin together need one word: what is attached after it is attached in all.
    void AddTermBegan() {
      std::string message = EncodeTermBegan();
      {
        std::lock_guard lock(mutex);
        if (!waiting.empty() && waiting.back() == message) return;
      }
      Add(std::move(message));
    }

    void Add(std::string message) {
      bool is_full = false;
      {
        std::lock_guard lock(mutex);
        if (overflowed) return;
        bytes += message.size();
        is_full = overflowed = bytes > kMaxWaitingBytes;
        if (is_full) waiting.clear();
        if (!is_full) waiting.push_back(std::move(message));
      }
      if (!is_full) return sink->Notify();
      sink->End(MakeError(absl::StatusCode::kResourceExhausted, "SLOW_READER", "too much was waiting to be read"));
    }

    std::shared_ptr<FeedSink> sink;
    std::mutex mutex;
    std::deque<std::string> waiting;
    size_t bytes = 0;
    bool overflowed = false;
  };

  const std::shared_ptr<GatewayDesk> desk_;
  const GatewayKey gateway_;
  const uint64_t peer_;
  const std::shared_ptr<Messages> messages_;
  uint64_t number_ = 0;
  std::unique_ptr<RoutingClient::Registration> registration_;
};

// ---- the port ----

RoutingPort::RoutingPort(RoutingClient* routing, rpc::DeadlineTimer* timer, RoutingPortOptions options)
    : routing_(routing), options_(std::move(options)), desk_(GatewayDesk::Create(routing, timer)) {}

RoutingPort::~RoutingPort() { desk_->Close(); }

void RoutingPort::Bind(LinkServer& server) {
  server.ServeCall(link::METHOD_SEND_COMMAND,
                   [this](IncomingCall call, LinkAnswer answer) { Send(std::move(call), std::move(answer)); });
  server.ServeCall(link::METHOD_APPLY_CONFIG,
                   [this](IncomingCall call, LinkAnswer answer) { ApplyConfig(std::move(call), std::move(answer)); });
  server.ServeCall(link::METHOD_GET_CONFIG, [this](IncomingCall call, LinkAnswer answer) {
    const absl::Status owner = CheckOwner(call.tenant);
    if (!owner.ok()) return answer(owner);
    routing_->GetConfig(call.tenant, Serialized<admin::v1::GetConfigResponse>(std::move(answer)));
  });
  ServeAdmin(server, link::METHOD_LIST_AGENTS, &RoutingClient::ListAgents);
  ServeAdmin(server, link::METHOD_LIST_CONTACTS, &RoutingClient::ListContacts);
  ServeAdmin(server, link::METHOD_EXPLAIN_CONTACT, &RoutingClient::ExplainContact);
  server.ServeFeed(link::METHOD_FOLLOW_CONFIGS, true, [this](const IncomingCall&, std::shared_ptr<FeedSink> sink) {
    return FollowConfigs(std::move(sink));
  });
  server.ServeFeed(
      link::METHOD_REGISTER_GATEWAY, true,
      [this](const IncomingCall& call, std::shared_ptr<FeedSink> sink) { return OpenGateway(call, std::move(sink)); });
  server.OnPeerClosed([desk = desk_](uint64_t peer) { desk->PeerClosed(peer); });
}

absl::Status RoutingPort::CheckOwner(const TenantId& tenant) const {
  return options_.check ? options_.check(tenant) : absl::OkStatus();
}

void RoutingPort::Send(IncomingCall call, LinkAnswer answer) {
  const absl::Status owner = CheckOwner(call.tenant);
  if (!owner.ok()) return answer(owner);
  absl::StatusOr<KeyedCommand> read = DecodeRoutingCommand(call.body);
  if (!read.ok()) return answer(read.status());
  if (read->key && read->key->tenant != call.tenant.value) {
    return answer(FieldError("key.tenant", "must be the call's tenant"));
  }
  if (const auto* attach = std::get_if<AttachAgent>(&read->command.body)) {
    const absl::Status noted = desk_->NoteAttach(call.peer, call.tenant, *attach);
    if (!noted.ok()) return answer(noted);
  } else if (const auto* detach = std::get_if<DetachAgent>(&read->command.body)) {
    desk_->NoteDetach(call.peer, call.tenant, *detach);
  }
  routing_->Send(call.tenant, std::move(read->command), std::move(read->key), call.lane,
                 [answer = std::move(answer)](absl::StatusOr<Answer> answered) mutable {
                   if (!answered.ok()) return answer(answered.status());
                   answer(Encode(*answered));
                 });
}

template <class Request, class Response>
void RoutingPort::ServeAdmin(LinkServer& server, LinkMethod method,
                             void (RoutingClient::*function)(const TenantId&, Request, RoutingClient::Done<Response>)) {
  server.ServeCall(method, [this, function](IncomingCall call, LinkAnswer answer) {
    const absl::Status owner = CheckOwner(call.tenant);
    if (!owner.ok()) return answer(owner);
    absl::StatusOr<Request> request = ParseBody<Request>(call.body);
    if (!request.ok()) return answer(request.status());
    (routing_->*function)(call.tenant, *std::move(request), Serialized<Response>(std::move(answer)));
  });
}

void RoutingPort::ApplyConfig(IncomingCall call, LinkAnswer answer) {
  const absl::Status owner = CheckOwner(call.tenant);
  if (!owner.ok()) return answer(owner);
  absl::StatusOr<pb::ApplyConfigCall> read = ParseBody<pb::ApplyConfigCall>(call.body);
  if (!read.ok()) return answer(read.status());
  absl::StatusOr<CommandOrigin> origin = DecodeOrigin(read->origin().SerializeAsString());
  if (!origin.ok()) return answer(origin.status());
  routing_->ApplyConfig(call.tenant, *std::move(origin), std::move(*read->mutable_request()),
                        Serialized<admin::v1::ApplyConfigResponse>(std::move(answer)));
}

absl::StatusOr<std::unique_ptr<FeedSource>> RoutingPort::FollowConfigs(std::shared_ptr<FeedSink> sink) {
  auto source = std::make_unique<ConfigSource>(followers_, std::move(sink));
  {
    std::lock_guard lock(followers_->mutex);
    followers_->sources.insert(source.get());
  }
  // What is published from here on comes by itself.
  for (const auto& config : routing_->ConfigSnapshots()) source->Add(config);
  return source;
}

void RoutingPort::OnConfig(const std::shared_ptr<const admin::v1::TenantConfig>& config) {
  std::vector<std::shared_ptr<FeedSink>> sinks;
  {
    std::lock_guard lock(followers_->mutex);
    for (ConfigSource* source : followers_->sources) {
      source->Add(config);
      sinks.push_back(source->sink());
    }
  }
  for (const auto& sink : sinks) sink->Notify();
}

absl::StatusOr<std::unique_ptr<FeedSource>> RoutingPort::OpenGateway(const IncomingCall& call,
                                                                     std::shared_ptr<FeedSink> sink) {
  if (call.body.empty()) return FieldError("calls.body", "must be the gateway's key");
  auto source = std::make_unique<GatewaySource>(desk_, GatewayKey{call.body}, call.peer, std::move(sink));
  source->Register(*routing_);
  return source;
}

}  // namespace meridian
