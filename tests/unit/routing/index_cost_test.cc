// How much of the index a decision looks at: the same for twenty thousand agents as for a hundred, and for fifty
// thousand waiting contacts as for four hundred.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/unit/routing/engine_world.h"

namespace meridian {
namespace {

constexpr std::array kLanguages = {"es", "en", "de", "fr"};
constexpr uint64_t kDecisions = 200;

// Agents of eight profiles: four languages, native or fluent.
class Floor {
 public:
  explicit Floor(int agents) {
    TenantConfig config = SmallTenant();
    for (int i = 0; i < agents; ++i) {
      const auto level = i / 4 % 2 == 0 ? LanguageLevel::kNative : LanguageLevel::kFluent;
      config.agents.push_back(MakeAgent(Name(i), {{kLanguages[i % 4], level}}));
    }
    EXPECT_TRUE(world_.Do(Publication(std::move(config))).ok());
    world_.Pass(Duration::Seconds(1));
    agents_ = agents;
  }

  void AttachAll() {
    for (int i = 0; i < agents_; ++i) EXPECT_TRUE(world_.Attach(Name(i)).ok());
  }
  void Wait(uint64_t contacts) {
    for (uint64_t i = 0; i < contacts; ++i) EXPECT_TRUE(Enqueue().ok());
  }
  Answer Enqueue() {
    ++last_;
    return world_.Enqueue(last_, kLanguages[last_ % kLanguages.size()]);
  }
  // The most that one of the calls looked at.
  template <typename Call>
  uint64_t MostLookedAt(Call call) {
    uint64_t most = 0;
    for (uint64_t i = 0; i < kDecisions; ++i) {
      const uint64_t before = world_.engine().looked_at();
      call(i);
      most = std::max(most, world_.engine().looked_at() - before);
    }
    return most;
  }

  EngineWorld& world() { return world_; }
  uint64_t last() const { return last_; }
  static std::string Name(int agent) { return "agent-" + std::to_string(agent); }

 private:
  EngineWorld world_;
  int agents_ = 0;
  uint64_t last_ = 0;
};

// Each contact is canceled while it is offered, so that all agents are free before the next one.
uint64_t MostForAnOffer(int agents) {
  Floor floor(agents);
  floor.AttachAll();
  return floor.MostLookedAt([&](uint64_t) {
    ASSERT_TRUE(floor.Enqueue().ok());
    ASSERT_EQ(floor.world().ContactAt(floor.last()).state, ContactState::kOffered);
    ASSERT_TRUE(floor.world().Do(CancelContact{EngineWorld::Contact(floor.last())}).ok());
  });
}

// Agents come one after the other, each to a line that is longer than all of them can serve.
uint64_t MostForAFreedAgent(uint64_t waiting) {
  Floor floor(static_cast<int>(kDecisions));
  floor.Wait(waiting);
  return floor.MostLookedAt([&](uint64_t i) {
    const std::string agent = Floor::Name(static_cast<int>(i));
    ASSERT_TRUE(floor.world().Attach(agent).ok());
    ASSERT_GT(floor.world().AgentAt(agent).load, 0u);
  });
}

TEST(IndexCostTest, AnOfferLooksAtNoMoreOfManyAgentsThanOfFew) {
  const uint64_t of_few = MostForAnOffer(100);
  EXPECT_GT(of_few, 0u);
  EXPECT_LE(of_few, 32u);
  EXPECT_LE(MostForAnOffer(20'000), of_few);
}

TEST(IndexCostTest, AFreedAgentLooksAtNoMoreOfManyContactsThanOfFew) {
  const uint64_t of_few = MostForAFreedAgent(400);
  EXPECT_GT(of_few, 0u);
  EXPECT_LE(of_few, 32u);
  EXPECT_LE(MostForAFreedAgent(50'000), of_few);
}

}  // namespace
}  // namespace meridian
