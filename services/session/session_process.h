// Session as a process of its own over a store that others share: reaches routing over links and serves its own port.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "libs/app/run.h"
#include "libs/app/shared_store.h"
#include "services/process/service_process.h"

namespace meridian {

struct SessionProcessOptions {
  ServiceProcessOptions process;
  Duration keep_conversations = Duration::Hours(30 * 24);  // after their close

  void BindTo(CommandLine& line);
};

absl::StatusOr<std::unique_ptr<Service>> AssembleSessionProcess(const SessionProcessOptions& options,
                                                                Environment& environment, SharedStore store);

}  // namespace meridian
