// The index of a tenant: free agents grouped by profile, waiting contacts grouped by class, and which profile may serve
// which class. It answers "who is the best free agent for this class" and "which classes may this profile serve"
// without looking at all agents or all contacts.
//
// A class is an interned requirement: a step of a rule of one published configuration, and what the contact itself asks
// (language, nearness). A profile is an interned shape of an agent. Eligibility and static score are worked out once
// per pair, when either is new. The shard's thread only; nothing here knows time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "absl/container/btree_set.h"
#include "libs/domain/agent.h"
#include "libs/domain/plan.h"
#include "libs/domain/tenant_config.h"
#include "libs/routing/agent_table.h"
#include "libs/routing/contact_table.h"
#include "libs/routing/records.h"
#include "libs/routing/score.h"

namespace meridian {

inline constexpr size_t kMaxChannelsEver = 64;  // names of channels over all revisions

// A free agent in the order in which agents of one profile are taken.
struct FreeAgent {
  int32_t load_order = 0;
  Instant idle_since;
  uint64_t tie = 0;
  uint32_t agent = 0;

  friend auto operator<=>(const FreeAgent&, const FreeAgent&) = default;
};

struct WaitingContact {
  LineKey key;
  uint32_t contact = 0;

  friend auto operator<=>(const WaitingContact& a, const WaitingContact& b) { return a.key <=> b.key; }
  friend bool operator==(const WaitingContact& a, const WaitingContact& b) { return a.key == b.key; }
};
using WaitingLine = absl::btree_set<WaitingContact>;  // half of what std::set takes

struct ProfileEntry {
  Profile profile;
  uint32_t agents = 0;                    // 0: the entry is free
  uint32_t shift = kNoIndex;              // shift line; kNoIndex: always on shift
  bool open = true;                       // on shift now
  bool dirty = false;                     // has newly free agents that were not matched yet
  std::vector<ChannelLoad> takes;         // the units that it gives to each channel, by number
  std::vector<std::set<FreeAgent>> free;  // by channel
  std::vector<uint32_t> classes;          // that it may serve, in no order
};

struct ClassKey {
  uint64_t plan_revision = 0;
  RuleIndex rule;
  uint16_t step = 0;
  uint8_t channel = 0;
  Wanted wanted;

  friend auto operator<=>(const ClassKey&, const ClassKey&) = default;
};

struct EligibleProfile {
  StaticScore score;
  uint32_t profile = 0;
};

struct ClassEntry {
  ClassKey key;
  std::shared_ptr<const TenantConfig> config;
  Instant published_at;
  uint32_t hash = 0;                      // names the requirement in decision records
  uint32_t contacts = 0;                  // queued ones of it, in whatever line
  std::vector<EligibleProfile> profiles;  // best band first
  WaitingLine line;
  bool live = false;

  const Rule& rule() const { return config->plans[key.rule.plan].rules[key.rule.rule]; }
  const Step& step() const { return rule().steps[key.step]; }
};

class Index {
 public:
  // A number for the channel's name that never changes; kMaxChannelsEver when there is no room for another.
  uint8_t ChannelNumber(const ChannelId& channel);

  // ---- profiles; each agent holds one ----
  uint32_t AcquireProfile(const Profile& profile);
  void ReleaseProfile(uint32_t profile);
  ProfileEntry& profile(uint32_t index) { return profiles_[index]; }
  const ProfileEntry& profile(uint32_t index) const { return profiles_[index]; }
  uint32_t profile_count() const { return static_cast<uint32_t>(profiles_.size()); }
  void AddFree(uint32_t profile, uint8_t channel, const FreeAgent& agent);
  void RemoveFree(uint32_t profile, uint8_t channel, const FreeAgent& agent);

  // ---- classes; each queued contact holds one ----
  uint32_t AcquireClass(const ClassKey& key, const ConfigRecord& config);
  void ReleaseClass(uint32_t index);
  ClassEntry& requirement(uint32_t index) { return classes_[index]; }
  const ClassEntry& requirement(uint32_t index) const { return classes_[index]; }
  uint32_t class_count() const { return static_cast<uint32_t>(classes_.size()); }
  // nullptr when the profile may not serve the class.
  const EligibleProfile* FindEligible(uint32_t requirement, uint32_t profile) const;
  // Another object of the same configuration, as far as classes read it.
  void ReplaceConfig(uint64_t revision, const std::shared_ptr<const TenantConfig>& config);
  // Drops classes without contacts whose configuration is not `newest`. Cheap when nothing is to be dropped.
  void DropIdleClasses(uint64_t newest);

 private:
  bool Evaluate(const ClassEntry& requirement, const Profile& profile, StaticScore& score) const;
  void Link(uint32_t class_index, uint32_t profile_index);
  void DropClass(uint32_t index);
  void DropOldestIdleClass();

  std::vector<ChannelId> channels_;
  std::vector<ProfileEntry> profiles_;
  std::vector<uint32_t> free_profiles_;
  std::map<Profile, uint32_t> profile_of_;
  std::vector<ClassEntry> classes_;
  std::vector<uint32_t> free_classes_;
  std::map<ClassKey, uint32_t> class_of_;
};

}  // namespace meridian
