// Calendars: who is on shift, and which queue is open, at an instant. The edge reads tzdata and makes a ZoneTable;
// nothing here does. Values and pure functions, any thread.
//
// The rule is membership in local time: an instant is on shift when the wall clock of the zone shows, at that instant,
// a date and time inside a shift. So when clocks go back, both passages of the repeated hour count (a shift 22:00–06:00
// lasts nine hours that night); when they go forward, the skipped hour does not exist (seven hours), and a shift that
// would begin inside it begins at the jump.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"
#include "libs/domain/names.h"

namespace meridian {

// From `from` on, local time = UTC + offset.
struct ZoneTransition {
  Instant from;
  int32_t offset_seconds = 0;

  friend auto operator<=>(const ZoneTransition&, const ZoneTransition&) = default;
};

// The offsets of one zone, at most 400 days ahead, sorted by `from`, never empty. Before the first entry its offset
// holds, after the last entry the last offset: a table that is not renewed is wrong by an hour at most, never
// undefined.
struct ZoneTable {
  ZoneName name;
  std::vector<ZoneTransition> transitions;

  friend bool operator==(const ZoneTable&, const ZoneTable&) = default;
};

int32_t OffsetAt(const ZoneTable& zone, Instant at);  // seconds east of UTC

// A date of the proleptic Gregorian calendar as days since 1970-01-01.
struct CivilDay {
  int32_t days = 0;

  static std::optional<CivilDay> FromDate(int year, int month, int day);  // nullopt when there is no such date
  static std::optional<CivilDay> Parse(std::string_view iso_date);        // "2026-12-24"
  std::string ToString() const;
  friend constexpr auto operator<=>(CivilDay, CivilDay) = default;
};

enum class Weekday : uint8_t { kMonday, kTuesday, kWednesday, kThursday, kFriday, kSaturday, kSunday };
Weekday WeekdayOf(CivilDay day);
std::string_view ToString(Weekday weekday);  // "monday"
std::optional<Weekday> ParseWeekday(std::string_view text);

inline constexpr uint16_t kMinutesPerDay = 1440;

// Local time of day from `start_minute` (included, 0–1439) to `end_minute` (excluded, 0–1440). An end at or before the
// start lies on the next day: 22:00–06:00, and 00:00–00:00 is a whole day.
struct LocalHours {
  uint16_t start_minute = 0;
  uint16_t end_minute = 0;

  friend auto operator<=>(const LocalHours&, const LocalHours&) = default;
};

struct WeeklyShift {
  Weekday weekday = Weekday::kMonday;  // on which the shift begins
  LocalHours hours;

  friend auto operator<=>(const WeeklyShift&, const WeeklyShift&) = default;
};

// What begins on one date instead of the weekly shifts; no hours: closed. A shift that began the day before runs out.
struct ScheduleException {
  CivilDay day;
  std::vector<LocalHours> hours;

  friend auto operator<=>(const ScheduleException&, const ScheduleException&) = default;
};

struct Schedule {
  bool always = false;  // every day is whole, `weekly` is not read; exceptions hold
  std::vector<WeeklyShift> weekly;
  std::vector<ScheduleException> exceptions;  // sorted by day, one per day

  static Schedule Always() { return {.always = true, .weekly = {}, .exceptions = {}}; }
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// A schedule that many agents (each in the zone of their own) or queues share.
struct ShiftGroup {
  ShiftGroupId id;
  Schedule schedule;

  friend bool operator==(const ShiftGroup&, const ShiftGroup&) = default;
};

bool OnShift(const Schedule& schedule, const ZoneTable& zone, Instant at);

// The first instant after `at` at which OnShift differs from OnShift(at); Instant::Never() when there is none within
// 400 days. Usually under a microsecond; looks at no more than ten days after each clock change or exception.
Instant NextShiftChange(const Schedule& schedule, const ZoneTable& zone, Instant at);

}  // namespace meridian
