// The life of a process: options, environment, service, drain, end. A main is one line:
//
//   int main(int argc, char** argv) { return meridian::app::Run("standalone", argc, argv,
//   meridian::AssembleStandalone); }
//
// where `absl::StatusOr<std::unique_ptr<Service>> AssembleStandalone(const StandaloneOptions&, Environment&)`, and
// `void StandaloneOptions::BindTo(CommandLine&)` binds the fields.
//
// Every program also takes --data DIR, --listen ADDRESS, --port N (HTTP; gRPC on the next; 0 chooses both),
// --log-level, --log-file, --seed and --drain-limit, and --help, --options FILE and --check (command_line.h).
//
// SIGINT and SIGTERM drain the service and end the process; the second one ends it at once. Exit codes: 0 after a clean
// stop, 1 when the process could not start or go on, 2 for wrong arguments; messages for people go to standard error.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "libs/base/time.h"

namespace meridian {

// A running service. Its members stand in dependency order, so that destroying it stops them in the reverse one.
class Service {
 public:
  virtual ~Service() = default;
  // Takes no new work and finishes what runs, for at most `limit`; the destructor then cuts what is left.
  // Main thread, once.
  virtual void Drain(Duration limit) = 0;
};

namespace app {

using Start = std::function<absl::StatusOr<std::unique_ptr<Service>>(Environment&)>;

// Run without the options' type: `bind` adds the service's own options, `start` is called after they were parsed.
int RunService(const char* name, int argc, const char* const* argv, const std::function<void(CommandLine&)>& bind,
               const Start& start);

template <class Options>
int Run(const char* name, int argc, const char* const* argv,
        absl::StatusOr<std::unique_ptr<Service>> (*assemble)(const Options&, Environment&)) {
  Options options;
  return RunService(
      name, argc, argv, [&](CommandLine& line) { options.BindTo(line); },
      [&](Environment& environment) { return assemble(options, environment); });
}

}  // namespace app
}  // namespace meridian
