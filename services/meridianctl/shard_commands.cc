#include "services/meridianctl/shard_commands.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <random>
#include <vector>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/placement/placed_shard_map.h"
#include "libs/placement/placement_plan.h"

namespace meridian::ctl {
namespace {

constexpr Duration kAnswer = Duration::Seconds(10);
constexpr Duration kLookAgain = Duration::Milliseconds(250);

template <typename T, typename Call>
T Await(Call call) {
  auto promise = std::make_shared<std::promise<T>>();
  auto answer = promise->get_future();
  call([promise](T value) { promise->set_value(std::move(value)); });
  if (answer.wait_for(std::chrono::nanoseconds(kAnswer.ns)) == std::future_status::ready) return answer.get();
  return T(absl::UnavailableError("the store does not answer"));
}

absl::StatusOr<PlacementView> ViewOf(const SharedStore& store) {
  return Await<absl::StatusOr<PlacementView>>([&](auto done) { store.placement->View(std::move(done)); });
}

absl::StatusOr<std::vector<TenantAssignment>> TenantsOf(const SharedStore& store) {
  std::vector<TenantAssignment> all;
  while (true) {
    MERIDIAN_ASSIGN_OR_RETURN(auto page, Await<absl::StatusOr<std::vector<TenantAssignment>>>([&](auto done) {
                                store.directory->List(all.empty() ? TenantId{} : all.back().tenant, std::move(done));
                              }));
    const bool last = page.size() < ShardDirectory::kListPage;
    all.insert(all.end(), std::make_move_iterator(page.begin()), std::make_move_iterator(page.end()));
    if (last) return all;
  }
}

std::string Place(const TenantShards& shards) {
  return ShardName(shards.routing) + ", " + ShardName(shards.sessions.front());
}

int AssignTenant(const SharedStore& store, const ShardsOptions& options, const Console& console) {
  const absl::StatusOr<PlacementView> view = ViewOf(store);
  if (!view.ok()) return Fail(console, view.status());
  if (!IsValidName(options.what)) {
    return Fail(console,
                FieldError("shards move", "must name a shard, such as routing/3, or a tenant: 1 to 63 of [a-z0-9_.-]"));
  }
  if (!options.to.empty()) {
    return Fail(console, FieldError("--to", "is of a shard, such as routing/3: " + options.what +
                                                " is a tenant, which gets --routing or --session"));
  }
  if (!options.routing && !options.session) {
    return Fail(console, FieldError("shards move", options.what + " is no shard (such as routing/3); for a tenant "
                                                                  "give --routing or --session"));
  }
  const auto choose = [&](ShardKind kind, const std::optional<uint32_t>& wished) -> absl::StatusOr<ShardId> {
    const uint32_t count = view->CountOf(kind);
    if (count == 0) return absl::FailedPreconditionError("no process has decided the number of shards yet");
    if (wished && *wished >= count) {
      return FieldError(kind == ShardKind::kRouting ? "--routing" : "--session",
                        "must be below " + std::to_string(count));
    }
    return ShardId{kind, wished.value_or(FirstShardOf(TenantId{options.what}, count))};
  };
  TenantShards shards;
  const auto routing = choose(ShardKind::kRouting, options.routing);
  if (!routing.ok()) return Fail(console, routing.status());
  const auto session = choose(ShardKind::kSession, options.session);
  if (!session.ok()) return Fail(console, session.status());
  shards.routing = *routing;
  shards.sessions = {*session};
  const auto assigned = Await<absl::StatusOr<TenantShards>>(
      [&](auto done) { store.directory->Assign(TenantId{options.what}, shards, std::move(done)); });
  if (absl::IsAborted(assigned.status())) {
    const auto held = Await<absl::StatusOr<TenantShards>>(
        [&](auto done) { store.directory->Lookup(TenantId{options.what}, std::move(done)); });
    if (!held.ok()) return Fail(console, held.status());
    return Fail(console, MakeError(absl::StatusCode::kFailedPrecondition, "TENANT_HAS_SHARDS",
                                   options.what + " is on " + Place(*held) +
                                       " already; records are not moved from shard to shard: move the shards"));
  }
  if (!assigned.ok()) return Fail(console, assigned.status());
  console.out << options.what << " is on " << Place(*assigned) << "\n";
  return kDone;
}

// The addresses of the kind's processes that take shards.
std::vector<std::string> Takers(const PlacementView& view, ShardKind kind) {
  std::vector<std::string> addresses;
  for (const ShardProcess& process : view.processes) {
    if (process.kind == kind && !process.leaving) addresses.push_back(process.address);
  }
  return addresses;
}

absl::Status CheckMove(const PlacementView& view, ShardId shard, const std::string& to) {
  if (shard.number >= view.CountOf(shard.kind)) {
    return FieldError("shards move", ShardName(shard) + " is none of the " + std::to_string(view.CountOf(shard.kind)));
  }
  if (to == "any") return absl::OkStatus();
  const std::vector<std::string> takers = Takers(view, shard.kind);
  if (std::find(takers.begin(), takers.end(), to) != takers.end()) return absl::OkStatus();
  std::string names;
  for (const std::string& taker : takers) names += (names.empty() ? "" : ", ") + taker;
  return FieldError("--to", "must be any or a process that takes such shards: " + names);
}

// Until the process serves the shard; anybody for "any".
absl::Status AwaitServed(const SharedStore& store, ShardId shard, const std::string& to, Duration patience) {
  std::mutex mutex;
  std::condition_variable changed;
  bool news = true;
  const auto watch = store.placement->Watch([&] {
    std::lock_guard lock(mutex);
    news = true;
    changed.notify_all();
  });
  for (Duration waited; waited < patience; waited = waited + kLookAgain) {
    {
      std::unique_lock lock(mutex);
      changed.wait_for(lock, std::chrono::nanoseconds(kLookAgain.ns), [&] { return news; });
      news = false;
    }
    MERIDIAN_ASSIGN_OR_RETURN(const PlacementView view, ViewOf(store));
    const auto owners = OwnersOf(view, shard.kind);
    const auto owner = owners.find(shard.number);
    if (owner != owners.end() && (to == "any" || owner->second == to)) return absl::OkStatus();
  }
  return absl::DeadlineExceededError(ShardName(shard) + " is not served there yet; the wish stands");
}

int MoveShard(const SharedStore& store, ShardId shard, const ShardsOptions& options, const Console& console) {
  if (options.routing || options.session) {
    return Fail(console, FieldError(options.routing ? "--routing" : "--session",
                                    "is of a tenant: " + ShardName(shard) + " is a shard, which goes --to a process"));
  }
  if (options.to.empty()) return Fail(console, FieldError("--to", "must be HOST:PORT of a process, or any"));
  const absl::StatusOr<PlacementView> view = ViewOf(store);
  if (!view.ok()) return Fail(console, view.status());
  if (const absl::Status right = CheckMove(*view, shard, options.to); !right.ok()) return Fail(console, right);
  const absl::Status wished = Await<absl::Status>(
      [&](auto done) { store.placement->Wish(shard, options.to == "any" ? "" : options.to, std::move(done)); });
  if (!wished.ok()) return Fail(console, wished);
  const absl::Status served = AwaitServed(store, shard, options.to, options.wait);
  if (!served.ok()) return Fail(console, served);
  console.out << ShardName(shard) << (options.to == "any" ? " is where its share falls" : " is served by " + options.to)
              << "\n";
  return kDone;
}

}  // namespace

std::optional<ShardId> ParseShardName(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const std::string kind = text.substr(0, slash);
  ShardId shard;
  if (kind != "routing" && kind != "session") return std::nullopt;
  shard.kind = kind == "routing" ? ShardKind::kRouting : ShardKind::kSession;
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data() + slash + 1, end, shard.number);
  return error == std::errc() && last == end ? std::optional(shard) : std::nullopt;
}

