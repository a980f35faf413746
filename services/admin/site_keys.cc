#include "services/admin/site_keys.h"

#include <list>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/error/error.h"

namespace meridian {
namespace {

namespace pb = admin::v1;

using Keys = std::set<std::string>;

void AddKeys(const pb::TenantConfig& config, Keys& keys) {
  for (const pb::Site& site : config.sites()) keys.insert(site.key());
}

}  // namespace

// What is being published.
struct SiteKeys::Publications {
  struct Publication {
    std::string tenant;
    Keys keys;
  };

  using Begun = std::list<Publication>::iterator;

  std::mutex mutex;
  std::list<Publication> under_way;  // under mutex

  // Reserves the keys of `config`, or says which are taken.
  absl::StatusOr<Begun> Begin(const RoutingClient& routing, const TenantId& tenant, const pb::TenantConfig& config);
  void End(Begun publication) {
    std::lock_guard lock(mutex);
    under_way.erase(publication);
  }
};

// What is published is asked for under the mutex: a publication that is no longer under way shows there.
absl::StatusOr<SiteKeys::Publications::Begun> SiteKeys::Publications::Begin(const RoutingClient& routing,
                                                                            const TenantId& tenant,
                                                                            const pb::TenantConfig& config) {
  std::lock_guard lock(mutex);
  Keys own;
  Keys taken;
  for (const auto& published : routing.ConfigSnapshots()) {
    AddKeys(*published, published->tenant() == tenant.value ? own : taken);
  }
  for (const Publication& other : under_way) {
    if (other.tenant != tenant.value) taken.insert(other.keys.begin(), other.keys.end());
  }
  std::vector<FieldViolation> violations;
  for (int i = 0; i < config.sites_size(); ++i) {
    const std::string& key = config.sites(i).key();
    if (own.contains(key) || !taken.contains(key)) continue;
    violations.push_back({"sites[" + std::to_string(i) + "].key", "must be unique in the installation, and is taken"});
  }
  if (!violations.empty()) return FieldErrors(violations);
  Publication publication{tenant.value, {}};
  AddKeys(config, publication.keys);
  return under_way.insert(under_way.end(), std::move(publication));
}

SiteKeys::SiteKeys(RoutingClient& routing) : routing_(routing), publications_(std::make_shared<Publications>()) {}

void SiteKeys::ApplyConfig(const TenantId& tenant, CommandOrigin origin, pb::ApplyConfigRequest request,
                           RoutingClient::Done<pb::ApplyConfigResponse> done) {
  auto begun = publications_->Begin(routing_, tenant, request.config());
  if (!begun.ok()) return done(begun.status());
  routing_.ApplyConfig(tenant, std::move(origin), std::move(request),
                       [publications = publications_, publication = *begun,
                        done = std::move(done)](absl::StatusOr<pb::ApplyConfigResponse> response) mutable {
                         publications->End(publication);
                         done(std::move(response));
                       });
}

}  // namespace meridian
