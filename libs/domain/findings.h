// Collects the broken rules that Validate finds; used by the check_*.cc of this library only. One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/domain/tenant_config.h"

namespace meridian {

// "agents[3]"
inline std::string At(std::string_view list, size_t index) {
  return std::string(list).append("[").append(std::to_string(index)).append("]");
}

// In the largest unit that is whole: "20 s", "10 min", "24 h".
std::string InWords(Duration duration);

class Findings {
 public:
  void Report(std::string field, std::string rule) {
    if (violations_.size() < kMaxReportedViolations) violations_.push_back({std::move(field), std::move(rule)});
  }
  // Reports and returns false unless `holds`.
  bool Require(bool holds, const std::string& field, std::string_view rule) {
    if (!holds) Report(field, std::string(rule));
    return holds;
  }
  void RequireRange(int64_t value, int64_t min, int64_t max, const std::string& field);
  void RequireRange(Duration value, Duration min, Duration max, const std::string& field);
  bool RequireAtMost(size_t count, size_t max, const std::string& field);
  void RequireName(std::string_view name, const std::string& field);
  void Add(std::vector<FieldViolation> violations) {
    for (FieldViolation& violation : violations) Report(std::move(violation.field), std::move(violation.rule));
  }
  // A list this long has been looked at enough.
  bool full() const { return violations_.size() >= kMaxReportedViolations; }
  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  std::vector<FieldViolation> violations_;
};

// The names of one list, to find references that lead nowhere. Views into the configuration.
class NameIndex {
 public:
  template <typename Items, typename NameOf>
  NameIndex(const Items& items, NameOf name_of) {
    for (const auto& item : items) names_.push_back(name_of(item));
    std::sort(names_.begin(), names_.end());
  }
  bool Has(std::string_view name) const { return std::binary_search(names_.begin(), names_.end(), name); }

 private:
  std::vector<std::string_view> names_;
};

// Reports each item whose key equals that of an earlier one, at "<list>[i]<member>".
template <typename Items, typename KeyOf>
void RequireUnique(const Items& items, KeyOf key_of, const std::string& list, std::string_view member,
                   Findings& findings) {
  using Key = decltype(key_of(*items.begin()));
  std::vector<std::pair<Key, size_t>> keys;
  for (size_t i = 0; i < items.size(); ++i) keys.emplace_back(key_of(items[i]), i);
  std::sort(keys.begin(), keys.end());
  std::vector<size_t> repeated;
  for (size_t i = 1; i < keys.size(); ++i) {
    if (keys[i].first == keys[i - 1].first) repeated.push_back(keys[i].second);
  }
  std::sort(repeated.begin(), repeated.end());
  for (size_t i : repeated)
    findings.Report(At(list, i).append(member), "must be unique; an earlier entry has the same");
}

// What the parts of a configuration refer to.
struct References {
  explicit References(const TenantConfig& config);

  NameIndex zones;
  NameIndex shift_groups;
  NameIndex skills;
  NameIndex queues;
  std::vector<ChannelId> channels;
};

void CheckCalendar(const TenantConfig& config, Findings& findings);                              // zones, shift groups
void CheckVocabulary(const TenantConfig& config, Findings& findings);                            // skills, attributes
void CheckChannels(const TenantConfig& config, Findings& findings);                              // channels
void CheckQueues(const TenantConfig& config, const References& references, Findings& findings);  // queues
void CheckPlans(const TenantConfig& config, const References& references, Findings& findings);   // plans, rules, steps
void CheckAgents(const TenantConfig& config, const References& references, Findings& findings);  // agents
void CheckSites(const TenantConfig& config, Findings& findings);                                 // sites

}  // namespace meridian
