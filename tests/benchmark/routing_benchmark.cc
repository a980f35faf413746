// What the routing engine costs, in memory alone: no store, no codec. Run by hand, from the release preset.
//
//   OfferAndCancel      a contact comes, its agent is found and reserved, the contact is withdrawn: assign and release
//   NaiveScan           the same agent found by looking at every agent, in the same run: the measure for the above
//   WholeLife           enqueue, deliver, accept, complete
//   FreedAgent          the only agent ends a contact and gets the next of 100,000 that wait, over 256 classes
//   Rebuild             an engine with 100,000 waiting contacts is made anew from records, until it serves
// Arguments: agents, distinct profiles. Counters tell bytes of memory per agent and per waiting contact.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <random>

#include "libs/base/check.h"
#include "libs/routing/engine.h"
#include "libs/routing/score.h"

namespace meridian {
namespace {

constexpr int kSkills = 256;
constexpr int kSkillsPerAgent = 3;
constexpr int kWaiting = 100'000;
const RegionCode kRegion = *RegionCode::Parse("eu1");
const Instant kStart = Instant::FromUnixSeconds(1'760'000'000);

TenantConfig Tenant(int agents, int profiles) {
  std::mt19937_64 generator(7);
  TenantConfig config;
  config.id = TenantId{"demo"};
  config.revision = 1;
  config.zones = {{.name = "Etc/UTC", .transitions = {{Instant{0}, 0}}}};
  config.channels = {{.id = ChannelId{"chat"}}};
  config.queues = {{.id = QueueId{"main"}, .max_waiting = kMaxMaxWaiting}};
  config.quotas.waiting_contacts = kMaxQuotaWaitingContacts;
  config.attributes = {{.name = AttributeName{"skill"}, .type = AttributeType::kNumber, .values = {}}};
  PlanConfig& plan = config.plans.emplace_back();
  plan.id = PlanId{"default"};
  for (int i = 0; i < kSkills; ++i) {
    config.skills.push_back(SkillId{"skill" + std::to_string(i)});
    Rule& rule = plan.rules.emplace_back();
    rule.name = "rule" + std::to_string(i);
    rule.when = Predicate::AttributeEquals("skill", int64_t{i});
    rule.queue = QueueId{"main"};
    rule.steps = {Step{.skills = {{config.skills.back(), 1}}}};
  }
  std::vector<std::vector<AgentSkill>> shapes(profiles);
  for (int i = 0; i < profiles; ++i) {
    shapes[i].push_back({config.skills[i % kSkills], static_cast<uint8_t>(1 + generator() % 10)});
    while (shapes[i].size() < kSkillsPerAgent) {
      const SkillId& skill = config.skills[generator() % kSkills];
      if (std::none_of(shapes[i].begin(), shapes[i].end(), [&](const auto& s) { return s.skill == skill; })) {
        shapes[i].push_back({skill, static_cast<uint8_t>(1 + generator() % 10)});
      }
    }
  }
  for (int i = 0; i < agents; ++i) {
    AgentConfig& agent = config.agents.emplace_back();
    agent.id = AgentId{"agent" + std::to_string(i)};
    agent.zone = "Etc/UTC";
    agent.skills = shapes[i % profiles];
    agent.channels = {{ChannelId{"chat"}, 1}};
  }
  return config;
}

ContactSpec Spec(uint64_t n, Instant at) {
  ContactSpec spec;
  spec.id = {kRegion, Uuid{0x0190000000007000ULL, n}};
  spec.conversation = {kRegion, Uuid{0x0190000000007001ULL, n}};
  spec.channel = ChannelId{"chat"};
  spec.attributes.Set(AttributeName{"skill"}, static_cast<int64_t>(n * 7919 % kSkills));
  spec.enqueued_at = at;
  return spec;
}

size_t BytesInUse() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// An engine with all its agents attached and idle.
class Floor {
 public:
  Floor(int agents, int profiles, int attached) : engine_(TenantId{"demo"}, kRegion) {
    config_ = std::make_shared<const TenantConfig>(Tenant(agents, profiles));
    const TenantConfig& config = *config_;
    const size_t before = BytesInUse();  // the engine's own copy of the configuration counts
    engine_.FinishLoad(1, now_);
    Do(PublishConfig{config, 1});
    while (engine_.NextDeadline() <= now_) engine_.Advance(now_);
    engine_.ClearEffects();
    for (int i = 0; i < attached; ++i) {
      Tick();
      Do(AttachAgent{config.agents[i].id, {1}, GatewayKey{"g1"}, Activity::Available()});
    }
    bytes_per_agent_ = attached == 0 ? 0 : (BytesInUse() - before) / attached;
  }
  template <typename Body>
  void Do(Body body) {
    MERIDIAN_CHECK(engine_.Apply({.origin = {}, .body = std::move(body)}, now_).ok());
    offered_ = nullptr;
    for (const Event& event : engine_.events()) {
      if (std::holds_alternative<ContactOffered>(event.body)) offered_ = engine_.FindContact(event.contact);
    }
    engine_.ClearEffects();
  }
  template <typename Body>
  Body OfAgent(const ContactRecord& record) {
    Body body;
    body.agent = record.agent;
    body.attachment = {1};
    body.contact = record.spec.id;
    body.token = record.token;
    return body;
  }
  // A new engine from the configuration and the contacts of this one.
  void Rebuild() const {
    Engine fresh(TenantId{"demo"}, kRegion);
    fresh.Restore(ConfigRecord{config_, 1, kStart});
    uint32_t cursor = 0;
    do {
      for (const ContactRecord* record : engine_.ListContacts(cursor, 1000)) fresh.Restore(*record);
    } while (cursor != 0);
    fresh.FinishLoad(2, now_);
    MERIDIAN_CHECK(fresh.live_contacts() == engine_.live_contacts());
  }
  void Tick() { now_ = now_ + Duration::Microseconds(1); }
  const ContactRecord& offered() const { return *offered_; }
  Instant now() const { return now_; }
  size_t bytes_per_agent() const { return bytes_per_agent_; }

 private:
  Engine engine_;
  std::shared_ptr<const TenantConfig> config_;
  Instant now_ = kStart;
  const ContactRecord* offered_ = nullptr;  // by the last command
  size_t bytes_per_agent_ = 0;
};

void OfferAndCancel(benchmark::State& state) {
  Floor floor(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), static_cast<int>(state.range(0)));
  uint64_t n = 0;
  for (auto _ : state) {
    floor.Tick();
    floor.Do(EnqueueContact{Spec(++n, floor.now())});
    floor.Do(CancelContact{floor.offered().spec.id});
  }
  state.counters["bytes_per_agent"] = static_cast<double>(floor.bytes_per_agent());
}
BENCHMARK(OfferAndCancel)->Args({1000, 256})->Args({100'000, 256})->Args({100'000, 2000});

void WholeLife(benchmark::State& state) {
  Floor floor(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), static_cast<int>(state.range(0)));
  uint64_t n = 0;
  for (auto _ : state) {
    floor.Tick();
    floor.Do(EnqueueContact{Spec(++n, floor.now())});
    const ContactRecord record = floor.offered();
    floor.Do(floor.OfAgent<OfferDelivered>(record));
    floor.Do(floor.OfAgent<AcceptOffer>(record));
    floor.Do(floor.OfAgent<CompleteContact>(record));
  }
}
BENCHMARK(WholeLife)->Args({1000, 256})->Args({100'000, 256})->Args({100'000, 2000});

void FreedAgent(benchmark::State& state) {
  Floor floor(256, 256, 0);
  uint64_t n = 0;
  const size_t before = BytesInUse();
  for (int i = 0; i < kWaiting; ++i) {
    floor.Tick();
    floor.Do(EnqueueContact{Spec(++n, floor.now())});
  }
  const size_t bytes = (BytesInUse() - before) / kWaiting;
  floor.Do(AttachAgent{AgentId{"agent0"}, {1}, GatewayKey{"g1"}, Activity::Available()});
  for (auto _ : state) {
    state.PauseTiming();  // the next one of the same classes, so that the line does not run dry
    const ContactRecord record = floor.offered();
    floor.Tick();
    ContactSpec next = Spec(++n, floor.now());
    next.attributes = record.spec.attributes;
    floor.Do(EnqueueContact{std::move(next)});
    floor.Do(floor.OfAgent<AcceptOffer>(record));
    state.ResumeTiming();
    floor.Do(floor.OfAgent<CompleteContact>(record));
  }
  state.counters["bytes_per_waiting_contact"] = static_cast<double>(bytes);
}
BENCHMARK(FreedAgent);

void Rebuild(benchmark::State& state) {
  Floor floor(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)), 0);
  for (uint64_t n = 1; n <= kWaiting; ++n) {
    floor.Tick();
    floor.Do(EnqueueContact{Spec(n, floor.now())});
  }
  for (auto _ : state) floor.Rebuild();
}
BENCHMARK(Rebuild)->Args({1000, 256})->Unit(benchmark::kMillisecond);

void NaiveScan(benchmark::State& state) {
  const TenantConfig config = Tenant(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  std::vector<Profile> profiles;
  for (const AgentConfig& agent : config.agents) profiles.push_back(ProfileOf(agent));
  std::vector<int64_t> idle_since(profiles.size());
  int64_t now = 0;
  for (int64_t& since : idle_since) since = ++now;
  uint64_t n = 0;
  for (auto _ : state) {
    const Step& step = config.plans[0].rules[++n * 7919 % kSkills].steps[0];
    const Wanted wanted;
    size_t best = profiles.size();
    uint8_t best_band = kScoreBands;
    for (size_t i = 0; i < profiles.size(); ++i) {
      if (!IsEligible(step, wanted.language, profiles[i])) continue;
      const uint8_t band = ScoreOf(config.weights, step, wanted, profiles[i], 0).band;
      if (band > best_band || (band == best_band && idle_since[i] >= idle_since[best])) continue;
      best = i;
      best_band = band;
    }
    idle_since[best] = ++now;
  }
}
BENCHMARK(NaiveScan)->Args({1000, 256})->Args({100'000, 2000})->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace meridian

BENCHMARK_MAIN();
