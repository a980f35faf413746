// The engine against its naive twin: the same random commands, the same decision every time.
//
// MERIDIAN_DIFFERENTIAL_SEED and MERIDIAN_DIFFERENTIAL_COMMANDS choose the seed and the number of commands; the seed is
// printed first, so that a failure can be repeated.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "tests/simulation/differential/naive_router.h"
#include "tests/simulation/differential/random_driver.h"

namespace meridian {
namespace {

constexpr uint64_t kDefaultCommands = 200'000;
constexpr uint64_t kCommandsPerTenant = 5'000;
constexpr size_t kRecentEvents = 25;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string Text(const NaiveCandidate& candidate) {
  return candidate.agent.value + " (band " + std::to_string(candidate.band) + ", load " +
         std::to_string(candidate.load_order) + ")";
}

// One tenant's life under both routers.
class Duel {
 public:
  explicit Duel(uint64_t seed) : driver_(world_, seed) {
    world_.on_event = [this](const Event& event) {
      if (const auto* offered = std::get_if<ContactOffered>(&event.body)) CheckDecision(event, *offered);
      if (event.topic != EventTopic::kFact) naive_.Fold(event);
      ++seen_[std::string(NameOf(event.body))];
      Remember(event);
    };
    driver_.on_publish = [this](const TenantConfig& config) { naive_.Expect(config); };
    driver_.on_revise = [this](const AgentId& agent, const auto& config) { naive_.Expect(agent, config); };
    driver_.on_enqueue = [this] { may_take_one_more_ = naive_.MayTakeOneMore(); };
    driver_.on_enqueued = [this](const Answer& answer) { CheckQuota(answer); };
    driver_.Start();
  }

  // The first difference, or nothing.
  std::optional<std::string> Run(uint64_t commands) {
    for (uint64_t i = 0; i < commands && !difference_; ++i) {
      driver_.Step();
      world_.TakeEvents();
      world_.TakeMessages();
      CheckNothingIsLeft();
      if (i % 64 == 0) CheckSameState();
      if (i % 256 == 0) world_.engine().CheckInvariants(world_.now());
      if (difference_) *difference_ += " at command " + std::to_string(i);
    }
    return difference_;
  }
  uint64_t offers() const { return offers_; }
  uint64_t over_quota() const { return over_quota_; }
  const std::map<std::string, uint64_t>& seen() const { return seen_; }  // events by name
  uint64_t restarts() const { return driver_.restarts(); }
  uint64_t accepted() const { return driver_.accepted(); }

 private:
  void CheckDecision(const Event& event, const ContactOffered& offered) {
    ++offers_;
    const auto decision = naive_.Decide(event.at);
    if (!decision) return Differ("the naive router would not offer " + event.contact.ToString());
    const NaiveCandidate& best = decision->ranked[0];
    const DecisionScore& score = offered.decision.score;
    if (decision->contact != event.contact || best.agent != offered.agent || best.band != score.band ||
        best.load_order != score.load_order) {
      return Differ("engine: " + event.contact.ToString() + " to " + offered.agent.value + " (band " +
                    std::to_string(score.band) + ", load " + std::to_string(score.load_order) +
                    "), naive: " + decision->contact.ToString() + " to " + Text(best));
    }
    if (offered.decision.reason == DecisionReason::kPreferredAgent) return;
    const size_t others = std::min<size_t>(decision->ranked.size() - 1, 3);
    if (offered.decision.runner_up_count != others) return Differ("another number of runners-up");
    for (size_t i = 0; i < others; ++i) {
      const auto hash = static_cast<uint32_t>(StableHash(decision->ranked[i + 1].agent.value));
      if (offered.decision.runners_up[i].agent_hash != hash) return Differ("another runner-up");
    }
  }

  void CheckQuota(const Answer& answer) {
    const bool over = answer.refusal == Refusal::kQuotaExceeded;
    over_quota_ += over ? 1 : 0;
    if (over && may_take_one_more_) Differ("the naive router would take one more contact");
    if (answer.ok() && !may_take_one_more_) Differ("the naive router would take no more contacts");
  }

  void CheckNothingIsLeft() {
    if (world_.engine().NextDeadline() <= world_.now()) return;
    if (const auto decision = naive_.Decide(world_.now())) {
      Differ("the naive router would offer " + decision->contact.ToString() + " to " + Text(decision->ranked[0]));
    }
  }

  void CheckSameState() {
    if (world_.engine().live_contacts() != naive_.contacts().size()) return Differ("another number of contacts");
    for (const auto& [id, contact] : naive_.contacts()) {
      const ContactRecord* record = world_.engine().FindContact(id);
      if (record == nullptr || record->state != contact.state || record->agent != contact.agent) {
        return Differ("contact " + id.ToString() + " is in another state than its events tell");
      }
    }
    for (const auto& [id, agent] : naive_.agents()) {
      const auto view = world_.engine().FindAgent(id);
      if (!view) continue;
      if (view->load != agent.load || (view->record->presence == AgentPresence::kAttached) != agent.attached) {
        return Differ("agent " + id.value + " is in another state than the events tell");
      }
    }
  }

  void Differ(std::string what) {
    if (difference_) return;
    difference_ = std::move(what);
    for (const std::string& line : recent_) std::cout << line << "\n";
  }

  // The last events before a difference tell most about it.
  void Remember(const Event& event) {
    recent_.push_back(std::to_string(event.at.ns) + " " + std::string(NameOf(event.body)) + " " +
                      (event.agent.empty() ? event.contact.ToString().substr(30) : event.agent.value));
    if (recent_.size() > kRecentEvents) recent_.pop_front();
  }

