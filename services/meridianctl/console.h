// Where a command writes, and how it says what went wrong. One thread.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/config/tenant_file.h"

namespace meridian::ctl {

// Exit codes: what was asked for is so; it is not (refused, failed, differs, violations found); wrong arguments.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUse = 2;

struct Console {
  std::ostream& out;  // results
  std::ostream& err;  // what a person should know beside them
};

// "error: QUEUE_FULL: …" with one line for each field violation. Returns kFailed.
int Fail(const Console& console, const absl::Status& status);
// One line for each: "demo_tenant.yaml:12:5: queues[2].offer_timeout must be …". Returns kFailed.
int Fail(const Console& console, std::string_view file_name, const std::vector<FileViolation>& violations);

// "2026-11-21 10:55:03.123" (UTC).
std::string TimeText(Instant at);
// "14:03:07.250".
std::string ClockText(Instant at);

// Rows in columns, padded to the widest cell; the first row is the heading.
std::string Table(const std::vector<std::vector<std::string>>& rows);

}  // namespace meridian::ctl
