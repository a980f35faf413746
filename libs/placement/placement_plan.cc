#include "libs/placement/placement_plan.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace meridian {
namespace {

// What one process has and is to have.
struct Share {
  std::vector<uint32_t> kept;  // held now, of those that no wish gives to another
  uint32_t wished = 0;         // that a wish gives to it
  uint32_t quota = 0;          // of the others
};
using Shares = std::map<std::string, Share>;  // by address, of those that may have shards

PlacementView WithSelf(const PlacementView& view, const ShardProcess& self) {
  PlacementView all = view;
  std::erase_if(all.processes, [&self](const ShardProcess& process) {
    return process.kind == self.kind && process.address == self.address;
  });
  const auto after = std::find_if(all.processes.begin(), all.processes.end(), [&self](const ShardProcess& process) {
    return std::tie(process.kind, process.address) > std::tie(self.kind, self.address);
  });
  all.processes.insert(after, self);
  return all;
}

// The wishes for processes that can fulfil them.
std::map<uint32_t, std::string> WishesOf(const PlacementView& view, ShardKind kind, const Shares& shares) {
  std::map<uint32_t, std::string> wishes;
  for (const auto& [shard, address] : view.wishes) {
    if (shard.kind == kind && shard.number < view.CountOf(kind) && shares.contains(address)) {
      wishes[shard.number] = address;
    }
  }
  return wishes;
}

// One after the other to whoever has the fewest; among equals to one that need not give a shard away then.
void FixQuotas(uint32_t shards, Shares& shares) {
  for (uint32_t i = 0; i < shards; ++i) {
    const auto rank = [](const std::pair<const std::string, Share>& entry) {
      const Share& share = entry.second;
      return std::make_pair(share.wished + share.quota, share.quota >= share.kept.size());
    };
    auto fewest = std::min_element(shares.begin(), shares.end(),
                                   [&rank](const auto& a, const auto& b) { return rank(a) < rank(b); });
    ++fewest->second.quota;
  }
}

// Who takes each of the shards that nobody holds: whoever lacks most.
std::map<uint32_t, std::string> ShareOut(const std::vector<uint32_t>& free, const Shares& shares) {
  std::map<std::string, int64_t> lacking;
  for (const auto& [address, share] : shares) {
    lacking[address] = static_cast<int64_t>(share.quota) - static_cast<int64_t>(share.kept.size());
  }
  std::map<uint32_t, std::string> takers;
  for (const uint32_t number : free) {
    const auto most = std::max_element(lacking.begin(), lacking.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most->second <= 0) break;  // the rest waits for those that give too little yet
    takers[number] = most->first;
    --most->second;
  }
  return takers;
}

}  // namespace

std::map<uint32_t, std::string> OwnersOf(const PlacementView& view, ShardKind kind) {
  std::map<uint32_t, std::string> owners;
  for (const ShardProcess& process : view.processes) {
    if (process.kind != kind) continue;
    for (const uint32_t number : process.serving) owners.emplace(number, process.address);
  }
  return owners;
}

std::map<uint32_t, std::string> HoldersOf(const PlacementView& view, ShardKind kind) {
  std::map<uint32_t, std::string> holders = OwnersOf(view, kind);
  for (const ShardProcess& process : view.processes) {
    if (process.kind != kind) continue;
    for (const uint32_t number : process.held) holders.emplace(number, process.address);
  }
  return holders;
}

PlacementPlan PlanFor(const PlacementView& view, const ShardProcess& self) {
  PlacementPlan plan;
  std::set<uint32_t> own(self.serving.begin(), self.serving.end());
  own.insert(self.held.begin(), self.held.end());
  if (self.leaving) {
    plan.give.assign(own.begin(), own.end());
    return plan;
  }
  const PlacementView all = WithSelf(view, self);
  const std::map<uint32_t, std::string> holders = HoldersOf(all, self.kind);
  Shares shares;
  for (const ShardProcess& process : all.processes) {
    if (process.kind == self.kind && !process.leaving) shares[process.address];
  }
  const std::map<uint32_t, std::string> wishes = WishesOf(all, self.kind, shares);
  for (const auto& [number, address] : wishes) ++shares[address].wished;

  std::vector<uint32_t> free;
  for (uint32_t number = 0; number < all.CountOf(self.kind); ++number) {
    const auto holder = holders.find(number);
    const auto wish = wishes.find(number);
    if (wish != wishes.end()) {
      if (holder == holders.end() && wish->second == self.address) plan.take.push_back(number);
    } else if (holder == holders.end()) {
      free.push_back(number);
    } else if (const auto share = shares.find(holder->second); share != shares.end()) {
      share->second.kept.push_back(number);
    }
  }
  FixQuotas(all.CountOf(self.kind) - static_cast<uint32_t>(wishes.size()), shares);
  for (auto& [address, share] : shares) share.kept.resize(std::min<size_t>(share.kept.size(), share.quota));

  for (const auto& [number, address] : ShareOut(free, shares)) {
    if (address == self.address) plan.take.push_back(number);
  }
  std::sort(plan.take.begin(), plan.take.end());
  const std::vector<uint32_t>& kept = shares[self.address].kept;
  for (const uint32_t number : own) {
    const auto wish = wishes.find(number);
    const bool stays = wish != wishes.end() ? wish->second == self.address && holders.at(number) == self.address
                                            : std::binary_search(kept.begin(), kept.end(), number);
    if (!stays) plan.give.push_back(number);
  }
  return plan;
}

}  // namespace meridian
