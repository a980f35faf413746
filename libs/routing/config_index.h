// The published configurations that are still in force, the agents revised since, what a channel takes, and the
// calendars: shift lines (a shift group read in one zone, shared by profiles) and queues (counts and opening hours).
// The shard's thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/tenant_config.h"
#include "libs/routing/engine.h"
#include "libs/routing/index.h"
#include "libs/routing/records.h"

namespace meridian {

struct PublishedConfig {
  ConfigRecord record;
  uint32_t contacts = 0;  // live ones whose rule it holds
  bool changed = false;   // goes into the next batch
};

// Under the newest configuration.
struct ChannelRules {
  uint16_t units = 0;  // of a contact; 0: the channel is not in the configuration
  bool exclusive = false;
  bool joins_media = false;
  Packing packing = Packing::kLeastLoaded;
};

struct ShiftLine {
  ShiftGroupId group;
  ZoneName zone;
  Uuid tie;  // of its timer
  bool open = true;
  Instant next_change = Instant::Never();
  std::vector<uint32_t> profiles;
};

struct QueueLine {
  QueueCounts counts;
  uint64_t hours_revision = 0;  // of the configuration under which the two below hold
  bool open = true;
  Instant hours_until = {0};
};

class ConfigIndex {
 public:
  // ---- whole configurations ----
  PublishedConfig* newest() { return newest_; }  // nullptr: nothing was published
  const PublishedConfig* newest() const { return newest_; }
  uint64_t revision() const { return revision_; }  // of the newest change, also of one agent
  PublishedConfig* Find(uint64_t revision);
  const PublishedConfig* Find(uint64_t revision) const { return const_cast<ConfigIndex*>(this)->Find(revision); }
  std::map<uint64_t, PublishedConfig>& all() { return configs_; }
  const std::map<uint64_t, PublishedConfig>& all() const { return configs_; }
  // Makes it the newest when its revision is the highest.
  void Add(ConfigRecord record, Index& index);
  // The older ones that no live contact needs, removed.
  std::vector<uint64_t> DropUnused();

  // ---- agents revised since the newest whole one ----
  const std::map<AgentId, AgentRevisionRecord>& revised() const { return revised_; }
  const AgentRevisionRecord* FindRevised(const AgentId& agent) const;
  void Revise(AgentRevisionRecord record);
  void ForgetRevisions() { revised_.clear(); }

  // ---- channels, by number ----
  const ChannelRules& channel(uint8_t number) const;

  // ---- calendars ----
  // kNoIndex when the profile is always on shift. Reads the line's hours at `now` when it is new.
  uint32_t ShiftLineOf(const Profile& profile, Instant now);
  ShiftLine& shift(uint32_t index) { return shifts_[index]; }
  const ShiftLine& shift(uint32_t index) const { return shifts_[index]; }
  uint32_t shift_count() const { return static_cast<uint32_t>(shifts_.size()); }
  // Reads the hours again under the newest configuration.
  void ReadHours(ShiftLine& line, Instant now) const;

  QueueLine& queue(const QueueId& id);
  const std::map<QueueId, QueueLine>& queues() const { return queues_; }
  bool IsOpen(QueueLine& line, const QueueConfig& queue, Instant now) const;

 private:
  const Schedule* FindSchedule(const ShiftGroupId& group) const;
  const ZoneTable* FindZone(const ZoneName& zone) const;

  std::map<uint64_t, PublishedConfig> configs_;
  PublishedConfig* newest_ = nullptr;
  uint64_t revision_ = 0;
  std::map<AgentId, AgentRevisionRecord> revised_;
  std::vector<ChannelRules> channels_;
  std::vector<ShiftLine> shifts_;
  std::map<std::pair<ShiftGroupId, ZoneName>, uint32_t> shift_of_;
  std::map<QueueId, QueueLine> queues_;
};

const QueueConfig* FindQueue(const TenantConfig& config, const QueueId& id);
const ChannelConfig* FindChannel(const TenantConfig& config, const ChannelId& id);

}  // namespace meridian
