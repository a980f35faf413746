// Loads a running server as customers, agents and an integrator do, and prints what it saw as one JSON object on
// standard output. `tests/benchmark/platform/run` starts the server, calls this, and makes the table.
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "libs/app/id_source.h"
#include "libs/base/status_macros.h"
#include "libs/runtime/clock.h"
#include "tests/benchmark/platform/access.h"
#include "tests/benchmark/platform/cpu_watch.h"
#include "tests/benchmark/platform/echo.h"
#include "tests/benchmark/platform/event_reader.h"
#include "tests/benchmark/platform/fleet.h"
#include "tests/benchmark/platform/histogram_json.h"
#include "tests/benchmark/platform/load_options.h"
#include "tests/benchmark/platform/pace.h"
#include "tests/benchmark/platform/scoreboard.h"
#include "tests/benchmark/platform/submitter.h"
#include "tests/benchmark/platform/surge_load.h"

namespace meridian::load {
namespace {

using nlohmann::json;

constexpr Duration kReadyLimit = Duration::Seconds(60);
constexpr Duration kDrainLimit = Duration::Seconds(30);

json Report(const LoadOptions& options, const Figures& figures) {
  const double seconds = static_cast<double>(options.duration.ns) / 1e9;
  return {{"seconds", seconds},
          {"arrived", figures.arrived},
          {"completed", figures.completed},
          {"completed_per_s", static_cast<double>(figures.completed) / seconds},
          {"acknowledged", Describe(figures.acknowledged)},
          {"offered", Describe(figures.offered)},
          {"ended", Describe(figures.ended)},
          {"mishaps", figures.mishaps}};
}

void AddCpu(const CpuWatch::Spent& spent, json& report) {
  report["client_cpu_s"] = spent.client_seconds;
  report["server_cpu_s"] = spent.server_seconds;
  report["server_threads_cpu_s"] = spent.server_threads;
}

absl::StatusOr<json> RunCycles(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(const Server server, Server::Find(options));
  const SystemWallClock clock;
  IdSource ids(*RegionCode::Parse("load"), options.seed ^ static_cast<uint64_t>(MonotonicNs()), clock);
  std::optional<Submitter> submitter;
  ClosedLoop loop([&](int64_t arrival) { submitter->Submit(arrival); });
  Scoreboard scoreboard([&] { loop.End(); });
  submitter.emplace(OpenChannels(server.ingress, static_cast<int>(options.channels)), server.integrator, options.seed,
                    ids, scoreboard, options.timeout);
  const int64_t attach_from = MonotonicNs();
  MERIDIAN_ASSIGN_OR_RETURN(const Fleet fleet, AttachAll(options, server, ids, scoreboard));
  const double attach_seconds = static_cast<double>(MonotonicNs() - attach_from) / 1e9;
  std::optional<EventReader> events;
  if (!options.no_events) {
    MERIDIAN_ASSIGN_OR_RETURN(const std::string target, AwaitAddress(options.data, kReadyLimit, "replicator"));
    events.emplace(target, server.integrator);
  }

  const int64_t from = MonotonicNs() + options.warm_up.ns;
  const int64_t to = from + options.duration.ns;
  scoreboard.Measure(from, to);
  CpuWatch cpu(options.server_pid, from, to, [&](bool begun) {
    if (options.say_when) std::cout << (begun ? "begun" : "ended") << std::endl;
  });
  if (options.rate > 0) {
    PaceOpenLoop(options.rate, options.seed, to, [&](int64_t arrival) { submitter->Submit(arrival); });
  } else {
    loop.Run(options.outstanding, to);
  }
  const bool drained = AwaitTrue(kDrainLimit.ns, [&] { return scoreboard.outstanding() == 0; });
  json report = Report(options, scoreboard.figures());
  AddCpu(cpu.Finish(), report);
  report["attach_seconds"] = attach_seconds;
  report["left_over"] = scoreboard.outstanding();
  report["events"] = events ? events->events() : 0;
  report["event_gaps"] = events ? events->gaps() : 0;
  // What is on its way still calls back into what would go away.
  if (!drained) {
    std::cout << report.dump() << std::endl;
    std::_Exit(3);
  }
  return report;
}

absl::StatusOr<json> RunFill(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(const Server server, Server::Find(options));
  const SystemWallClock clock;
  IdSource ids(*RegionCode::Parse("load"), options.seed ^ static_cast<uint64_t>(MonotonicNs()), clock);
  Scoreboard scoreboard([] {});
  Submitter submitter(OpenChannels(server.ingress, static_cast<int>(options.channels)), server.integrator, options.seed,
                      ids, scoreboard, options.timeout);
  const int64_t from = MonotonicNs();
  scoreboard.Measure(from, std::numeric_limits<int64_t>::max());
  const auto unanswered = [&] { return scoreboard.outstanding() - scoreboard.figures().acknowledged.count(); };
  for (int64_t sent = 0; sent < options.contacts; ++sent) {
    if (sent % options.outstanding == 0) AwaitTrue(kDrainLimit.ns, [&] { return unanswered() < options.outstanding; });
    submitter.Submit(MonotonicNs());
  }
  const bool answered = AwaitTrue(kDrainLimit.ns, [&] { return unanswered() == 0; });
  const Figures figures = scoreboard.figures();
  const double seconds = static_cast<double>(MonotonicNs() - from) / 1e9;
  return json{{"acknowledged", figures.acknowledged.count()},
              {"acknowledged_per_s", static_cast<double>(figures.acknowledged.count()) / seconds},
              {"answered", answered},
              {"mishaps", figures.mishaps}};
}

// Waits for a server that is about to start; times are of the monotonic clock, for whoever started it.
absl::StatusOr<json> RunFirstOffer(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(const Server server, Server::Find(options));
  const int64_t ready = MonotonicNs();
  const SystemWallClock clock;
  IdSource ids(*RegionCode::Parse("load"), options.seed ^ static_cast<uint64_t>(ready), clock);
  Scoreboard scoreboard([] {});
  MERIDIAN_ASSIGN_OR_RETURN(const Fleet fleet, AttachAll(options, server, ids, scoreboard));
  const int64_t attached = MonotonicNs();
  if (!AwaitTrue(kReadyLimit.ns, [&] { return scoreboard.first_offer_ns() != 0; })) {
    return absl::DeadlineExceededError("no offer came");
  }
  return json{{"ready_ns", ready}, {"attached_ns", attached}, {"first_offer_ns", scoreboard.first_offer_ns()}};
}

absl::StatusOr<json> RunAttach(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(const Server server, Server::Find(options));
  const SystemWallClock clock;
  IdSource ids(*RegionCode::Parse("load"), options.seed ^ static_cast<uint64_t>(MonotonicNs()), clock);
  Scoreboard scoreboard([] {});
  const int64_t from = MonotonicNs();
  MERIDIAN_ASSIGN_OR_RETURN(const Fleet fleet, AttachAll(options, server, ids, scoreboard));
  const json report{{"attached", options.agents}, {"seconds", static_cast<double>(MonotonicNs() - from) / 1e9}};
  std::cout << report.dump() << std::endl;
  for (std::string line; options.linger && std::getline(std::cin, line);) continue;
  return json();
}

absl::StatusOr<json> RunEcho(const LoadOptions& options) {
  std::mutex mutex;
  LatencyHistogram latency;
  int64_t outstanding = 0;
  int64_t failed = 0;
  const int64_t from = MonotonicNs() + options.warm_up.ns;
  const int64_t to = from + options.duration.ns;
  CpuWatch cpu(options.server_pid, from, to);
  std::optional<EchoCaller> caller;
  ClosedLoop loop([&](int64_t arrival) {
    {
      std::lock_guard lock(mutex);
      ++outstanding;
    }
    caller->Call(arrival);
  });
  caller.emplace(OpenChannels({options.target}, static_cast<int>(options.channels)), [&](bool ok, int64_t arrival) {
    {
      const int64_t now = MonotonicNs();
      std::lock_guard lock(mutex);
      --outstanding;
      if (!ok) ++failed;
      if (arrival >= from && now < to) latency.Record(now - arrival);
    }
    loop.End();
  });
  if (options.rate > 0) {
    PaceOpenLoop(options.rate, options.seed, to, [&](int64_t arrival) {
      {
        std::lock_guard lock(mutex);
        ++outstanding;
      }
      caller->Call(arrival);
    });
  } else {
    loop.Run(options.outstanding, to);
  }
  const auto none_left = [&] {
    std::lock_guard lock(mutex);
    return outstanding == 0;
  };
  if (!AwaitTrue(kDrainLimit.ns, none_left)) std::_Exit(3);
  const double seconds = static_cast<double>(options.duration.ns) / 1e9;
  json report{{"calls_per_s", static_cast<double>(latency.count()) / seconds},
              {"latency", Describe(latency)},
              {"failed", failed}};
  AddCpu(cpu.Finish(), report);
  return report;
}

absl::StatusOr<json> RunMode(const LoadOptions& options) {
  if (options.mode == "cycles") return RunCycles(options);
  if (options.mode == "surge") return RunSurge(options);
  if (options.mode == "fill") return RunFill(options);
  if (options.mode == "first-offer") return RunFirstOffer(options);
  if (options.mode == "attach") return RunAttach(options);
  if (options.mode == "echo") return RunEcho(options);
  if (options.mode == "echo-server") {
    MERIDIAN_RETURN_IF_ERROR(ServeEcho());
    return json();
  }
  return absl::InvalidArgumentError("unknown mode: " + options.mode);
}

int Main(int argc, char** argv) {
  LoadOptions options;
  CommandLine line("platform_load", "Loads a running server and prints what it saw as JSON.");
  options.BindTo(line);
  if (absl::Status status = line.Parse(argc, argv); !status.ok()) {
    std::cerr << status.message() << "\n";
    return 2;
  }
  const auto report = RunMode(options);
  if (!report.ok()) {
    std::cerr << "platform_load: " << report.status() << "\n";
    return 1;
  }
  if (!report->is_null()) std::cout << report->dump() << std::endl;
  return 0;
}

}  // namespace
}  // namespace meridian::load

int main(int argc, char** argv) { return meridian::load::Main(argc, argv); }
