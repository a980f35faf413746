#include "libs/telemetry/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace meridian {
namespace {

void Append(std::string_view name, std::string_view type, double value, std::string* out) {
  char number[64];
  std::snprintf(number, sizeof(number), "%.17g", value);
  out->append("# TYPE ").append(name).append(" ").append(type).append("\n");
  out->append(name).append(" ").append(number).append("\n");
}

std::optional<double> ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  if (!(in >> total_pages >> resident_pages)) return std::nullopt;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::optional<double> CpuSeconds() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return std::nullopt;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::optional<double> Entries(const char* folder) {
  std::error_code error;
  const std::filesystem::directory_iterator entries(folder, error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(entries), end(entries)));
}

}  // namespace

std::string RenderProcessStats() {
  std::string out;
  if (const auto bytes = ResidentBytes()) Append("process_resident_memory_bytes", "gauge", *bytes, &out);
  if (const auto seconds = CpuSeconds()) Append("process_cpu_seconds_total", "counter", *seconds, &out);
  if (const auto files = Entries("/proc/self/fd")) Append("process_open_fds", "gauge", *files, &out);
  if (const auto threads = Entries("/proc/self/task")) Append("process_threads", "gauge", *threads, &out);
  return out;
}

}  // namespace meridian
