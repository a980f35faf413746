#include "libs/routing/index.h"

#include <algorithm>

#include "libs/base/check.h"
#include "libs/domain/schedule.h"

namespace meridian {
namespace {

// Classes without contacts are kept, so that the next contact like the last one finds its class made; beyond this
// number the ones that nobody waits in are dropped.
constexpr size_t kMaxKeptClasses = 8192;

void EraseValue(std::vector<uint32_t>& values, uint32_t value) {
  const auto found = std::find(values.begin(), values.end(), value);
  MERIDIAN_CHECK(found != values.end());
  *found = values.back();
  values.pop_back();
}

std::optional<int32_t> OffsetOf(const ClassEntry& requirement, const ZoneName& zone) {
  for (const ZoneTable& table : requirement.config->zones) {
    if (table.name == zone) return OffsetAt(table, requirement.published_at);
  }
  return std::nullopt;
}

// The same in every run, also after a restart with other numbers for channels.
uint32_t HashOf(const ClassKey& key, const ChannelId& channel) {
  const std::string text = std::to_string(key.plan_revision) + "/" + std::to_string(key.rule.plan) + "/" +
                           std::to_string(key.rule.rule) + "/" + std::to_string(key.step) + "/" + channel.value + "/" +
                           key.wanted.language.ToString() + "/" +
                           (key.wanted.utc_offset_hours ? std::to_string(*key.wanted.utc_offset_hours) : "");
  return static_cast<uint32_t>(StableHash(text));
}

}  // namespace

uint8_t Index::ChannelNumber(const ChannelId& channel) {
  for (size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i] == channel) return static_cast<uint8_t>(i);
  }
  if (channels_.size() == kMaxChannelsEver) return kMaxChannelsEver;
  channels_.push_back(channel);
  return static_cast<uint8_t>(channels_.size() - 1);
}

uint32_t Index::AcquireProfile(const Profile& profile) {
  if (const auto found = profile_of_.find(profile); found != profile_of_.end()) {
    ++profiles_[found->second].agents;
    return found->second;
  }
  uint32_t index = static_cast<uint32_t>(profiles_.size());
  if (free_profiles_.empty()) {
    profiles_.emplace_back();
  } else {
    index = free_profiles_.back();
    free_profiles_.pop_back();
  }
  profile_of_.emplace(profile, index);
  profiles_[index] = ProfileEntry{};
  profiles_[index].profile = profile;
  profiles_[index].agents = 1;
  for (const ChannelCapacity& capacity : profile.channels) {
    const uint8_t number = ChannelNumber(capacity.channel);
    if (number < kMaxChannelsEver) profiles_[index].takes.push_back({number, capacity.units});
  }
  for (uint32_t i = 0; i < classes_.size(); ++i) {
    if (classes_[i].live) Link(i, index);
  }
  return index;
}

void Index::ReleaseProfile(uint32_t index) {
  ProfileEntry& entry = profiles_[index];
  MERIDIAN_CHECK(entry.agents > 0);
  if (--entry.agents > 0) return;
  for (const uint32_t class_index : entry.classes) {
    std::erase_if(classes_[class_index].profiles, [&](const EligibleProfile& e) { return e.profile == index; });
  }
  profile_of_.erase(entry.profile);
  entry = ProfileEntry{};
  free_profiles_.push_back(index);
}

void Index::AddFree(uint32_t profile, uint8_t channel, const FreeAgent& agent) {
  auto& free = profiles_[profile].free;
  if (channel >= free.size()) free.resize(channel + 1);
  MERIDIAN_CHECK(free[channel].insert(agent).second);
}

void Index::RemoveFree(uint32_t profile, uint8_t channel, const FreeAgent& agent) {
  MERIDIAN_CHECK(profiles_[profile].free[channel].erase(agent) == 1);
}

bool Index::Evaluate(const ClassEntry& requirement, const Profile& profile, StaticScore& score) const {
  if (ChannelUnits(profile, channels_[requirement.key.channel]) == 0) return false;
  if (!IsEligible(requirement.step(), requirement.key.wanted.language, profile)) return false;
  score = ScoreOf(requirement.config->weights, requirement.step(), requirement.key.wanted, profile,
                  OffsetOf(requirement, profile.zone));
  return true;
}

void Index::Link(uint32_t class_index, uint32_t profile_index) {
  ClassEntry& requirement = classes_[class_index];
  EligibleProfile eligible{.score = {}, .profile = profile_index};
  if (!Evaluate(requirement, profiles_[profile_index].profile, eligible.score)) return;
  const auto place = std::upper_bound(requirement.profiles.begin(), requirement.profiles.end(), eligible,
                                      [](const auto& a, const auto& b) { return a.score.band < b.score.band; });
  requirement.profiles.insert(place, eligible);
  profiles_[profile_index].classes.push_back(class_index);
}

uint32_t Index::AcquireClass(const ClassKey& key, const ConfigRecord& config) {
  if (const auto found = class_of_.find(key); found != class_of_.end()) {
    ++classes_[found->second].contacts;
    return found->second;
  }
  if (class_of_.size() >= kMaxKeptClasses) DropOldestIdleClass();
  uint32_t index = static_cast<uint32_t>(classes_.size());
  if (free_classes_.empty()) {
    classes_.emplace_back();
  } else {
    index = free_classes_.back();
    free_classes_.pop_back();
  }
  class_of_.emplace(key, index);
  ClassEntry& entry = classes_[index];
  entry.key = key;
  entry.config = config.config;
  entry.published_at = config.published_at;
  entry.hash = HashOf(key, channels_[key.channel]);
  entry.contacts = 1;
  entry.live = true;
  for (uint32_t i = 0; i < profiles_.size(); ++i) {
    if (profiles_[i].agents > 0) Link(index, i);
  }
  return index;
}

void Index::ReleaseClass(uint32_t index) {
  MERIDIAN_CHECK(classes_[index].contacts > 0);
  --classes_[index].contacts;
}

const EligibleProfile* Index::FindEligible(uint32_t requirement, uint32_t profile) const {
  for (const EligibleProfile& eligible : classes_[requirement].profiles) {
    if (eligible.profile == profile) return &eligible;
  }
  return nullptr;
}

void Index::DropClass(uint32_t index) {
  ClassEntry& entry = classes_[index];
  MERIDIAN_CHECK(entry.contacts == 0 && entry.line.empty());
  for (const EligibleProfile& eligible : entry.profiles) EraseValue(profiles_[eligible.profile].classes, index);
  class_of_.erase(entry.key);
  entry = ClassEntry{};
  free_classes_.push_back(index);
}

void Index::ReplaceConfig(uint64_t revision, const std::shared_ptr<const TenantConfig>& config) {
  for (ClassEntry& entry : classes_) {
    if (entry.live && entry.key.plan_revision == revision) entry.config = config;
  }
}

void Index::DropIdleClasses(uint64_t newest) {
  for (uint32_t i = 0; i < classes_.size(); ++i) {
    if (classes_[i].live && classes_[i].contacts == 0 && classes_[i].key.plan_revision != newest) DropClass(i);
  }
}

void Index::DropOldestIdleClass() {
  for (const auto& [key, index] : class_of_) {
    if (classes_[index].contacts > 0) continue;
    DropClass(index);
    return;
  }
}

}  // namespace meridian
