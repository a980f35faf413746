#include "services/meridianctl/console.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/error/error.h"
#include "libs/rpc/error.h"

namespace meridian::ctl {
namespace {

std::string Formatted(const char* format, Instant at) {
  return absl::FormatTime(format, absl::FromUnixNanos(at.ns), absl::UTCTimeZone());
}

// Code points, not bytes: names of people have accents.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

int Fail(const Console& console, const absl::Status& status) {
  const absl::string_view message = status.message();
  console.err << "error: " << rpc::ShownReason(status) << ": " << std::string(message.data(), message.size()) << "\n";
  for (const FieldViolation& violation : FieldViolations(status)) {
    console.err << "  " << violation.field << " " << violation.rule << "\n";
  }
  return kFailed;
}

int Fail(const Console& console, std::string_view file_name, const std::vector<FileViolation>& violations) {
  for (const FileViolation& violation : violations) console.err << violation.ToString(file_name) << "\n";
  return kFailed;
}

std::string TimeText(Instant at) { return Formatted("%Y-%m-%d %H:%M:%E3S", at); }
std::string ClockText(Instant at) { return Formatted("%H:%M:%E3S", at); }

std::string Table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - Width(row[i]) + 2, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    text += line + "\n";
  }
  return text;
}

}  // namespace meridian::ctl
