#include "services/routing/routing_service.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "services/routing/explain_contact.h"
#include "services/routing/views.h"

namespace meridian {
namespace {

absl::Status TenantNotFound() {
  return MakeError(absl::StatusCode::kNotFound, "TENANT_NOT_FOUND", "the tenant was never configured here");
}

}  // namespace

RoutingService::RoutingService(RoutingOptions options, RoutingPorts ports)
    : options_(std::move(options)),
      ports_(ports),
      random_(options_.seed),
      open_(options_.shards),
      thread_(ports.monotonic, "routing-shards") {
  for (uint32_t number = 0; number < options_.shards; ++number) {
    const ShardId shard{ShardKind::kRouting, number};
    ShardLoopOptions loop;
    loop.identity = {.shard = shard, .owner = options_.owner, .nonce = random_(), .lease_ttl = options_.lease_ttl};
    loop.batch = options_.batch;
    loop.mailbox = options_.mailbox;
    ShardHooks<RoutingProgram> hooks;
    hooks.on_message = [this](RoutingMessage&& message) { OnMessage(std::move(message)); };
    hooks.on_state = [this, shard](ShardState state, const absl::Status& why) { OnState(shard, state, why); };
    if (ports_.metrics != nullptr) {
      hooks.snapshot = [this, number](const RoutingProgram& program) { return Snapshot(number, program); };
    }
    shards_.push_back(std::make_unique<RoutingShard>(
        options_.region, std::move(loop), ShardPorts{ports_.store, ports_.leases, ports_.monotonic, ports_.wall},
        std::move(hooks)));
    thread_.Add(&shards_.back()->loop());
  }
  if (options_.log_limit_bytes > 0) {
    log_room_ =
        std::make_unique<LogRoom>(LogRoomOptions{.shards = options_.shards, .limit_bytes = options_.log_limit_bytes},
                                  LogRoomPorts{.event_log = ports_.event_log,
                                               .monotonic = ports_.monotonic,
                                               .metrics = ports_.metrics,
                                               .log = ports_.log});
    thread_.Add(log_room_.get());
  }
}

RoutingService::~RoutingService() {
  closing_ = true;
  std::unique_lock<std::mutex> lock(mutex_);
  idle_.wait(lock, [this] { return entered_ == 0; });
}

void RoutingService::Start() {
  for (uint32_t number = 0; !options_.placed && number < options_.shards; ++number) Open(number);
  thread_.Start();
}

void RoutingService::Open(uint32_t shard) {
  shards_[shard]->loop().Start();
  open_[shard] = true;
}

void RoutingService::Close(uint32_t shard) {
  open_[shard] = false;
  shards_[shard]->loop().RequestStop();
}

bool RoutingService::AwaitServing(Duration patience) {
  struct Waiting {
    std::mutex mutex;
    std::condition_variable all;
    size_t missing = 0;
    bool failed = false;
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->missing = shards_.size();
  for (const auto& shard : shards_) {
    shard->loop().Query([](const RoutingProgram&) { return true; },
                        [waiting](absl::StatusOr<bool> answered) {
                          std::lock_guard<std::mutex> lock(waiting->mutex);
                          --waiting->missing;
                          if (!answered.ok()) waiting->failed = true;
                          waiting->all.notify_all();
                        });
  }
  std::unique_lock<std::mutex> lock(waiting->mutex);
  waiting->all.wait_for(lock, std::chrono::nanoseconds(patience.ns),
                        [&] { return waiting->missing == 0 || waiting->failed; });
  return waiting->missing == 0 && !waiting->failed;
}

// ---- where a tenant is ----

RoutingService::Guard RoutingService::Enter() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ++entered_;
  }
  return Guard(this, [](void* service) {
    auto* self = static_cast<RoutingService*>(service);
    std::lock_guard<std::mutex> lock(self->mutex_);
    if (--self->entered_ == 0) self->idle_.notify_all();
  });
}

RoutingService::Loop* RoutingService::CachedLoop(const TenantId& tenant) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = loop_of_.find(tenant);
  return found == loop_of_.end() ? nullptr : found->second;
}

