// What this process and the server spend of the processors between two instants, thread by thread, from /proc.
// Owns a thread that waits for both; made and asked on one other.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>

namespace meridian::load {

class CpuWatch {
 public:
  struct Spent {
    double client_seconds = 0;
    double server_seconds = 0;
    // By thread, "<name> <id>"; the kernel counts in steps of 10 ms.
    std::map<std::string, double> server_threads;
  };

  // `server_pid` 0 watches this process only. `at_edge` is called at each of the two instants, on the watch's thread.
  CpuWatch(
      int64_t server_pid, int64_t from_ns, int64_t to_ns, std::function<void(bool begun)> at_edge = [](bool) {});
  ~CpuWatch();

  // Waits for the second instant.
  const Spent& Finish();

 private:
  Spent spent_;
  std::thread thread_;
};

}  // namespace meridian::load
