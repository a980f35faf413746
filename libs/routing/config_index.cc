#include "libs/routing/config_index.h"

#include <algorithm>

#include "libs/base/check.h"

namespace meridian {

PublishedConfig* ConfigIndex::Find(uint64_t revision) {
  const auto found = configs_.find(revision);
  return found == configs_.end() ? nullptr : &found->second;
}

void ConfigIndex::Add(ConfigRecord record, Index& index) {
  const uint64_t revision = record.config->revision;
  auto& entry = configs_[revision];
  entry.record = std::move(record);
  newest_ = &configs_.rbegin()->second;
  revision_ = std::max(revision_, revision);
  const TenantConfig& config = *newest_->record.config;
  channels_.assign(kMaxChannelsEver, {});
  for (const ChannelConfig& channel : config.channels) {
    const uint8_t number = index.ChannelNumber(channel.id);
    MERIDIAN_CHECK(number < kMaxChannelsEver);
    channels_[number] = {channel.units, channel.exclusive, channel.joins_media, PackingOf(config.channels, channel)};
  }
}

std::vector<uint64_t> ConfigIndex::DropUnused() {
  std::vector<uint64_t> dropped;
  for (auto it = configs_.begin(); it != configs_.end();) {
    if (it->second.contacts > 0 || &it->second == newest_) {
      ++it;
      continue;
    }
    dropped.push_back(it->first);
    it = configs_.erase(it);
  }
  return dropped;
}

const AgentRevisionRecord* ConfigIndex::FindRevised(const AgentId& agent) const {
  const auto found = revised_.find(agent);
  return found == revised_.end() ? nullptr : &found->second;
}

void ConfigIndex::Revise(AgentRevisionRecord record) {
  revision_ = std::max(revision_, record.revision);
  revised_[record.agent] = std::move(record);
}

const ChannelRules& ConfigIndex::channel(uint8_t number) const {
  static constexpr ChannelRules kNone;
  return number < channels_.size() ? channels_[number] : kNone;
}

uint32_t ConfigIndex::ShiftLineOf(const Profile& profile, Instant now) {
  if (profile.shift_group.empty()) return kNoIndex;
  const auto [found, added] = shift_of_.emplace(std::pair(profile.shift_group, profile.zone), shift_count());
  if (added) {
    shifts_.push_back({.group = profile.shift_group, .zone = profile.zone, .profiles = {}});
    shifts_.back().tie = {StableHash(profile.shift_group.value), StableHash(profile.zone)};
    ReadHours(shifts_.back(), now);
  }
  return found->second;
}

void ConfigIndex::ReadHours(ShiftLine& line, Instant now) const {
  const Schedule* schedule = FindSchedule(line.group);
  const ZoneTable* zone = FindZone(line.zone);
  line.open = schedule != nullptr && zone != nullptr && OnShift(*schedule, *zone, now);
  line.next_change = schedule == nullptr || zone == nullptr ? Instant::Never() : NextShiftChange(*schedule, *zone, now);
}

QueueLine& ConfigIndex::queue(const QueueId& id) {
  QueueLine& line = queues_[id];
  line.counts.queue = id;
  return line;
}

bool ConfigIndex::IsOpen(QueueLine& line, const QueueConfig& queue, Instant now) const {
  if (queue.opening_hours.empty()) return true;
  const uint64_t revision = newest_->record.config->revision;
  if (line.hours_revision != revision || now >= line.hours_until) {
    const Schedule* schedule = FindSchedule(queue.opening_hours);
    const ZoneTable* zone = FindZone(queue.zone);
    if (schedule == nullptr || zone == nullptr) return true;
    line.open = OnShift(*schedule, *zone, now);
    line.hours_until = NextShiftChange(*schedule, *zone, now);
    line.hours_revision = revision;
  }
  return line.open;
}

const Schedule* ConfigIndex::FindSchedule(const ShiftGroupId& group) const {
  if (newest_ == nullptr) return nullptr;
  for (const ShiftGroup& candidate : newest_->record.config->shift_groups) {
    if (candidate.id == group) return &candidate.schedule;
  }
  return nullptr;
}

const ZoneTable* ConfigIndex::FindZone(const ZoneName& zone) const {
  if (newest_ == nullptr) return nullptr;
  for (const ZoneTable& candidate : newest_->record.config->zones) {
    if (candidate.name == zone) return &candidate;
  }
  return nullptr;
}

const QueueConfig* FindQueue(const TenantConfig& config, const QueueId& id) {
  for (const QueueConfig& queue : config.queues) {
    if (queue.id == id) return &queue;
  }
  return nullptr;
}

const ChannelConfig* FindChannel(const TenantConfig& config, const ChannelId& id) {
  for (const ChannelConfig& channel : config.channels) {
    if (channel.id == id) return &channel;
  }
  return nullptr;
}

}  // namespace meridian