absl::StatusOr<RoutingService::Loop*> RoutingService::IfOpen(Loop* loop) const {
  if (open_[loop->shard().number]) return loop;
  return NotServedHere();
}

absl::StatusOr<RoutingService::Loop*> RoutingService::LoopOf(const TenantId& tenant,
                                                             const absl::StatusOr<TenantShards>& shards) {
  if (!shards.ok()) return absl::IsNotFound(shards.status()) ? TenantNotFound() : shards.status();
  const uint32_t number = shards->routing.number;
  if (number >= shards_.size()) {
    return NotServedHere();
  }
  Loop* const loop = &shards_[number]->loop();
  std::lock_guard<std::mutex> lock(mutex_);
  loop_of_[tenant] = loop;
  return IfOpen(loop);
}

void RoutingService::WithLoop(const TenantId& tenant, absl::AnyInvocable<void(absl::StatusOr<Loop*>)> use) {
  if (Loop* cached = CachedLoop(tenant)) return use(IfOpen(cached));
  ports_.directory->Lookup(tenant, [this, tenant, use = std::move(use), guard = Enter()](
                                       absl::StatusOr<TenantShards> shards) mutable { use(LoopOf(tenant, shards)); });
}

void RoutingService::WithAssignedLoop(const TenantId& tenant, absl::AnyInvocable<void(absl::StatusOr<Loop*>)> use) {
  WithLoop(tenant, [this, tenant, use = std::move(use)](absl::StatusOr<Loop*> loop) mutable {
    if (loop.ok() || !absl::IsNotFound(loop.status())) return use(std::move(loop));
    TenantShards shards;
    shards.routing.number = static_cast<uint32_t>(StableHash(tenant.value) % options_.shards);
    shards.sessions = {
        {ShardKind::kSession, static_cast<uint32_t>(StableHash(tenant.value) % options_.session_shards)}};
    ports_.directory->Assign(
        tenant, shards,
        [this, tenant, use = std::move(use), guard = Enter()](absl::StatusOr<TenantShards> assigned) mutable {
          if (!absl::IsAborted(assigned.status())) return use(LoopOf(tenant, assigned));
          WithLoop(tenant, std::move(use));  // somebody else assigned it meanwhile
        });
  });
}

// ---- commands ----

void RoutingService::Send(const TenantId& tenant, Command command, std::optional<RequestKey> key, Lane lane,
                          Done<Answer> done) {
  RoutingCommand routed{tenant, std::move(key), std::move(command)};
  WithLoop(tenant,
           [this, routed = std::move(routed), lane, done = std::move(done)](absl::StatusOr<Loop*> loop) mutable {
             if (!loop.ok()) return done(loop.status());
             routed.no_new_contacts = log_room_ != nullptr && log_room_->IsShort((*loop)->shard().number);
             shards_[(*loop)->shard().number]->Send(std::move(routed), lane, std::move(done));
           });
}

// ---- what leaves ----

void RoutingService::OnMessage(RoutingMessage&& message) {
  if (auto* to_gateway = std::get_if<MessageToGateway>(&message)) {
    gateways_.Deliver(to_gateway->tenant, std::move(to_gateway->message));
  } else if (auto* config = std::get_if<ConfigInForce>(&message)) {
    SetSnapshot(config->tenant, std::move(config->config));
  } else if (auto* due = std::get_if<ZonesDue>(&message)) {
    RenewZones(due->tenant);
  }
}

void RoutingService::OnState(ShardId shard, ShardState state, const absl::Status& why) {
  if (ports_.log != nullptr) {
    const LogLevel level = why.ok() ? LogLevel::kInfo : LogLevel::kWarning;
    ports_.log->Write(level, "routing shard", {{"shard", shard.number}, {"state", state}, {"why", why.code()}});
  }
  if (state == ShardState::kServing) gateways_.TellTerm();
  if (state == ShardState::kStopped || state == ShardState::kLost) ClearGauges(shard.number);
  if (ports_.on_state) ports_.on_state(shard, state, why);
}

