#include "libs/app/run.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

#include "absl/synchronization/mutex.h"
#include "libs/app/free_memory.h"
#include "libs/app/protobuf_log.h"
#include "libs/base/check.h"
#include "libs/base/status_macros.h"

namespace meridian::app {
namespace {

constexpr int kFailed = 1;
constexpr int kBadArguments = 2;

struct ProcessOptions {
  std::string data = "meridian-data";
  std::string listen = "127.0.0.1";
  uint16_t port = 8080;
  std::string log_level = "info";
  std::string log_file;
  uint64_t seed = 0;
  Duration drain_limit = Duration::Seconds(10);

  void BindTo(CommandLine& line) {
    line.Bind("--data", &data, "Folder for everything that is kept; made when it is not there");
    line.Must(rules::FolderOrNothing());
    line.Bind("--listen", &listen, "Address to listen on: IPv4 or IPv6, not a name");
    line.Must(rules::IpAddress());
    line.Bind("--port", &port, "Port of HTTP, at most 65534; gRPC takes the next; 0 chooses both");
    line.Must(rules::Between(0, 65534));
    line.Bind("--log-level", &log_level, "What is logged: debug, info, warning, error or off");
    line.Must(rules::OneOf({"debug", "info", "warning", "error", "off"}));
    line.Bind("--log-file", &log_file, "File that the log is appended to instead of standard error");
    line.Must(rules::FileToWrite());
    line.Bind("--seed", &seed, "Seed of every random choice; 0 takes one from the system");
    line.Bind("--drain-limit", &drain_limit,
              "How long running work may take to finish after SIGTERM; what is left then is cut");
  }
};

// Written once before the handlers are installed; a signal handler has no other way to find it.
std::atomic<int> stop_event{-1};
std::atomic<int> stop_signals{0};

void OnStopSignal(int signal) {
  if (stop_signals.fetch_add(1) > 0) _exit(128 + signal);
  const int saved = errno;
  const uint64_t one = 1;
  if (write(stop_event.load(), &one, sizeof(one)) < 0) _exit(128 + signal);
  errno = saved;
}

// Why the process ends: a signal, or a part of it that cannot go on.
class StopEvent final : public StopRequest {
 public:
  StopEvent() : event_(eventfd(0, EFD_CLOEXEC)) {
    MERIDIAN_CHECK(event_ >= 0);
    stop_event = event_;
    stop_signals = 0;
    Handle(SIGINT, OnStopSignal);
    Handle(SIGTERM, OnStopSignal);
    Handle(SIGPIPE, SIG_IGN);
  }
  ~StopEvent() override {
    Handle(SIGINT, SIG_DFL);
    Handle(SIGTERM, SIG_DFL);
    close(event_);
  }

  void Stop(absl::Status why) override {
    {
      std::lock_guard lock(mutex_);
      if (requested_) return;
      requested_ = true;
      why_ = std::move(why);
    }
    const uint64_t one = 1;
    MERIDIAN_CHECK(write(event_, &one, sizeof(one)) == sizeof(one));
  }

  absl::Status Wait() {
    uint64_t count = 0;
    while (read(event_, &count, sizeof(count)) < 0 && errno == EINTR) {
    }
    std::lock_guard lock(mutex_);
    return why_;
  }

 private:
  static void Handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_RESTART;
    MERIDIAN_CHECK(sigaction(signal, &action, nullptr) == 0);
  }

  const int event_;
  std::mutex mutex_;
  bool requested_ = false;  // under mutex_
  absl::Status why_;        // under mutex_
};

int Fail(const char* name, const absl::Status& status) {
  const std::string message(status.message().data(), status.message().size());
  for (size_t begin = 0; begin <= message.size();) {
    const size_t end = std::min(message.find('\n', begin), message.size());
    std::fprintf(stderr, "%s: %s\n", name, message.substr(begin, end - begin).c_str());
    begin = end + 1;
  }
  return absl::IsInvalidArgument(status) ? kBadArguments : kFailed;
}

uint64_t SystemSeed() {
  uint64_t seed = 0;
  MERIDIAN_CHECK(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
  return seed;
}

absl::StatusOr<std::unique_ptr<Log>> OpenLog(const char* name, const ProcessOptions& options) {
  const auto level = ParseLogLevel(options.log_level);
  if (!level) return absl::InvalidArgumentError("no such log level: " + options.log_level);
  return Log::Open({.service = name, .level = *level, .file = options.log_file});
}

// From the assembled service to its end.
absl::Status Serve(std::unique_ptr<Service> service, Environment& environment, StopEvent& stop, Duration drain_limit) {
  // Of `standalone`: the state that was loaded took some times what is kept of it. Where shards are placed they are
  // loaded later.
  ReturnFreeMemory();
  MERIDIAN_RETURN_IF_ERROR(environment.data.WriteAddresses(environment.listeners.announced()));
  environment.log.Info("ready");
  for (const auto& [name, where] : environment.listeners.announced())
    std::printf("%s %s\n", name.c_str(), where.c_str());
  std::fflush(stdout);
  const absl::Status why = stop.Wait();
  environment.data.RemoveAddresses();
  environment.log.Info("draining", {{"code", why.code()}, {"limit", drain_limit}});
  service->Drain(drain_limit);
  service.reset();
  environment.log.Info("stopped");
  return why;
}

absl::Status RunParsed(const char* name, const ProcessOptions& options, const Start& start) {
  StopEvent stop;
  MERIDIAN_ASSIGN_OR_RETURN(const auto data, DataDirectory::Open(options.data));
  MERIDIAN_ASSIGN_OR_RETURN(const auto log, OpenLog(name, options));
  const app::ProtobufLog protobuf_log(*log);
  Metrics metrics;
  const SystemMonotonicClock monotonic_clock;
  const SystemWallClock wall_clock;
  const auto grpc_port = static_cast<uint16_t>(options.port == 0 ? 0 : options.port + 1);
  Listeners listeners(options.listen, options.port, grpc_port);
  Environment environment{.service = name,
                          .monotonic_clock = monotonic_clock,
                          .wall_clock = wall_clock,
                          .seed = options.seed != 0 ? options.seed : SystemSeed(),
                          .metrics = metrics,
                          .log = *log,
                          .data = *data,
                          .listeners = listeners,
                          .stop = stop};
  log->Info("starting", {{"pid", getpid()}, {"seed", environment.seed}});
  MERIDIAN_ASSIGN_OR_RETURN(auto service, start(environment));
  return Serve(std::move(service), environment, stop, options.drain_limit);
}

}  // namespace

int RunService(const char* name, int argc, const char* const* argv, const std::function<void(CommandLine&)>& bind,
               const Start& start) {
  // Debian's build of Abseil looks for deadlocks at every lock that gRPC takes.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  ProcessOptions options;
  CommandLine line(name, std::string("Meridian's ") + name);
  options.BindTo(line);
  bind(line);
  if (const absl::Status parsed = line.Parse(argc, argv); !parsed.ok()) {
    const std::string message(parsed.message().data(), parsed.message().size());
    if (absl::IsCancelled(parsed)) {
      std::printf("%s", message.c_str());
      return 0;
    }
    const int code = Fail(name, parsed);
    std::fprintf(stderr, "Try '%s --help'.\n", name);
    return code;
  }
  if (line.check_only()) {
    std::printf("%s: nothing is wrong with these options\n", name);
    return 0;
  }
  const absl::Status ended = RunParsed(name, options, start);
  return ended.ok() ? 0 : Fail(name, ended);
}

}  // namespace meridian::app
