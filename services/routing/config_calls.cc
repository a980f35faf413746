// RoutingService::ApplyConfig: what an operator sent becomes a draft on the tenant's shard, then its next revision.
#include <utility>
#include <vector>

#include "libs/config/zone_tables.h"
#include "libs/error/error.h"
#include "libs/runtime/refusal.h"
#include "libs/wire/config_path.h"
#include "libs/wire/tenant_config.h"
#include "services/routing/config_snapshot.h"
#include "services/routing/routing_service.h"

namespace meridian {
namespace {

using admin::v1::ApplyConfigRequest;
using admin::v1::ApplyConfigResponse;

absl::Status EtagMismatch() {
  return MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", "another configuration is in force");
}

constexpr size_t kMaxConfigsWaiting = 16;  // to be checked, each up to as large as a message may be

struct Checked {
  ConfigDigest digest{};
  std::string stored;
  std::shared_ptr<const StoredConfig> config;
};

// A text that is not UTF-8, from a file, is written without complaint, and then the whole can never be read again.
bool CanBeReadBack(const admin::v1::TenantConfig& proto) {
  return admin::v1::TenantConfig().ParseFromString(proto.SerializeAsString());
}

// Everything that can be said of it without the shard: many milliseconds for a large one, and it reads tzdata. `now` is
// when its zone tables are made.
absl::StatusOr<Checked> Check(admin::v1::TenantConfig proto, Instant now) {
  if (!CanBeReadBack(proto)) return FieldError("config", "must be UTF-8 in all its texts");
  std::vector<FieldViolation> violations;
  auto stored = std::make_shared<StoredConfig>();
  proto.clear_revision();
  stored->config = TenantConfigFromProto(proto, MakeZoneTables(ZonesNamedIn(proto), now), violations);
  Normalize(stored->config);
  for (FieldViolation& found : InProtoTerms(proto, Validate(stored->config))) violations.push_back(std::move(found));
  if (!violations.empty()) return FieldErrors(violations);
  Checked checked;
  checked.digest = DigestOf(proto);
  checked.stored = EncodeStoredConfig(proto, stored->config.zones);
  stored->proto = std::move(proto);
  checked.config = std::move(stored);
  return checked;
}

absl::StatusOr<ApplyConfigResponse> ToResponse(const RoutingAnswer& answer) {
  ApplyConfigResponse response;
  response.set_revision(answer.revision);
  response.set_etag(EtagOf(answer.digest));
  switch (answer.outcome) {
    case ConfigOutcome::kPublished:
      response.set_published(true);
      return response;
    case ConfigOutcome::kUnchanged:
      return response;
    case ConfigOutcome::kEtagMismatch:
      return EtagMismatch();
    case ConfigOutcome::kDraftGone:
    case ConfigOutcome::kStaged:
      return MakeError(absl::StatusCode::kUnavailable, "DRAFT_GONE", "other drafts took its place; send it again");
    case ConfigOutcome::kNone:
      break;
  }
  return MakeError(absl::StatusCode::kFailedPrecondition, "CONFIG_REFUSED", answer.answer.text);
}

}  // namespace

// One draft on its way: its pieces one after the other, then its publication. Held by its own callbacks.
class RoutingService::Publication {
 public:
  using DoneWith = absl::AnyInvocable<void(RoutingAnswer&&)>;

  Publication(TenantId tenant, Loop* loop, std::vector<std::string> pieces, PublishDraft publish,
              std::optional<RequestKey> key, DoneWith done)
      : tenant_(std::move(tenant)),
        loop_(loop),
        pieces_(std::move(pieces)),
        publish_(std::move(publish)),
        key_(std::move(key)),
        done_(std::move(done)) {}

  // Posts what comes next; its answer keeps the publication alive and posts the next.
  static void Next(const std::shared_ptr<Publication>& publication) {
    Publication& self = *publication;
    RoutingCommand command{self.tenant_, std::nullopt, {}};
    const auto count = static_cast<uint32_t>(self.pieces_.size());
    const bool last = self.next_ + 1 == count;
    ConfigChunk piece{count, std::move(self.pieces_[self.next_])};
    if (last) {
      self.publish_.last = std::move(piece);
      command.key = std::move(self.key_);
      command.body = std::move(self.publish_);
    } else {
      command.body = StageConfig{{self.publish_.draft, self.next_++}, std::move(piece)};
    }
    const absl::Status posted =
        self.loop_->Post(std::move(command), Lane::kNewContacts, [publication, last](RoutingAnswer&& answer) {
          if (last || !answer.status.ok()) return publication->done_(std::move(answer));
          Next(publication);
        });
    if (!posted.ok()) self.done_(RoutingAnswer{.status = posted, .answer = {}});
  }

