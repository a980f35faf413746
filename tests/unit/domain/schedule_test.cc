#include "libs/domain/schedule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meridian {
namespace {

constexpr int32_t kHour = 3600;

// "2026-03-29 01:30:00" in UTC.
Instant Utc(const std::string& text) {
  const auto day = CivilDay::Parse(text.substr(0, 10));
  EXPECT_TRUE(day.has_value()) << text;
  const int64_t seconds = std::stoll(text.substr(11, 2)) * 3600 + std::stoll(text.substr(14, 2)) * 60 +
                          (text.size() > 16 ? std::stoll(text.substr(17, 2)) : 0);
  return Instant::FromUnixSeconds(int64_t{day->days} * 86400 + seconds);
}

std::string Text(Instant at) {
  if (at == Instant::Never()) return "never";
  const int64_t seconds = at.ToUnixSeconds();
  const auto two = [](int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return CivilDay{static_cast<int32_t>(seconds / 86400)}.ToString() + " " + two(seconds % 86400 / 3600) + ":" +
         two(seconds % 3600 / 60) + (seconds % 60 == 0 ? "" : ":" + two(seconds % 60));
}

ZoneTable Madrid() {
  return {"Europe/Madrid",
          {{Utc("2025-10-26 01:00"), 1 * kHour},
           {Utc("2026-03-29 01:00"), 2 * kHour},
           {Utc("2026-10-25 01:00"), 1 * kHour}}};
}
ZoneTable Kolkata() { return {"Asia/Kolkata", {{Utc("2000-01-01 00:00"), 5 * kHour + 1800}}}; }
ZoneTable Sydney() {
  return {"Australia/Sydney",
          {{Utc("2025-10-04 16:00"), 11 * kHour},
           {Utc("2026-04-04 16:00"), 10 * kHour},
           {Utc("2026-10-03 16:00"), 11 * kHour}}};
}
// Half an hour of daylight saving, in the south.
ZoneTable LordHowe() {
  return {"Australia/Lord_Howe", {{Utc("2025-10-04 15:30"), 11 * kHour}, {Utc("2026-04-04 15:00"), 10 * kHour + 1800}}};
}
ZoneTable Fixed(int32_t offset) { return {"Etc/Fixed", {{Utc("2000-01-01 00:00"), offset}}}; }

LocalHours Hours(int from_hour, int from_minute, int to_hour, int to_minute) {
  return {static_cast<uint16_t>(from_hour * 60 + from_minute), static_cast<uint16_t>(to_hour * 60 + to_minute)};
}

Schedule Daily(LocalHours hours) {
  Schedule schedule;
  for (int day = 0; day < 7; ++day) schedule.weekly.push_back({static_cast<Weekday>(day), hours});
  return schedule;
}

// The changes from `from` on, as NextShiftChange finds them one after another.
std::vector<std::string> Changes(const Schedule& schedule, const ZoneTable& zone, Instant from, int count) {
  std::vector<std::string> changes;
  for (int i = 0; i < count; ++i) {
    from = NextShiftChange(schedule, zone, from);
    changes.push_back(Text(from));
    if (from == Instant::Never()) break;
  }
  return changes;
}

using Strings = std::vector<std::string>;

TEST(CivilDayTest, ReadsAndWritesDates) {
  EXPECT_EQ(CivilDay::Parse("1970-01-01")->days, 0);
  EXPECT_EQ(CivilDay::Parse("2000-02-29")->days, 11016);
  EXPECT_EQ(CivilDay::Parse("2026-11-21")->ToString(), "2026-11-21");
  EXPECT_EQ(CivilDay{-1}.ToString(), "1969-12-31");
  for (int32_t days = -25000; days < 40000; ++days) {
    ASSERT_EQ(CivilDay::Parse(CivilDay{days}.ToString())->days, days);
  }
}

TEST(CivilDayTest, RefusesWhatIsNoDate) {
  for (const char* text : {"", "2026-1-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-01-00",
                           "2026/01/01", "20260101", "2026-01-0x", "-026-01-01", "1899-12-31", "2026-01-01T"}) {
    EXPECT_FALSE(CivilDay::Parse(text).has_value()) << text;
  }
}

TEST(WeekdayTest, KnowsTheDayOfADate) {
  EXPECT_EQ(WeekdayOf(*CivilDay::Parse("1970-01-01")), Weekday::kThursday);
  EXPECT_EQ(WeekdayOf(*CivilDay::Parse("1969-12-31")), Weekday::kWednesday);
  EXPECT_EQ(WeekdayOf(*CivilDay::Parse("1969-12-28")), Weekday::kSunday);
  EXPECT_EQ(WeekdayOf(*CivilDay::Parse("2026-03-29")), Weekday::kSunday);
  EXPECT_EQ(WeekdayOf(*CivilDay::Parse("2026-11-23")), Weekday::kMonday);
  for (int day = 0; day < 7; ++day) {
    EXPECT_EQ(ParseWeekday(ToString(static_cast<Weekday>(day))), static_cast<Weekday>(day));
  }
  EXPECT_FALSE(ParseWeekday("Monday").has_value());
}

TEST(OffsetAtTest, HoldsBeforeBetweenAndBeyondTheTable) {
  EXPECT_EQ(OffsetAt(Madrid(), Utc("1990-01-01 00:00")), 1 * kHour);
  EXPECT_EQ(OffsetAt(Madrid(), Utc("2026-03-29 00:59:59")), 1 * kHour);
  EXPECT_EQ(OffsetAt(Madrid(), Utc("2026-03-29 01:00")), 2 * kHour);
  EXPECT_EQ(OffsetAt(Madrid(), Utc("2040-07-01 00:00")), 1 * kHour);
}

TEST(OnShiftTest, WeekdayAndHoursAreThoseOfTheZone) {
  Schedule schedule;
  schedule.weekly = {{Weekday::kMonday, Hours(9, 0, 17, 0)}};
  // Monday 2026-11-23; Madrid is at UTC+1.
  EXPECT_FALSE(OnShift(schedule, Madrid(), Utc("2026-11-23 07:59:59")));
  EXPECT_TRUE(OnShift(schedule, Madrid(), Utc("2026-11-23 08:00")));
  EXPECT_TRUE(OnShift(schedule, Madrid(), Utc("2026-11-23 15:59:59")));
  EXPECT_FALSE(OnShift(schedule, Madrid(), Utc("2026-11-23 16:00")));
  EXPECT_FALSE(OnShift(schedule, Madrid(), Utc("2026-11-24 10:00")));
  // In Kolkata, at UTC+5:30, the same Monday begins at 03:30.
  EXPECT_FALSE(OnShift(schedule, Kolkata(), Utc("2026-11-23 03:29:59")));
  EXPECT_TRUE(OnShift(schedule, Kolkata(), Utc("2026-11-23 03:30")));
  EXPECT_FALSE(OnShift(schedule, Kolkata(), Utc("2026-11-23 11:30")));
  // In Sydney, at UTC+11, it begins on Sunday evening in UTC.
  EXPECT_TRUE(OnShift(schedule, Sydney(), Utc("2026-11-22 22:00")));
  EXPECT_FALSE(OnShift(schedule, Sydney(), Utc("2026-11-23 22:00")));
}

TEST(OnShiftTest, SubSecondsBelongToTheirSecond) {
  Schedule schedule = Daily(Hours(9, 0, 17, 0));
  const Instant end = Utc("2026-11-23 17:00");
  EXPECT_TRUE(OnShift(schedule, Fixed(0), end - Duration::Nanoseconds(1)));
  EXPECT_FALSE(OnShift(schedule, Fixed(0), end));
  EXPECT_EQ(NextShiftChange(schedule, Fixed(0), end - Duration::Nanoseconds(1)), end);
}

TEST(OnShiftTest, BeforeTheEpochToo) {
  const Schedule schedule = Daily(Hours(22, 0, 6, 0));
  EXPECT_TRUE(OnShift(schedule, Fixed(0), Utc("1969-12-31 23:00")));
  EXPECT_TRUE(OnShift(schedule, Fixed(0), Utc("1969-12-31 02:00")));
  EXPECT_FALSE(OnShift(schedule, Fixed(0), Utc("1969-12-31 12:00")));
  EXPECT_TRUE(OnShift(schedule, Fixed(0), Instant{-1}));
}

TEST(OnShiftTest, ShiftOverMidnightBelongsToTheDayOnWhichItBegins) {
  Schedule schedule;
  schedule.weekly = {{Weekday::kSunday, Hours(22, 0, 6, 0)}};
  EXPECT_FALSE(OnShift(schedule, Fixed(0), Utc("2026-11-22 21:59:59")));
  EXPECT_TRUE(OnShift(schedule, Fixed(0), Utc("2026-11-22 22:00")));
  EXPECT_TRUE(OnShift(schedule, Fixed(0), Utc("2026-11-23 05:59:59")));
  EXPECT_FALSE(OnShift(schedule, Fixed(0), Utc("2026-11-23 06:00")));
  EXPECT_FALSE(OnShift(schedule, Fixed(0), Utc("2026-11-23 22:00")));
}

TEST(OnShiftTest, WholeDays) {
  Schedule schedule;
  schedule.weekly = {{Weekday::kMonday, Hours(0, 0, 24, 0)}, {Weekday::kTuesday, Hours(0, 0, 0, 0)}};
  EXPECT_EQ(Changes(schedule, Fixed(0), Utc("2026-11-22 12:00"), 3),
            (Strings{"2026-11-23 00:00", "2026-11-25 00:00", "2026-11-30 00:00"}));
}

TEST(OnShiftTest, EndEqualToStartIsTwentyFourHours) {
  Schedule schedule;
  schedule.weekly = {{Weekday::kMonday, Hours(8, 0, 8, 0)}};
  EXPECT_EQ(Changes(schedule, Fixed(0), Utc("2026-11-23 00:00"), 2), (Strings{"2026-11-23 08:00", "2026-11-24 08:00"}));
}

TEST(NextShiftChangeTest, AdjoiningAndOverlappingShiftsAreOne) {
  Schedule schedule;
  schedule.weekly = {{Weekday::kMonday, Hours(9, 0, 13, 0)},
                     {Weekday::kMonday, Hours(13, 0, 17, 0)},
                     {Weekday::kMonday, Hours(16, 0, 23, 0)},
                     {Weekday::kMonday, Hours(22, 0, 2, 0)}};
  EXPECT_EQ(Changes(schedule, Fixed(0), Utc("2026-11-23 00:00"), 2), (Strings{"2026-11-23 09:00", "2026-11-24 02:00"}));
}

TEST(NextShiftChangeTest, SpringInMadridAtHome) {
  // Day shifts keep their local hours: 09:00 is 08:00 UTC before and 07:00 UTC after.
  EXPECT_EQ(Changes(Daily(Hours(9, 0, 17, 0)), Madrid(), Utc("2026-03-28 00:00"), 4),
            (Strings{"2026-03-28 08:00", "2026-03-28 16:00", "2026-03-29 07:00", "2026-03-29 15:00"}));
  // 22:00–06:00 lasts seven hours.
  EXPECT_EQ(Changes(Daily(Hours(22, 0, 6, 0)), Madrid(), Utc("2026-03-28 12:00"), 4),
            (Strings{"2026-03-28 21:00", "2026-03-29 04:00", "2026-03-29 20:00", "2026-03-30 04:00"}));
}

TEST(NextShiftChangeTest, SpringSkippedHourDoesNotExist) {
  // 02:00–03:00 local is skipped on 2026-03-29; the jump is at 01:00 UTC.
  EXPECT_EQ(Changes(Daily(Hours(2, 0, 3, 0)), Madrid(), Utc("2026-03-28 12:00"), 2),
            (Strings{"2026-03-30 00:00", "2026-03-30 01:00"}))
      << "a shift that lies wholly inside does not take place";
  EXPECT_EQ(Changes(Daily(Hours(2, 30, 5, 0)), Madrid(), Utc("2026-03-28 12:00"), 2),
            (Strings{"2026-03-29 01:00", "2026-03-29 03:00"}))
      << "one that begins inside begins at the jump";
  EXPECT_EQ(Changes(Daily(Hours(0, 0, 2, 30)), Madrid(), Utc("2026-03-28 12:00"), 2),
            (Strings{"2026-03-28 23:00", "2026-03-29 01:00"}))
      << "one that ends inside ends at the jump";
  EXPECT_EQ(Changes(Daily(Hours(0, 0, 2, 0)), Madrid(), Utc("2026-03-28 12:00"), 2),
            (Strings{"2026-03-28 23:00", "2026-03-29 01:00"}));
  EXPECT_EQ(Changes(Daily(Hours(3, 0, 4, 0)), Madrid(), Utc("2026-03-28 12:00"), 2),
            (Strings{"2026-03-29 01:00", "2026-03-29 02:00"}));
}

TEST(NextShiftChangeTest, AutumnInMadridRepeatsTheHour) {
  // 02:00–03:00 local happens twice on 2026-10-25: from 00:00 to 02:00 UTC.
  EXPECT_EQ(Changes(Daily(Hours(22, 0, 6, 0)), Madrid(), Utc("2026-10-24 12:00"), 2),
            (Strings{"2026-10-24 20:00", "2026-10-25 05:00"}))
      << "the night shift lasts nine hours";
  EXPECT_EQ(Changes(Daily(Hours(2, 0, 3, 0)), Madrid(), Utc("2026-10-24 12:00"), 2),
            (Strings{"2026-10-25 00:00", "2026-10-25 02:00"}))
      << "both passages count";
  EXPECT_EQ(Changes(Daily(Hours(2, 30, 5, 0)), Madrid(), Utc("2026-10-24 12:00"), 4),
            (Strings{"2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30", "2026-10-25 04:00"}))
      << "the clock shows 02:30 twice, and goes back to 02:00 between";
  EXPECT_EQ(Changes(Daily(Hours(0, 0, 2, 30)), Madrid(), Utc("2026-10-24 12:00"), 4),
            (Strings{"2026-10-24 22:00", "2026-10-25 00:30", "2026-10-25 01:00", "2026-10-25 01:30"}));
}

TEST(NextShiftChangeTest, SouthernHemisphereInBothChanges) {
  // Sydney: back at 16:00 UTC on 2026-04-04 (03:00 → 02:00), forward at 16:00 UTC on 2026-10-03 (02:00 → 03:00).
  EXPECT_EQ(Changes(Daily(Hours(22, 0, 6, 0)), Sydney(), Utc("2026-04-04 08:00"), 2),
            (Strings{"2026-04-04 11:00", "2026-04-04 20:00"}));
  EXPECT_EQ(Changes(Daily(Hours(22, 0, 6, 0)), Sydney(), Utc("2026-10-03 08:00"), 2),
            (Strings{"2026-10-03 12:00", "2026-10-03 19:00"}));
  // Lord Howe goes back by half an hour: 01:30–02:00 happens twice.
  EXPECT_EQ(Changes(Daily(Hours(1, 30, 2, 0)), LordHowe(), Utc("2026-04-04 08:00"), 2),
            (Strings{"2026-04-04 14:30", "2026-04-04 15:30"}));
}

TEST(NextShiftChangeTest, BeyondTheTableTheLastOffsetHolds) {
  EXPECT_EQ(Changes(Daily(Hours(9, 0, 17, 0)), Madrid(), Utc("2027-07-01 00:00"), 1), (Strings{"2027-07-01 08:00"}));
}

TEST(NextShiftChangeTest, NothingChanges) {
  EXPECT_EQ(NextShiftChange(Schedule::Always(), Madrid(), Utc("2026-01-01 00:00")), Instant::Never());
  EXPECT_EQ(NextShiftChange(Schedule(), Madrid(), Utc("2026-01-01 00:00")), Instant::Never());
  EXPECT_EQ(NextShiftChange(Daily(Hours(0, 0, 24, 0)), Madrid(), Utc("2026-01-01 00:00")), Instant::Never());
  EXPECT_TRUE(OnShift(Schedule::Always(), Madrid(), Utc("2026-01-01 00:00")));
  EXPECT_FALSE(OnShift(Schedule(), Madrid(), Utc("2026-01-01 00:00")));
}

TEST(ScheduleExceptionTest, ReplacesWhatBeginsOnItsDay) {
  Schedule schedule = Daily(Hours(9, 0, 17, 0));
  schedule.exceptions = {{*CivilDay::Parse("2026-12-24"), {Hours(9, 0, 13, 0), Hours(14, 0, 15, 0)}},
                         {*CivilDay::Parse("2026-12-25"), {}}};
  EXPECT_EQ(
      Changes(schedule, Fixed(0), Utc("2026-12-24 00:00"), 5),
      (Strings{"2026-12-24 09:00", "2026-12-24 13:00", "2026-12-24 14:00", "2026-12-24 15:00", "2026-12-26 09:00"}));
}

TEST(ScheduleExceptionTest, NightShiftOfTheDayBeforeRunsOut) {
  Schedule schedule = Daily(Hours(22, 0, 6, 0));
  schedule.exceptions = {{*CivilDay::Parse("2026-12-25"), {}}};
  EXPECT_EQ(Changes(schedule, Fixed(0), Utc("2026-12-24 12:00"), 3),
            (Strings{"2026-12-24 22:00", "2026-12-25 06:00", "2026-12-26 22:00"}));
}

TEST(ScheduleExceptionTest, HoldsForAlwaysAndForNever) {
  Schedule always = Schedule::Always();
  always.exceptions = {{*CivilDay::Parse("2026-12-25"), {}}};
  EXPECT_EQ(Changes(always, Madrid(), Utc("2026-12-01 00:00"), 3),
            (Strings{"2026-12-24 23:00", "2026-12-25 23:00", "never"}));
  Schedule once;
  once.exceptions = {{*CivilDay::Parse("2026-12-25"), {Hours(10, 0, 12, 0)}}};
  EXPECT_EQ(Changes(once, Madrid(), Utc("2026-12-01 00:00"), 3),
            (Strings{"2026-12-25 09:00", "2026-12-25 11:00", "never"}));
}

TEST(NextShiftChangeTest, FindsTheFirstIrregularityOfALongSameness) {
  Schedule whole = Daily(Hours(0, 0, 24, 0));
  whole.exceptions = {{*CivilDay::Parse("2026-03-01"), {Hours(0, 0, 24, 0)}}, {*CivilDay::Parse("2026-08-15"), {}}};
  EXPECT_EQ(Changes(whole, Madrid(), Utc("2026-01-01 00:00"), 3),
            (Strings{"2026-08-14 22:00", "2026-08-15 22:00", "never"}));
  // A whole week of nothing but the skipped hour: only the clock change lets 03:00 come at once.
  Schedule rare;
  rare.weekly = {{Weekday::kSunday, Hours(2, 0, 3, 0)}};
  EXPECT_EQ(Changes(rare, Madrid(), Utc("2026-03-22 12:00"), 2), (Strings{"2026-04-05 00:00", "2026-04-05 01:00"}));
}

TEST(NextShiftChangeTest, LooksAheadFourHundredDays) {
  Schedule once;
  once.exceptions = {{*CivilDay::Parse("2027-02-01"), {Hours(10, 0, 12, 0)}}};
  EXPECT_EQ(Changes(once, Fixed(0), Utc("2026-01-01 00:00"), 1), (Strings{"2027-02-01 10:00"}));
  EXPECT_EQ(Changes(once, Fixed(0), Utc("2025-12-01 00:00"), 1), (Strings{"never"}));
}

// Against the plain reading of the rule: step through the weeks around the clock changes.
void ExpectAgreesMinuteByMinute(const Schedule& schedule, const ZoneTable& zone, Instant from, Instant to) {
  bool before = OnShift(schedule, zone, from);
  Instant expected = NextShiftChange(schedule, zone, from);
  for (Instant at = from + Duration::Minutes(1); at <= to; at = at + Duration::Minutes(1)) {
    const bool now = OnShift(schedule, zone, at);
    ASSERT_EQ(now != before, at == expected) << zone.name << " at " << Text(at) << ", expected " << Text(expected);
    if (now != before) expected = NextShiftChange(schedule, zone, at);
    before = now;
  }
}

TEST(NextShiftChangeTest, AgreesWithMembershipThroughAYearOfRareShifts) {
  Schedule rare;
  rare.weekly = {{Weekday::kSunday, Hours(2, 0, 2, 30)}};
  rare.exceptions = {{*CivilDay::Parse("2026-03-29"), {Hours(2, 0, 3, 0)}},
                     {*CivilDay::Parse("2026-07-01"), {Hours(0, 0, 0, 0)}},
                     {*CivilDay::Parse("2026-07-02"), {Hours(0, 0, 24, 0)}}};
  ExpectAgreesMinuteByMinute(rare, Madrid(), Utc("2026-01-01 00:00"), Utc("2026-12-31 00:00"));
  rare.weekly.clear();
  ExpectAgreesMinuteByMinute(rare, Sydney(), Utc("2026-01-01 00:00"), Utc("2026-12-31 00:00"));
}

TEST(NextShiftChangeTest, AgreesWithMembershipAtEveryMinute) {
  Schedule mixed;
  mixed.weekly = {{Weekday::kMonday, Hours(9, 15, 17, 45)}, {Weekday::kTuesday, Hours(22, 0, 6, 0)},
                  {Weekday::kThursday, Hours(0, 0, 24, 0)}, {Weekday::kSaturday, Hours(2, 15, 2, 45)},
                  {Weekday::kSunday, Hours(1, 45, 3, 15)},  {Weekday::kSunday, Hours(23, 0, 23, 0)}};
  mixed.exceptions = {{*CivilDay::Parse("2026-03-29"), {Hours(2, 30, 3, 30)}}, {*CivilDay::Parse("2026-10-25"), {}}};
  for (const ZoneTable& zone : {Madrid(), Sydney(), LordHowe(), Kolkata()}) {
    ExpectAgreesMinuteByMinute(mixed, zone, Utc("2026-03-20 00:00"), Utc("2026-04-15 00:00"));
    ExpectAgreesMinuteByMinute(mixed, zone, Utc("2026-09-25 00:00"), Utc("2026-11-05 00:00"));
  }
}

}  // namespace
}  // namespace meridian