std::string ShardName(ShardId shard) {
  return (shard.kind == ShardKind::kRouting ? "routing/" : "session/") + std::to_string(shard.number);
}

int ListShards(const SharedStore& store, const Console& console) {
  const absl::StatusOr<PlacementView> view = ViewOf(store);
  if (!view.ok()) return Fail(console, view.status());
  const auto tenants = TenantsOf(store);
  if (!tenants.ok()) return Fail(console, tenants.status());
  std::map<ShardId, size_t> counts;
  for (const TenantAssignment& tenant : *tenants) {
    ++counts[tenant.shards.routing];
    ++counts[tenant.shards.sessions.front()];
  }
  std::vector<std::vector<std::string>> rows = {{"SHARD", "PROCESS", "STATE", "WISHED FOR", "TENANTS"}};
  for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
    const auto owners = OwnersOf(*view, kind);
    const auto holders = HoldersOf(*view, kind);
    for (uint32_t number = 0; number < view->CountOf(kind); ++number) {
      const ShardId shard{kind, number};
      const auto holder = holders.find(number);
      const auto wish = view->wishes.find(shard);
      const bool held = holder != holders.end();
      rows.push_back({ShardName(shard), held ? holder->second : "-",
                      owners.contains(number) ? "serving" : (held ? "moving" : "nobody"),
                      wish == view->wishes.end() ? "-" : wish->second, std::to_string(counts[shard])});
    }
  }
  console.out << Table(rows);
  return kDone;
}

int MoveShards(const SharedStore& store, const ShardsOptions& options, const Console& console) {
  const std::optional<ShardId> shard = ParseShardName(options.what);
  return shard ? MoveShard(store, *shard, options, console) : AssignTenant(store, options, console);
}

namespace {

template <typename Command>
int OverRedis(const ShardsOptions& options, const Console& console, Command command) {
  const SystemWallClock wall;
  const SystemMonotonicClock monotonic;
  const auto store = OpenRedis(options.store, {&wall, &monotonic, std::random_device{}(), nullptr});
  if (!store.ok()) return Fail(console, store.status());
  return command(*store);
}

}  // namespace

int ListShards(const ShardsOptions& options, const Console& console) {
  return OverRedis(options, console, [&](const SharedStore& store) { return ListShards(store, console); });
}

int MoveShards(const ShardsOptions& options, const Console& console) {
  return OverRedis(options, console, [&](const SharedStore& store) { return MoveShards(store, options, console); });
}

}  // namespace meridian::ctl
