#include "tests/benchmark/platform/cpu_watch.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include "tests/benchmark/platform/pace.h"

namespace meridian::load {
namespace {

namespace fs = std::filesystem;

double Seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

// A line of /proc/<pid>/task/<tid>/stat: the name stands in parentheses and may hold anything.
void ReadThread(const fs::path& folder, std::map<std::string, double>& threads) {
  std::ifstream file(folder / "stat");
  std::string line;
  if (!std::getline(file, line)) return;  // it has ended
  const size_t open = line.find('(');
  const size_t close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos) return;
  std::istringstream rest(line.substr(close + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  int64_t user = 0;
  int64_t system = 0;
  rest >> user >> system;
  threads[line.substr(open + 1, close - open - 1) + " " + folder.filename().string()] =
      static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

CpuWatch::Spent Snapshot(int64_t server_pid) {
  CpuWatch::Spent spent;
  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  spent.client_seconds = Seconds(own.ru_utime) + Seconds(own.ru_stime);
  if (server_pid == 0) return spent;
  std::error_code error;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(server_pid) + "/task", error)) {
    ReadThread(task.path(), spent.server_threads);
  }
  for (const auto& [thread, seconds] : spent.server_threads) spent.server_seconds += seconds;
  return spent;
}

}  // namespace

CpuWatch::CpuWatch(int64_t server_pid, int64_t from_ns, int64_t to_ns, std::function<void(bool begun)> at_edge) {
  thread_ = std::thread([this, server_pid, from_ns, to_ns, at_edge = std::move(at_edge)] {
    SleepUntil(from_ns);
    at_edge(true);
    const Spent before = Snapshot(server_pid);
    SleepUntil(to_ns);
    at_edge(false);
    spent_ = Snapshot(server_pid);
    spent_.client_seconds -= before.client_seconds;
    spent_.server_seconds -= before.server_seconds;
    for (auto& [thread, seconds] : spent_.server_threads) {
      if (auto earlier = before.server_threads.find(thread); earlier != before.server_threads.end()) {
        seconds -= earlier->second;
      }
    }
  });
}

CpuWatch::~CpuWatch() { Finish(); }

const CpuWatch::Spent& CpuWatch::Finish() {
  if (thread_.joinable()) thread_.join();
  return spent_;
}

}  // namespace meridian::load
