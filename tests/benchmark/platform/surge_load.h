// A surge (docs/architecture.md, "Under overload"): life cycles in an open loop, first few, then as many as --rate
// says, then few again, while conversations go on all the time. Each part ends when all that it brought has been
// acknowledged and served, or was refused. Before each it prints a line, `calm`, `surge` or `after`, then `done`.
#pragma once

#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "tests/benchmark/platform/load_options.h"

namespace meridian::load {

absl::StatusOr<nlohmann::json> RunSurge(const LoadOptions& options);

}  // namespace meridian::load
