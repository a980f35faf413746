#include "libs/domain/findings.h"

namespace meridian {
namespace {

void CheckOpeningHours(const QueueConfig& queue, const References& references, const std::string& field,
                       Findings& findings) {
  if (queue.opening_hours.empty()) {
    findings.Require(queue.zone.empty(), field + ".zone", "must be empty without opening hours");
    return;
  }
  findings.Require(references.shift_groups.Has(queue.opening_hours.value), field + ".opening_hours",
                   "is not a shift group of the tenant");
  findings.Require(references.zones.Has(queue.zone), field + ".zone", "is not a zone of the tenant");
}

void CheckQueue(const QueueConfig& queue, const References& references, const std::string& field, Findings& findings) {
  findings.RequireName(queue.id.value, field + ".id");
  findings.RequireRange(queue.offer_timeout, kMinOfferTimeout, kMaxOfferTimeout, field + ".offer_timeout");
  findings.RequireRange(queue.no_answer.strikes, 0, kMaxStrikes, field + ".no_answer.strikes");
  findings.RequireRange(queue.no_answer.cool_down, Duration::Zero(), kMaxCoolDown, field + ".no_answer.cool_down");
  findings.RequireRange(queue.target.permille, 0, 1000, field + ".target.permille");
  findings.RequireRange(queue.target.within, Duration::Zero(), kMaxMaxWait, field + ".target.within");
  findings.RequireRange(queue.wrap_up.longest, Duration::Zero(), kMaxWrapUp, field + ".wrap_up.longest");
  findings.RequireRange(queue.max_waiting, 1, kMaxMaxWaiting, field + ".max_waiting");
  findings.RequireRange(queue.max_wait, kMinMaxWait, kMaxMaxWait, field + ".max_wait");
  findings.RequireRange(queue.time_per_priority_point, Duration::Zero(), kMaxTimePerPriorityPoint,
                        field + ".time_per_priority_point");
  CheckOpeningHours(queue, references, field, findings);
}

}  // namespace

void CheckQueues(const TenantConfig& config, const References& references, Findings& findings) {
  if (!findings.RequireAtMost(config.queues.size(), kMaxQueues, "queues")) return;
  for (size_t i = 0; i < config.queues.size(); ++i) {
    CheckQueue(config.queues[i], references, At("queues", i), findings);
  }
  RequireUnique(
      config.queues, [](const QueueConfig& queue) { return std::string_view(queue.id.value); }, "queues", ".id",
      findings);
}

}  // namespace meridian
