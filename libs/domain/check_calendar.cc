#include "libs/domain/findings.h"

namespace meridian {
namespace {

constexpr int32_t kMaxOffsetSeconds = 18 * 3600;

void CheckZone(const ZoneTable& zone, const std::string& field, Findings& findings) {
  findings.Require(IsZoneName(zone.name), field + ".name", "must be the name of an IANA zone, as Europe/Madrid");
  findings.Require(!zone.transitions.empty(), field + ".transitions", "must have at least one entry");
  if (!findings.RequireAtMost(zone.transitions.size(), kMaxZoneTransitions, field + ".transitions")) return;
  for (size_t i = 0; i < zone.transitions.size(); ++i) {
    const ZoneTransition& transition = zone.transitions[i];
    const std::string entry = At(field + ".transitions", i);
    findings.RequireRange(transition.offset_seconds, -kMaxOffsetSeconds, kMaxOffsetSeconds, entry + ".offset_seconds");
    findings.Require(transition.from.ns % Duration::Seconds(1).ns == 0, entry + ".from", "must be a whole second");
    findings.Require(i == 0 || zone.transitions[i - 1].from < transition.from, entry + ".from",
                     "must be later than the entry before");
  }
}

void CheckHours(const LocalHours& hours, const std::string& field, Findings& findings) {
  findings.RequireRange(hours.start_minute, 0, kMinutesPerDay - 1, field + ".start_minute");
  findings.RequireRange(hours.end_minute, 0, kMinutesPerDay, field + ".end_minute");
}

void CheckExceptions(const std::vector<ScheduleException>& exceptions, const std::string& field, Findings& findings) {
  if (!findings.RequireAtMost(exceptions.size(), kMaxScheduleExceptions, field)) return;
  for (size_t i = 0; i < exceptions.size(); ++i) {
    const std::string entry = At(field, i);
    findings.Require(i == 0 || exceptions[i - 1].day < exceptions[i].day, entry + ".day",
                     "must be unique: one entry for a date");
    if (!findings.RequireAtMost(exceptions[i].hours.size(), kMaxHoursPerDay, entry + ".hours")) continue;
    for (size_t j = 0; j < exceptions[i].hours.size(); ++j) {
      CheckHours(exceptions[i].hours[j], At(entry + ".hours", j), findings);
    }
  }
}

void CheckSchedule(const Schedule& schedule, const std::string& field, Findings& findings) {
  const std::string weekly = field + ".weekly";
  if (schedule.always) {
    findings.Require(schedule.weekly.empty(), weekly, "must be empty where always is true");
  } else {
    findings.Require(!schedule.weekly.empty() || !schedule.exceptions.empty(), weekly,
                     "must have a shift, unless always is true or there are exceptions");
  }
  if (findings.RequireAtMost(schedule.weekly.size(), kMaxWeeklyShifts, weekly)) {
    for (size_t i = 0; i < schedule.weekly.size(); ++i) {
      findings.Require(schedule.weekly[i].weekday <= Weekday::kSunday, At(weekly, i) + ".weekday", "is unknown");
      CheckHours(schedule.weekly[i].hours, At(weekly, i) + ".hours", findings);
    }
  }
  CheckExceptions(schedule.exceptions, field + ".exceptions", findings);
}

}  // namespace

void CheckCalendar(const TenantConfig& config, Findings& findings) {
  if (findings.Require(config.zones.size() <= kMaxZones, "zones",
                       "must name at most " + std::to_string(kMaxZones) + " time zones in all")) {
    for (size_t i = 0; i < config.zones.size(); ++i) CheckZone(config.zones[i], At("zones", i), findings);
    RequireUnique(
        config.zones, [](const ZoneTable& zone) { return std::string_view(zone.name); }, "zones", ".name", findings);
  }
  if (findings.RequireAtMost(config.shift_groups.size(), kMaxShiftGroups, "shift_groups")) {
    for (size_t i = 0; i < config.shift_groups.size(); ++i) {
      const std::string field = At("shift_groups", i);
      findings.RequireName(config.shift_groups[i].id.value, field + ".id");
      CheckSchedule(config.shift_groups[i].schedule, field + ".schedule", findings);
    }
    RequireUnique(
        config.shift_groups, [](const ShiftGroup& group) { return std::string_view(group.id.value); }, "shift_groups",
        ".id", findings);
  }
}

}  // namespace meridian
