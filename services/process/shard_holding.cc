#include "services/process/shard_holding.h"

#include <utility>

#include "libs/error/status_code.h"
#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

constexpr Duration kInterval = Duration::Milliseconds(100);
// As long as a shard's lease: after it the shard is another's to take.
constexpr Duration kHangs = Duration::Seconds(2);
constexpr char kOwnLink[] = "link to itself";
constexpr char kPlacement[] = "placement";

}  // namespace

ShardHolding::ShardHolding(ServiceProcess* process, ShardKind kind) : process_(*process), kind_(kind) {}

ShardHolding::~ShardHolding() { Stop(); }

void ShardHolding::Start(Shards shards) {
  Readiness& readiness = process_.readiness();
  readiness.Expect(kOwnLink);
  readiness.Expect(kPlacement);
  ShardKeeperPorts ports = process_.KeeperPorts();
  ports.open = std::move(shards.open);
  ports.close = std::move(shards.close);
  ports.hangs = [late_by = std::move(shards.late_by)](uint32_t shard) { return late_by(shard) > kHangs; };
  ports.on_admitted = [this](const absl::Status& status) {
    process_.readiness().Tell(kPlacement, status.ok(), status.ok() ? "joined" : "refused", status);
    if (!status.ok()) {
      process_.environment().log.Error("another process lives that has another signing key, or other TLS",
                                       {{"code", status.code()}});
    }
  };
  const std::string address = process_.address();
  owned_keeper_ = std::make_unique<ShardKeeper>(
      ShardKeeperOptions{.kind = kind_, .address = address, .trust = process_.trust()}, std::move(ports));
  keeper_ = owned_keeper_.get();
  own_link_ = std::make_unique<LinkClient>(address, process_.Links());
  look_ = std::make_unique<Periodic>(&process_.timer(), kInterval, [this] { Look(); });
}

void ShardHolding::Look() {
  const bool reached = own_link_->Probe();
  process_.readiness().Tell(kOwnLink, reached, reached ? "reached" : process_.address() + " is not reached",
                            absl::OkStatus());
  if (!reached || std::exchange(joined_, true)) return;
  owned_keeper_->Start();
}

void ShardHolding::OnState(uint32_t shard, ShardState state) {
  if (ShardKeeper* keeper = keeper_.load()) keeper->OnState(shard, state);
}

absl::Status ShardHolding::Check(const TenantId& tenant) const {
  const ShardKeeper* keeper = keeper_.load();
  return keeper == nullptr ? NotServedHere() : keeper->Check(tenant);
}

void ShardHolding::GiveBack(uint32_t shard) { owned_keeper_->GiveBack(shard); }

bool ShardHolding::Leave(Duration limit) {
  look_.reset();
  own_link_.reset();
  return owned_keeper_->Leave(limit);
}

void ShardHolding::Stop() {
  look_.reset();
  own_link_.reset();
  if (owned_keeper_ != nullptr) owned_keeper_->Stop();
}

}  // namespace meridian
