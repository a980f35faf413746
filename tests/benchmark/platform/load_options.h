// What the load client is told. One value, made by main.
#pragma once

#include <cstdint>
#include <string>

#include "libs/app/command_line.h"
#include "libs/base/time.h"

namespace meridian::load {

struct LoadOptions {
  std::string mode = "cycles";
  std::string data;
  std::string tenant = "load";
  std::string target;  // of the echo server
  int64_t server_pid = 0;
  int64_t agents = 1000;
  int64_t streams = 8;
  int64_t channels = 4;
  int64_t outstanding = 256;
  int64_t rate = 0;
  int64_t calm_rate = 100;
  int64_t talks = 50;
  int64_t talk_rate = 50;
  std::string journal;
  int64_t contacts = 100'000;
  bool linger = false;
  bool no_events = false;
  bool say_when = false;
  Duration warm_up = Duration::Seconds(2);
  Duration duration = Duration::Seconds(8);
  Duration calm = Duration::Seconds(4);
  Duration timeout = Duration::Seconds(30);
  uint64_t seed = 1;

  void BindTo(CommandLine& line);
};

}  // namespace meridian::load