void RoutingService::SetSnapshot(const TenantId& tenant, std::shared_ptr<const admin::v1::TenantConfig> config) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto& held = snapshots_[tenant];
    if (held != nullptr && held->revision() >= config->revision()) return;
    held = config;
  }
  if (ports_.on_config) ports_.on_config(config);
}

std::shared_ptr<const admin::v1::TenantConfig> RoutingService::ConfigSnapshot(const TenantId& tenant) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = snapshots_.find(tenant);
  return found == snapshots_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const admin::v1::TenantConfig>> RoutingService::ConfigSnapshots() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::shared_ptr<const admin::v1::TenantConfig>> configs;
  for (const auto& [tenant, config] : snapshots_) configs.push_back(config);
  return configs;
}

struct RoutingService::TenantGauges {
  uint32_t shard = 0;
  Gauge waiting, offered, in_hands, wrapping;

  void Set(const QueueCounts& counts) const {
    waiting.Set(counts.waiting);
    offered.Set(counts.offered);
    in_hands.Set(counts.in_hands);
    wrapping.Set(counts.wrapping);
  }
};

// Whoever serves the shard now counts its contacts.
void RoutingService::ClearGauges(uint32_t shard) {
  for (const auto& [queue, gauges] : gauges_) {
    if (gauges->shard == shard) gauges->Set({});
  }
}

absl::AnyInvocable<void()> RoutingService::Snapshot(uint32_t shard, const RoutingProgram& program) {
  std::vector<std::pair<std::shared_ptr<TenantGauges>, QueueCounts>> values;
  for (const Engine* engine : program.OpenEngines()) {
    for (const QueueCounts& counts : engine->CountsByQueue()) {
      auto& gauges = gauges_[{engine->tenant(), counts.queue}];
      if (gauges == nullptr) {
        const auto make = [&](const char* state) {
          return ports_.metrics->MakeGauge(
              "meridian_queue_contacts", "Live contacts by queue and state.",
              {{"tenant", engine->tenant().value}, {"queue", counts.queue.value}, {"state", state}});
        };
        gauges = std::make_shared<TenantGauges>(
            TenantGauges{shard, make("waiting"), make("offered"), make("in_hands"), make("wrapping")});
      }
      values.emplace_back(gauges, counts);
    }
  }
  return [values = std::move(values)] {
    for (const auto& [gauges, counts] : values) gauges->Set(counts);
  };
}

// ---- reading ----

template <class R, class Read>
void RoutingService::QueryEngine(const TenantId& tenant, Read read, Done<R> done) {
  WithLoop(tenant, [tenant, read = std::move(read), done = std::move(done)](absl::StatusOr<Loop*> loop) mutable {
    if (!loop.ok()) return done(loop.status());
    (*loop)->Query(
        [tenant, read = std::move(read)](const RoutingProgram& program) mutable -> absl::StatusOr<R> {
          absl::StatusOr<const Engine*> engine = program.FindEngine(tenant);
          if (!engine.ok()) return engine.status();
          return read(*engine, program);
        },
        [done = std::move(done)](absl::StatusOr<absl::StatusOr<R>> result) mutable {
          if (!result.ok()) return done(result.status());
          done(*std::move(result));
        });
  });
}

void RoutingService::GetConfig(const TenantId& tenant, Done<admin::v1::GetConfigResponse> done) {
  struct Found {
    std::shared_ptr<const std::string> config;
    ConfigDigest digest;
  };
  QueryEngine<Found>(
      tenant,
      [tenant](const Engine*, const RoutingProgram& program) -> absl::StatusOr<Found> {
        return Found{program.FindConfig(tenant), program.DigestInForce(tenant)};
      },
      [done = std::move(done)](absl::StatusOr<Found> found) mutable {
        // A tenant that is not known has no configuration, which is what the caller asked for.
        const bool absent = found.ok() ? found->config == nullptr : absl::IsNotFound(found.status());
        if (absent) return done(MakeError(absl::StatusCode::kNotFound, "NO_CONFIG", "nothing was published yet"));
        if (!found.ok()) return done(found.status());
        admin::v1::GetConfigResponse response;
        if (!response.mutable_config()->ParseFromString(*found->config)) {
          return done(absl::DataLossError("the configuration in force cannot be read"));
        }
        response.set_etag(EtagOf(found->digest));
        done(std::move(response));
      });
}

