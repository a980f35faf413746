#include "libs/store/redis_registry.h"

#include <utility>

#include "libs/store/tenant_assignment.h"

namespace meridian {

// ---- leases ----

void RedisRegistry::Acquire(ShardId shard, std::string owner, uint64_t nonce, Duration ttl,
                            absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  Hold("acquire", Lease{shard, std::move(owner), nonce, ttl}, std::move(done));
}

void RedisRegistry::Renew(Lease lease, Duration ttl, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  lease.valid_for = ttl;
  Hold("renew", std::move(lease), std::move(done));
}

void RedisRegistry::Hold(std::string_view function, Lease lease, absl::AnyInvocable<void(absl::StatusOr<Lease>)> done) {
  const std::string& base = parts_.shards[lease.shard].base;
  const WallClock* clock = parts_.options.lease_clock;
  const std::string now = clock == nullptr ? "" : std::to_string(clock->Now().ToUnixMilliseconds());
  const RedisArguments call =
      RedisCall(function, base,
                {lease.owner, std::to_string(lease.nonce), std::to_string(lease.valid_for.ToMilliseconds()), now});
  parts_.Send(call, [this, &base, lease = std::move(lease), done = std::move(done)](RedisReply reply) mutable {
    if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
    const std::string_view text = reply.text();
    const std::string name = "shard " + lease.shard.ToString();
    if (text.starts_with("held ")) {
      return done(absl::AlreadyExistsError(name + " is held by " + std::string(text.substr(5))));
    }
    if (text != "ok") return done(absl::FailedPreconditionError("the lease of " + name + " was given to another"));
    parts_.lane.AwaitPatiently(base, [lease = std::move(lease), done = std::move(done)](RedisReplication how) mutable {
      if (how != RedisReplication::kDone) return done(StatusOf(how));
      done(std::move(lease));
    });
  });
}

void RedisRegistry::Release(const Lease& lease, absl::AnyInvocable<void(absl::Status)> done) {
  parts_.Send(RedisCall("release", parts_.shards[lease.shard].base, {lease.owner, std::to_string(lease.nonce)}),
              [done = std::move(done)](RedisReply reply) mutable { done(StatusOfReply(reply)); });
}

// ---- the directory ----

void RedisRegistry::Find(const TenantId& tenant,
                         absl::AnyInvocable<void(absl::StatusOr<TenantShards>, std::string)> done) {
  parts_.Send({"HGET", base_ + ":tenants", tenant.value}, [done = std::move(done)](RedisReply reply) mutable {
    if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status, "");
    if (reply.is_nil()) return done(TenantShards{}, "");
    const auto shards = ParseTenantShards(reply.text());
    if (!shards) return done(absl::DataLossError("an assignment in the directory cannot be read"), "");
    done(*shards, std::string(reply.text()));
  });
}

void RedisRegistry::AnswerOnceDurable(TenantShards shards, OnTenant done) {
  parts_.lane.AwaitPatiently(base_, [shards = std::move(shards), done = std::move(done)](RedisReplication how) mutable {
    if (how != RedisReplication::kDone) return done(StatusOf(how));
    done(std::move(shards));
  });
}

void RedisRegistry::Lookup(TenantId tenant, OnTenant done) {
  Find(tenant, [this, tenant, done = std::move(done)](absl::StatusOr<TenantShards> found, const std::string&) mutable {
    if (!found.ok()) return done(found.status());
    if (found->revision == 0) return done(absl::NotFoundError("tenant " + tenant.value + " has no shards"));
    AnswerOnceDurable(*std::move(found), std::move(done));
  });
}

void RedisRegistry::Assign(TenantId tenant, TenantShards shards, OnTenant done) {
  Find(tenant, [this, tenant, shards = std::move(shards), done = std::move(done)](absl::StatusOr<TenantShards> found,
                                                                                  const std::string& stored) mutable {
    if (!found.ok()) return done(found.status());
    absl::StatusOr<TenantShards> next = DecideAssignment(*found, shards);
    if (!next.ok()) return done(next.status());
    if (*next == *found) return AnswerOnceDurable(*std::move(next), std::move(done));
    parts_.Send(
        RedisCall("assign", base_, {tenant.value, stored, FormatTenantShards(*next)}),
        [this, tenant, shards = std::move(shards), next = *next, done = std::move(done)](RedisReply reply) mutable {
          if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
          // Another came first: what it assigned decides.
          if (reply.text() != "ok") return Assign(std::move(tenant), std::move(shards), std::move(done));
          AnswerOnceDurable(std::move(next), std::move(done));
        });
  });
}

void RedisRegistry::List(const TenantId& after,
                         absl::AnyInvocable<void(absl::StatusOr<std::vector<TenantAssignment>>)> done) {
  const std::string page = std::to_string(ShardDirectory::kListPage);
  parts_.Send(RedisCall("tenants", base_, {after.value, page}),
              [this, done = std::move(done)](RedisReply reply) mutable {
                if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
                std::vector<TenantAssignment> tenants;
                for (size_t i = 0; i + 1 < reply.size(); i += 2) {
                  const auto shards = ParseTenantShards(reply.at(i + 1).text());
                  if (!shards) return done(absl::DataLossError("an assignment in the directory cannot be read"));
                  tenants.push_back({TenantId{std::string(reply.at(i).text())}, *shards});
                }
                parts_.lane.AwaitPatiently(
                    base_, [tenants = std::move(tenants), done = std::move(done)](RedisReplication how) mutable {
                      if (how != RedisReplication::kDone) return done(StatusOf(how));
                      done(std::move(tenants));
                    });
              });
}

}  // namespace meridian