 private:
  const TenantId tenant_;
  Loop* const loop_;
  std::vector<std::string> pieces_;
  PublishDraft publish_;
  std::optional<RequestKey> key_;
  DoneWith done_;
  uint32_t next_ = 0;
};

Uuid RoutingService::NewDraftId() {
  std::lock_guard<std::mutex> lock(mutex_);
  return Uuid::Version7(ports_.wall->Now().ToUnixMilliseconds(), random_(), random_());
}

void RoutingService::ApplyConfig(const TenantId& tenant, CommandOrigin origin, ApplyConfigRequest request,
                                 Done<ApplyConfigResponse> done) {
  admin::v1::TenantConfig& proto = *request.mutable_config();
  if (proto.tenant().empty()) proto.set_tenant(tenant.value);
  if (proto.tenant() != tenant.value) return done(FieldError("config.tenant", "must be the token's tenant"));
  const std::optional<Uuid> request_id = Uuid::Parse(request.request_id());
  if (!request_id) return done(FieldError("request_id", "must be a UUID of version 7"));
  if (config_worker_.waiting() >= kMaxConfigsWaiting) {
    return done(MakeRefusal(absl::StatusCode::kResourceExhausted, refusal::kMailboxFull,
                            "too many configurations wait to be checked"));
  }
  config_worker_.Post([this, tenant, request_id = *request_id, origin = std::move(origin), request = std::move(request),
                       done = std::move(done), guard = Enter()]() mutable {
    CheckAndPublish(tenant, request_id, std::move(origin), std::move(request), std::move(done));
  });
}

void RoutingService::CheckAndPublish(const TenantId& tenant, const Uuid& request_id, CommandOrigin origin,
                                     ApplyConfigRequest request, Done<ApplyConfigResponse> done) {
  const Instant now = ports_.wall->Now();
  absl::StatusOr<Checked> checked = Check(std::move(*request.mutable_config()), now);
  if (!checked.ok()) return done(checked.status());

  if (request.validate_only()) {
    return GetConfig(tenant, [etag = request.etag(), checked = EtagOf(checked->digest),
                              done = std::move(done)](absl::StatusOr<admin::v1::GetConfigResponse> current) mutable {
      if (!current.ok() && !absl::IsNotFound(current.status())) return done(current.status());
      if (!etag.empty() && (!current.ok() || etag != current->etag())) return done(EtagMismatch());
      ApplyConfigResponse response;
      response.set_revision(current.ok() ? current->config().revision() : 0);
      response.set_etag(checked);
      done(std::move(response));
    });
  }

  RequestKey key{tenant.value, request_id,
                 DigestOfRequest(origin.actor.subject, EtagOf(checked->digest) + request.etag())};
  PublishDraft publish{.origin = std::move(origin),
                       .draft = NewDraftId(),
                       .last = {},
                       .digest = checked->digest,
                       .expected_etag = request.etag(),
                       .zones_made_at = now,
                       .config = checked->config};
  std::vector<std::string> pieces = CutStoredConfig(checked->stored);
  WithAssignedLoop(tenant, [this, tenant, pieces = std::move(pieces), publish = std::move(publish),
                            key = std::move(key), done = std::move(done)](absl::StatusOr<Loop*> loop) mutable {
    if (!loop.ok()) return done(loop.status());
    const std::shared_ptr<const StoredConfig> config = publish.config;
    auto answered = [this, tenant, config, done = std::move(done)](RoutingAnswer&& answer) mutable {
      if (!answer.status.ok()) return done(answer.status);
      if (answer.outcome == ConfigOutcome::kPublished) {
        admin::v1::TenantConfig published = config->proto;
        published.set_revision(answer.revision);
        SetSnapshot(tenant, SnapshotOf(std::move(published)));
      }
      done(ToResponse(answer));
    };
    Publication::Next(std::make_shared<Publication>(tenant, *loop, std::move(pieces), std::move(publish),
                                                    std::move(key), std::move(answered)));
  });
}

// Once in a hundred days per tenant. A shard that stops badly answers no sooner than it is destroyed: the guard is
// taken once the answer came.
void RoutingService::RenewZones(const TenantId& tenant) {
  GetConfig(tenant, [this, tenant](absl::StatusOr<admin::v1::GetConfigResponse> current) {
    if (!current.ok()) return;  // asked again tomorrow
    config_worker_.Post([this, tenant, guard = Enter(), config = std::move(*current->mutable_config())]() mutable {
      CheckAndRenew(tenant, std::move(config));
    });
  });
}

void RoutingService::CheckAndRenew(const TenantId& tenant, admin::v1::TenantConfig config) {
  Loop* loop = CachedLoop(tenant);
  const Instant now = ports_.wall->Now();
  absl::StatusOr<Checked> checked = Check(std::move(config), now);
  if (!checked.ok()) {
    if (ports_.log != nullptr) ports_.log->Error("zone tables cannot be renewed", {{"tenant", tenant}});
    return;
  }
  PublishDraft publish{.origin = {},
                       .draft = NewDraftId(),
                       .last = {},
                       .digest = checked->digest,
                       .renewal = true,
                       .zones_made_at = now,
                       .config = checked->config};
  auto pieces = CutStoredConfig(checked->stored);
  auto start = [this, tenant, pieces = std::move(pieces),
                publish = std::move(publish)](absl::StatusOr<Loop*> found) mutable {
    if (!found.ok()) return;  // asked again tomorrow
    Publication::Next(std::make_shared<Publication>(
        tenant, *found, std::move(pieces), std::move(publish), std::nullopt, [this, tenant](RoutingAnswer&& answer) {
          if (ports_.log == nullptr) return;
          ports_.log->Info("zone tables renewed", {{"tenant", tenant}, {"revision", answer.revision}});
        }));
  };
  if (loop != nullptr) return start(loop);
  WithLoop(tenant, std::move(start));
}

}  // namespace meridian
