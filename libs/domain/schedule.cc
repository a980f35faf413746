#include "libs/domain/schedule.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"

namespace meridian {
namespace {

constexpr int64_t kSecondsPerMinute = 60;
constexpr int64_t kSecondsPerDay = kMinutesPerDay * kSecondsPerMinute;
constexpr int64_t kNanosecondsPerSecond = 1000000000;
constexpr int32_t kHorizonDays = 400;
// Longer than a week, the day before it and the last irregular day together: whoever was in one state for so long since
// the last irregularity stays in it until the next.
constexpr Duration kWholePattern = Duration::Hours(24 * 10);

constexpr int64_t FloorDivide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// What the wall clock shows, in seconds since 1970-01-01 00:00 of local time.
int64_t LocalSeconds(const ZoneTable& zone, Instant at) {
  return FloorDivide(at.ns, kNanosecondsPerSecond) + OffsetAt(zone, at);
}

CivilDay DayOf(int64_t local_seconds) { return {static_cast<int32_t>(FloorDivide(local_seconds, kSecondsPerDay))}; }

int64_t BeginOf(CivilDay day, uint16_t minute) { return day.days * kSecondsPerDay + minute * kSecondsPerMinute; }

struct LocalSpan {
  int64_t begin;  // local seconds, included
  int64_t end;    // excluded
};

LocalSpan SpanOf(CivilDay day, const LocalHours& hours) {
  const CivilDay last = hours.end_minute <= hours.start_minute ? CivilDay{day.days + 1} : day;
  return {BeginOf(day, hours.start_minute), BeginOf(last, hours.end_minute)};
}

// Calls `visit(LocalSpan)` for each span that begins on `day`.
template <typename Visit>
void ForSpansOf(const Schedule& schedule, CivilDay day, Visit visit) {
  const auto exception = std::lower_bound(schedule.exceptions.begin(), schedule.exceptions.end(), day,
                                          [](const ScheduleException& e, CivilDay d) { return e.day < d; });
  if (exception != schedule.exceptions.end() && exception->day == day) {
    for (const LocalHours& hours : exception->hours) visit(SpanOf(day, hours));
    return;
  }
  if (schedule.always) {
    visit(SpanOf(day, LocalHours{}));
    return;
  }
  const Weekday weekday = WeekdayOf(day);
  for (const WeeklyShift& shift : schedule.weekly) {
    if (shift.weekday == weekday) visit(SpanOf(day, shift.hours));
  }
}

bool OnShiftLocally(const Schedule& schedule, int64_t local) {
  const CivilDay today = DayOf(local);
  bool inside = false;
  for (CivilDay day : {CivilDay{today.days - 1}, today}) {
    ForSpansOf(schedule, day, [&](LocalSpan span) { inside = inside || (span.begin <= local && local < span.end); });
  }
  return inside;
}

// The first edge of any span, or midnight, later than `local`: between two of them membership cannot change.
int64_t NextLocalEdge(const Schedule& schedule, int64_t local) {
  const CivilDay today = DayOf(local);
  int64_t next = BeginOf({today.days + 1}, 0);
  const auto consider = [&](int64_t edge) {
    if (edge > local) next = std::min(next, edge);
  };
  for (CivilDay day : {CivilDay{today.days - 1}, today}) {
    ForSpansOf(schedule, day, [&](LocalSpan span) {
      consider(span.begin);
      consider(span.end);
    });
  }
  return next;
}

auto NextTransition(const ZoneTable& zone, Instant at) {
  return std::upper_bound(zone.transitions.begin(), zone.transitions.end(), at,
                          [](Instant t, const ZoneTransition& transition) { return t < transition.from; });
}

// The next instant at which membership may change: a span's edge, midnight or a clock change.
Instant NextEdge(const Schedule& schedule, const ZoneTable& zone, Instant at) {
  const int32_t offset = OffsetAt(zone, at);
  const int64_t utc = FloorDivide(at.ns, kNanosecondsPerSecond);
  const Instant edge = Instant::FromUnixSeconds(NextLocalEdge(schedule, utc + offset) - offset);
  // After a clock change the edge lies elsewhere.
  const auto change = NextTransition(zone, at);
  return change != zone.transitions.end() && change->from < edge ? change->from : edge;
}

// The next clock change or beginning of a day with an exception. Between two of them the week repeats itself.
Instant NextIrregularity(const Schedule& schedule, const ZoneTable& zone, Instant at) {
  const auto change = NextTransition(zone, at);
  Instant next = change == zone.transitions.end() ? Instant::Never() : change->from;
  const auto exception =
      std::upper_bound(schedule.exceptions.begin(), schedule.exceptions.end(), DayOf(LocalSeconds(zone, at)),
                       [](CivilDay day, const ScheduleException& e) { return day < e.day; });
  if (exception == schedule.exceptions.end()) return next;
  return std::min(next, Instant::FromUnixSeconds(BeginOf(exception->day, 0) - OffsetAt(zone, at)));
}

std::optional<int> ParseDigits(std::string_view text) {
  int number = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

struct Date {
  int64_t year;
  int month;
  int day;
};

// Howard Hinnant's algorithms: years begin in March, so that the leap day is the last of its year.
int32_t DaysFromDate(const Date& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = FloorDivide(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return static_cast<int32_t>(era * 146097 + day_of_era - 719468);
}

Date DateFromDays(int32_t days) {
  const int64_t shifted = int64_t{days} + 719468;
  const int64_t era = FloorDivide(shifted, 146097);
  const int64_t day_of_era = shifted - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::string Padded(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

constexpr std::array<Weekday, 7> kWeekdays = {Weekday::kMonday,   Weekday::kTuesday, Weekday::kWednesday,
                                              Weekday::kThursday, Weekday::kFriday,  Weekday::kSaturday,
                                              Weekday::kSunday};

}  // namespace

int32_t OffsetAt(const ZoneTable& zone, Instant at) {
  MERIDIAN_CHECK(!zone.transitions.empty());
  const auto next = NextTransition(zone, at);
  return next == zone.transitions.begin() ? next->offset_seconds : (next - 1)->offset_seconds;
}

std::optional<CivilDay> CivilDay::FromDate(int year, int month, int day) {
  const Date date{year, month, day};
  if (year < 1900 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31) return std::nullopt;
  const CivilDay result{DaysFromDate(date)};
  const Date back = DateFromDays(result.days);
  if (back.month != month || back.day != day) return std::nullopt;  // 30 February and the like
  return result;
}

std::optional<CivilDay> CivilDay::Parse(std::string_view iso_date) {
  if (iso_date.size() != 10 || iso_date[4] != '-' || iso_date[7] != '-') return std::nullopt;
  const auto year = ParseDigits(iso_date.substr(0, 4));
  const auto month = ParseDigits(iso_date.substr(5, 2));
  const auto day = ParseDigits(iso_date.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  return FromDate(*year, *month, *day);
}

std::string CivilDay::ToString() const {
  const Date date = DateFromDays(days);
  return Padded(date.year, 4) + "-" + Padded(date.month, 2) + "-" + Padded(date.day, 2);
}

Weekday WeekdayOf(CivilDay day) {
  const int64_t since_thursday = int64_t{day.days} - FloorDivide(day.days, 7) * 7;  // 1970-01-01 was a Thursday
  return kWeekdays[static_cast<size_t>((since_thursday + 3) % 7)];
}

std::string_view ToString(Weekday weekday) {
  switch (weekday) {
    case Weekday::kMonday:
      return "monday";
    case Weekday::kTuesday:
      return "tuesday";
    case Weekday::kWednesday:
      return "wednesday";
    case Weekday::kThursday:
      return "thursday";
    case Weekday::kFriday:
      return "friday";
    case Weekday::kSaturday:
      return "saturday";
    case Weekday::kSunday:
      return "sunday";
  }
  return "unknown";
}

std::optional<Weekday> ParseWeekday(std::string_view text) {
  for (Weekday weekday : kWeekdays) {
    if (text == ToString(weekday)) return weekday;
  }
  return std::nullopt;
}

bool OnShift(const Schedule& schedule, const ZoneTable& zone, Instant at) {
  if (schedule.always && schedule.exceptions.empty()) return true;
  return OnShiftLocally(schedule, LocalSeconds(zone, at));
}

Instant NextShiftChange(const Schedule& schedule, const ZoneTable& zone, Instant at) {
  if ((schedule.always || schedule.weekly.empty()) && schedule.exceptions.empty()) return Instant::Never();
  const bool before = OnShift(schedule, zone, at);
  const Instant horizon = at + Duration::Hours(24) * kHorizonDays;
  Instant regular_since = at;
  Instant irregularity = NextIrregularity(schedule, zone, at);
  while (at < horizon) {
    at = at - regular_since > kWholePattern ? irregularity : NextEdge(schedule, zone, at);
    if (at >= irregularity) {
      regular_since = at;
      irregularity = NextIrregularity(schedule, zone, at);
    }
    if (at < horizon && OnShift(schedule, zone, at) != before) return at;
  }
  return Instant::Never();
}

}  // namespace meridian
