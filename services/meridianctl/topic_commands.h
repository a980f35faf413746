// meridianctl topics: the Kafka topics of a region's events. One thread; returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "libs/base/time.h"
#include "libs/kafka/connection.h"
#include "libs/kafka/topic_admin.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct TopicsOptions {
  kafka::Connection kafka;
  std::string region = "local";
  int partitions = 8;
  int replication = 3;
  Duration retention = Duration::Hours(7 * 24);
  Duration audit_retention = Duration::Hours(365 * 24);
  bool dry_run = false;
};

// What the region's topics should be. The region is valid.
std::vector<kafka::Topic> WantedTopics(const TopicsOptions& options);
// "partitions 4, wanted 8; retention.ms 1, wanted 604800000"; empty when it is as wanted.
std::string DifferencesOf(const kafka::Topic& found, const kafka::Topic& wanted);

// Creates those that are missing, and names every one that differs: what exists is never changed.
int ApplyTopics(const TopicsOptions& options, const Console& console);

}  // namespace meridian::ctl
