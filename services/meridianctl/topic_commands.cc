#include "services/meridianctl/topic_commands.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/cloud_event.h"

namespace meridian::ctl {
namespace {

void Compare(std::string_view what, const std::string& found, const std::string& wanted, std::string& differences) {
  if (found == wanted) return;
  differences.append(differences.empty() ? "" : "; ").append(what).append(" ").append(found);
  differences.append(", wanted ").append(wanted);
}

}  // namespace

std::vector<kafka::Topic> WantedTopics(const TopicsOptions& options) {
  const RegionCode region = *RegionCode::Parse(options.region);
  const auto make = [&](std::string name, Duration retention) {
    return kafka::Topic{.name = std::move(name),
                        .partitions = options.partitions,
                        .replication = options.replication,
                        .config = {{"cleanup.policy", "delete"},
                                   {"min.insync.replicas", std::to_string(std::max(1, options.replication - 1))},
                                   {"retention.ms", std::to_string(retention.ToMilliseconds())}}};
  };
  return {make(KafkaTopicOf(region, event::v1::TOPIC_CONTACT), options.retention),
          make(KafkaTopicOf(region, event::v1::TOPIC_AGENT), options.retention),
          make(KafkaTopicOf(region, event::v1::TOPIC_CONFIG), options.retention),
          make(KafkaAuditTopic(region), options.audit_retention)};
}

std::string DifferencesOf(const kafka::Topic& found, const kafka::Topic& wanted) {
  std::string differences;
  Compare("partitions", std::to_string(found.partitions), std::to_string(wanted.partitions), differences);
  Compare("replication", std::to_string(found.replication), std::to_string(wanted.replication), differences);
  for (const auto& [name, value] : wanted.config) {
    const auto held = found.config.find(name);
    Compare(name, held == found.config.end() ? "unknown" : held->second, value, differences);
  }
  return differences;
}

int ApplyTopics(const TopicsOptions& options, const Console& console) {
  if (!RegionCode::Parse(options.region)) {
    return Fail(console, FieldError("--region", "must be 1 to 7 of [a-z0-9], a letter first"));
  }
  auto admin = kafka::TopicAdmin::Make(options.kafka);
  if (!admin.ok()) return Fail(console, admin.status());
  const std::vector<kafka::Topic> wanted = WantedTopics(options);
  std::vector<std::string> names;
  std::vector<std::string> settings;
  for (const kafka::Topic& topic : wanted) names.push_back(topic.name);
  for (const auto& [name, value] : wanted.front().config) settings.push_back(name);
  auto found = (*admin)->Describe(names, settings);
  if (!found.ok()) return Fail(console, found.status());

  std::vector<std::vector<std::string>> rows = {{"TOPIC", "STATE"}};
  bool all_right = true;
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::string state = "as wanted";
    if ((*found)[i]) {
      const std::string differences = DifferencesOf(*(*found)[i], wanted[i]);
      if (!differences.empty()) state = "WRONG: " + differences;
      all_right = all_right && differences.empty();
    } else if (options.dry_run) {
      state = "MISSING";
      all_right = false;
    } else {
      const absl::Status created = (*admin)->Create(wanted[i]);
      if (!created.ok()) return Fail(console, created);
      state = "created";
    }
    rows.push_back({wanted[i].name, state});
  }
  console.out << Table(rows);
  if (!all_right && !options.dry_run) {
    console.err << "what exists is not changed here: docs/operations/kafka.md says how to correct it\n";
  }
  return all_right ? kDone : kFailed;
}

}  // namespace meridian::ctl
