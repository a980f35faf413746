// What a process gives its services, and all that they may reach for outside themselves. Made by app::Run; a test makes
// its own. Must outlive every service that was assembled from it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/app/data_directory.h"
#include "libs/runtime/clock.h"
#include "libs/telemetry/log.h"
#include "libs/telemetry/metrics.h"

namespace meridian {

// Where the process is to listen, and where its services then do. Any thread.
class Listeners {
 public:
  Listeners() = default;
  // `http_port` and `grpc_port` 0: the system chooses.
  Listeners(std::string address, uint16_t http_port, uint16_t grpc_port)
      : address_(std::move(address)), http_port_(http_port), grpc_port_(grpc_port) {}

  const std::string& address() const { return address_; }
  uint16_t http_port() const { return http_port_; }
  uint16_t grpc_port() const { return grpc_port_; }
  // 127.0.0.0/8 or ::1: nobody outside this machine can connect.
  bool IsLoopback() const;

  // A service tells where it listens, for addresses.json: Announce("http", "http://127.0.0.1:8080").
  void Announce(std::string_view name, std::string_view where);
  std::map<std::string, std::string> announced() const;

 private:
  std::string address_ = "127.0.0.1";
  uint16_t http_port_ = 0;
  uint16_t grpc_port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> announced_;  // under mutex_
};

// How a part of the process that cannot go on (its store is gone) asks for the end of the whole. Any thread.
class StopRequest {
 public:
  virtual ~StopRequest() = default;
  // The process drains and exits; with code 1 and this message on standard error unless `why` is OK. The first counts.
  virtual void Stop(absl::Status why) = 0;
};

struct Environment {
  std::string service;  // the process's name: "standalone"
  const MonotonicClock& monotonic_clock;
  const WallClock& wall_clock;
  uint64_t
      seed;  // of every generator of ids and jitter; from the system unless given by --seed. Never for keys or tokens
  Metrics& metrics;
  Log& log;
  DataDirectory& data;
  Listeners& listeners;
  StopRequest& stop;
};

}  // namespace meridian
