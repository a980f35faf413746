#include "libs/placement/placement_plan.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace meridian {
namespace {

using Shards = std::vector<uint32_t>;

PlacementView ViewOf(uint32_t count, std::vector<ShardProcess> processes) {
  PlacementView view;
  view.counts[ShardKind::kRouting] = count;
  view.processes = std::move(processes);
  return view;
}

ShardProcess Routing(std::string address, Shards serving, Shards held = {}, bool leaving = false) {
  return {ShardKind::kRouting, std::move(address), leaving, "key/tls", std::move(serving), std::move(held)};
}

Shards Range(uint32_t from, uint32_t to) {
  Shards shards;
  for (uint32_t n = from; n < to; ++n) shards.push_back(n);
  return shards;
}

TEST(PlacementPlanTest, AProcessAloneTakesAll) {
  const ShardProcess self = Routing("a:1", {});
  EXPECT_EQ(PlanFor(ViewOf(16, {}), self), (PlacementPlan{Range(0, 16), {}}));
  EXPECT_EQ(PlanFor(ViewOf(0, {self}), self), PlacementPlan{}) << "the number of shards is not known yet";
}

TEST(PlacementPlanTest, TheOneThatComesGetsHalfOfThem) {
  const ShardProcess old = Routing("a:1", Range(0, 16));
  const ShardProcess young = Routing("b:1", {});
  const PlacementView view = ViewOf(16, {old, young});
  EXPECT_EQ(PlanFor(view, old), (PlacementPlan{{}, Range(8, 16)}));
  EXPECT_EQ(PlanFor(view, young), PlacementPlan{}) << "none is free yet";
  const PlacementView given = ViewOf(16, {Routing("a:1", Range(0, 8)), young});
  EXPECT_EQ(PlanFor(given, young), (PlacementPlan{Range(8, 16), {}}));
}

TEST(PlacementPlanTest, TheOddShardStaysWhereItIs) {
  // Whichever of the two has three of five keeps them.
  EXPECT_EQ(PlanFor(ViewOf(5, {Routing("a:1", {0, 1}), Routing("b:1", {2, 3, 4})}), Routing("b:1", {2, 3, 4})),
            PlacementPlan{});
  EXPECT_EQ(PlanFor(ViewOf(5, {Routing("a:1", {0, 1, 2}), Routing("b:1", {3, 4})}), Routing("a:1", {0, 1, 2})),
            PlacementPlan{});
}

TEST(PlacementPlanTest, WhatADeadProcessHeldIsSharedByTheOthers) {
  const ShardProcess a = Routing("a:1", Range(0, 5));
  const ShardProcess b = Routing("b:1", Range(5, 10));
  const PlacementView view = ViewOf(16, {a, b});
  EXPECT_EQ(PlanFor(view, a), (PlacementPlan{{10, 12, 14}, {}}));
  EXPECT_EQ(PlanFor(view, b), (PlacementPlan{{11, 13, 15}, {}}));
}

TEST(PlacementPlanTest, OneThatLeavesGivesAllAndIsCountedOut) {
  const ShardProcess leaving = Routing("a:1", Range(0, 8), {}, true);
  const ShardProcess stays = Routing("b:1", Range(8, 16));
  EXPECT_EQ(PlanFor(ViewOf(16, {leaving, stays}), leaving), (PlacementPlan{{}, Range(0, 8)}));
  EXPECT_EQ(PlanFor(ViewOf(16, {leaving, stays}), stays), PlacementPlan{}) << "they are held until they are given";
  const PlacementView given = ViewOf(16, {Routing("a:1", {}, {0}, true), stays});
  EXPECT_EQ(PlanFor(given, stays), (PlacementPlan{Range(1, 8), {}}));
}

TEST(PlacementPlanTest, AWishedShardMovesAndCountsWhereItGoes) {
  const ShardProcess a = Routing("a:1", Range(0, 8));
  const ShardProcess b = Routing("b:1", Range(8, 16));
  PlacementView view = ViewOf(16, {a, b});
  view.wishes[{ShardKind::kRouting, 0}] = "b:1";
  EXPECT_EQ(PlanFor(view, a), (PlacementPlan{{}, {0}}));
  EXPECT_EQ(PlanFor(view, b), (PlacementPlan{{}, {15}})) << "nobody has more than eight";
  view.processes = {Routing("a:1", Range(1, 8)), Routing("b:1", Range(8, 15))};
  EXPECT_EQ(PlanFor(view, view.processes[1]), (PlacementPlan{{0}, {}}));
  EXPECT_EQ(PlanFor(view, view.processes[0]), (PlacementPlan{{15}, {}}));
}

TEST(PlacementPlanTest, AWishForNobodyIsNoWish) {
  const ShardProcess a = Routing("a:1", Range(0, 16));
  PlacementView view = ViewOf(16, {a, Routing("c:1", {}, {}, true)});
  view.wishes[{ShardKind::kRouting, 0}] = "b:1";
  view.wishes[{ShardKind::kRouting, 1}] = "c:1";
  view.wishes[{ShardKind::kSession, 2}] = "a:1";
  view.wishes[{ShardKind::kRouting, 99}] = "a:1";
  EXPECT_EQ(PlanFor(view, a), PlacementPlan{});
}

TEST(PlacementPlanTest, WhoOnlyTakesAShardLeavesItToWhoServesIt) {
  const ShardProcess a = Routing("a:1", {0}, {1});
  const ShardProcess b = Routing("b:1", {1});
  EXPECT_EQ(PlanFor(ViewOf(2, {a, b}), a), (PlacementPlan{{}, {1}}));
  EXPECT_EQ(PlanFor(ViewOf(2, {a, b}), b), PlacementPlan{});
}

TEST(PlacementPlanTest, MoreProcessesThanShards) {
  const std::vector<ShardProcess> all = {Routing("a:1", {0}), Routing("b:1", {1}), Routing("c:1", {})};
  for (const ShardProcess& process : all) EXPECT_EQ(PlanFor(ViewOf(2, all), process), PlacementPlan{});
}

// From any beginning, when every process does what its plan says, all shards come to be held once, evenly, and nothing
// moves any more.
TEST(PlacementPlanTest, PlansOfAllComeToRest) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const uint32_t count = 1 + random() % 20;
    std::vector<ShardProcess> all;
    for (uint32_t i = 0; i < 1 + random() % 6; ++i) all.push_back(Routing("p" + std::to_string(i) + ":1", {}));
    for (uint32_t n = 0; n < count; ++n) {
      if (random() % 4 != 0) all[random() % all.size()].serving.push_back(n);
    }
    PlacementView view = ViewOf(count, all);
    if (random() % 2 == 0)
      view.wishes[{ShardKind::kRouting, static_cast<uint32_t>(random() % count)}] = all[random() % all.size()].address;
    size_t moved = 0;
    for (int round = 0; round < 4; ++round) {
      moved = 0;
      std::vector<ShardProcess> next = view.processes;
      for (ShardProcess& process : next) {
        const PlacementPlan plan = PlanFor(view, process);
        moved += plan.take.size() + plan.give.size();
        std::set<uint32_t> has(process.serving.begin(), process.serving.end());
        for (const uint32_t n : plan.give) EXPECT_EQ(has.erase(n), 1U);
        for (const uint32_t n : plan.take) EXPECT_TRUE(has.insert(n).second);
        process.serving.assign(has.begin(), has.end());
      }
      view.processes = std::move(next);
    }
    EXPECT_EQ(moved, 0U) << "it does not come to rest";
    std::multiset<uint32_t> held;
    size_t fewest = count, most = 0;
    for (const ShardProcess& process : view.processes) {
      held.insert(process.serving.begin(), process.serving.end());
      fewest = std::min(fewest, process.serving.size());
      most = std::max(most, process.serving.size());
    }
    EXPECT_EQ(held.size(), count);
    EXPECT_EQ(std::set<uint32_t>(held.begin(), held.end()).size(), count);
    EXPECT_LE(most - fewest, 1U);
  }
}

}  // namespace
}  // namespace meridian