  EngineWorld world_;
  NaiveRouter naive_;
  RandomDriver driver_;
  std::optional<std::string> difference_;
  std::map<std::string, uint64_t> seen_;
  std::deque<std::string> recent_;
  uint64_t offers_ = 0;
  bool may_take_one_more_ = true;  // before the contact that is being asked for
  uint64_t over_quota_ = 0;
};

TEST(DifferentialTest, EngineDecidesAsTheNaiveRouterDoes) {
  const uint64_t seed = FromEnvironment("MERIDIAN_DIFFERENTIAL_SEED", 20261121);
  const uint64_t commands = FromEnvironment("MERIDIAN_DIFFERENTIAL_COMMANDS", kDefaultCommands);
  std::cout << "seed " << seed << ", " << commands << " commands" << std::endl;
  uint64_t offers = 0;
  uint64_t restarts = 0;
  uint64_t accepted = 0;
  uint64_t over_quota = 0;
  std::map<std::string, uint64_t> seen;
  for (uint64_t done = 0; done < commands; done += kCommandsPerTenant) {
    Duel duel(seed + done);
    const auto difference = duel.Run(kCommandsPerTenant);
    ASSERT_FALSE(difference.has_value()) << *difference << ", MERIDIAN_DIFFERENTIAL_SEED=" << seed + done
                                         << " MERIDIAN_DIFFERENTIAL_COMMANDS=" << kCommandsPerTenant;
    offers += duel.offers();
    over_quota += duel.over_quota();
    restarts += duel.restarts();
    accepted += duel.accepted();
    for (const auto& [name, count] : duel.seen()) seen[name] += count;
  }
  std::cout << accepted << " commands accepted, " << offers << " offers, " << restarts << " restarts, " << over_quota
            << " contacts over quota" << std::endl;
  // The test meets what it is about: every kind of event, and the quota.
  EXPECT_GT(over_quota, 100u);
  EXPECT_GT(offers, commands / 20);
  EXPECT_EQ(seen.size(), std::variant_size_v<EventBody>);
  for (const auto& [name, count] : seen) std::cout << "  " << name << " " << count << "\n";
}

// Everything that an engine says over random commands.
struct Said {
  std::vector<Event> events;
  std::vector<GatewayMessage> messages;

  friend bool operator==(const Said&, const Said&) = default;
};

Said SayAll(EngineWorld& world, uint64_t seed, int commands) {
  RandomDriver driver(world, seed);
  driver.Start();
  for (int i = 0; i < commands; ++i) driver.Step();
  return {world.TakeEvents(), world.TakeMessages()};
}

TEST(DeterminismTest, TheSameCommandsGiveTheSameEffects) {
  EXPECT_TRUE(rc::check("equal runs", [](uint64_t seed) {
    EngineWorld one;
    EngineWorld two;
    RC_ASSERT(SayAll(one, seed, 400) == SayAll(two, seed, 400));
  }));
}

TEST(DeterminismTest, RecordsAloneInWhateverOrderMakeTheSameEngine) {
  EXPECT_TRUE(rc::check("equal engines", [](uint64_t seed) {
    EngineWorld world;
    SayAll(world, seed, 300);
    EngineWorld forwards(world, 0);
    EngineWorld backwards(world, 1);
    RC_ASSERT(SayAll(forwards, seed + 1, 300) == SayAll(backwards, seed + 1, 300));
    RC_ASSERT(forwards.stored().contacts == backwards.stored().contacts);
    RC_ASSERT(forwards.stored().agents == backwards.stored().agents);
  }));
}

TEST(PropertyTest, TokensOfAContactAreNeverUsedTwiceAlsoOverTerms) {
  EXPECT_TRUE(rc::check("unique tokens", [](uint64_t seed) {
    EngineWorld world;
    std::set<OfferToken> tokens;
    bool doubled = false;
    world.on_event = [&](const Event& event) {
      const auto* offered = std::get_if<ContactOffered>(&event.body);
      if (offered != nullptr) doubled = doubled || !tokens.insert(offered->token).second;
    };
    SayAll(world, seed, 300);
    world.Restart();
    SayAll(world, seed + 1, 300);
    RC_ASSERT(!doubled);
  }));
}

// Ends are final, revisions count one by one, and what the store keeps is what lives.
TEST(PropertyTest, EachContactEndsOnceAndItsRevisionsHaveNoGaps) {
  EXPECT_TRUE(rc::check("one life", [](uint64_t seed) {
    EngineWorld world;
    std::map<ContactId, uint64_t> revisions;
    std::set<ContactId> ended;
    bool broken = false;
    world.on_event = [&](const Event& event) {
      if (event.topic != EventTopic::kContact || std::holds_alternative<TermStarted>(event.body)) return;
      broken = broken || ended.contains(event.contact) || ++revisions[event.contact] != event.entity_revision;
      const std::string_view name = NameOf(event.body);
      if (name == "ContactCompleted" || name == "ContactAbandoned" || name == "ContactCanceled" ||
          name == "ContactExpired") {
        ended.insert(event.contact);
      }
    };
    SayAll(world, seed, 600);
    RC_ASSERT(!broken);
    RC_ASSERT(revisions.size() == ended.size() + world.stored().contacts.size());
    RC_ASSERT(world.engine().live_contacts() == world.stored().contacts.size());
  }));
}

}  // namespace
}  // namespace meridian