void RoutingService::ListAgents(const TenantId& tenant, admin::v1::ListAgentsRequest request,
                                Done<admin::v1::ListAgentsResponse> done) {
  const absl::StatusOr<size_t> size = PageSize(request.page_size());
  if (!size.ok()) return done(size.status());
  absl::StatusOr<AgentId> after = ParseAgentPageToken(request.page_token());
  if (!after.ok()) return done(after.status());
  QueryEngine<admin::v1::ListAgentsResponse>(
      tenant,
      [size = *size, after = *std::move(after)](
          const Engine* engine, const RoutingProgram&) -> absl::StatusOr<admin::v1::ListAgentsResponse> {
        admin::v1::ListAgentsResponse response;
        if (engine == nullptr) return response;
        const std::vector<AgentView> agents = engine->ListAgents(after, size + 1);  // one more: is this the last page?
        for (size_t i = 0; i < std::min(agents.size(), size); ++i) ViewAgent(agents[i], response.add_agents());
        if (agents.size() > size) response.set_next_page_token(agents[size - 1].record->agent.value);
        return response;
      },
      std::move(done));
}

void RoutingService::ListContacts(const TenantId& tenant, admin::v1::ListContactsRequest request,
                                  Done<admin::v1::ListContactsResponse> done) {
  const absl::StatusOr<size_t> size = PageSize(request.page_size());
  if (!size.ok()) return done(size.status());
  const absl::StatusOr<uint32_t> start = ParsePageToken(request.page_token());
  if (!start.ok()) return done(start.status());
  QueryEngine<admin::v1::ListContactsResponse>(
      tenant,
      [size = *size, cursor = *start, queue = request.queue()](
          const Engine* engine,
          const RoutingProgram& program) mutable -> absl::StatusOr<admin::v1::ListContactsResponse> {
        admin::v1::ListContactsResponse response;
        if (engine == nullptr) return response;
        // A page of one queue looks at no more contacts than the largest page of all: it may be short, or empty, before
        // the end.
        size_t unseen = kLargestPage;
        do {
          const size_t room = size - static_cast<size_t>(response.contacts_size());
          const auto contacts = engine->ListContacts(cursor, std::min(room, unseen));
          unseen -= contacts.size();
          for (const ContactRecord* contact : contacts) {
            if (!queue.empty() && engine->QueueOf(*contact).value != queue) continue;
            ViewContact(*engine, *contact, program.now(), response.add_contacts());
          }
        } while (cursor != 0 && unseen > 0 && static_cast<size_t>(response.contacts_size()) < size);
        response.set_next_page_token(PageToken(cursor));
        return response;
      },
      std::move(done));
}

void RoutingService::ExplainContact(const TenantId& tenant, admin::v1::ExplainContactRequest request,
                                    Done<admin::v1::ExplainContactResponse> done) {
  const std::optional<ContactId> contact = ContactId::Parse(request.contact_id());
  if (!contact) return done(FieldError("contact_id", "must be a contact's id, <region>-<uuid>"));
  QueryEngine<LiveExplanation>(
      tenant,
      [contact = *contact](const Engine* engine, const RoutingProgram& program) -> absl::StatusOr<LiveExplanation> {
        return engine == nullptr ? LiveExplanation{} : ExplainLive(*engine, contact, program.now());
      },
      [this, tenant, contact = *contact, done = std::move(done)](absl::StatusOr<LiveExplanation> live) mutable {
        if (!live.ok()) return done(live.status());
        Loop* loop = CachedLoop(tenant);
        ReadPast(
            ports_.event_log, loop->shard(), tenant, contact, [this, guard = Enter()] { return closing_.load(); },
            [live = *std::move(live), contact, done = std::move(done)](absl::StatusOr<PastOfContact> past) mutable {
              if (!past.ok()) return done(past.status());
              done(Explain(contact, std::move(live), *std::move(past)));
            });
      });
}

}  // namespace meridian
