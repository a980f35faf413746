#include <algorithm>

#include "libs/app/run.h"
#include "libs/app/store_options.h"
#include "libs/base/status_macros.h"
#include "services/routing/assemble.h"

namespace meridian {
namespace {

struct Options {
  RoutingProcessOptions process;
  StoreOptions store;

  void BindTo(CommandLine& line) {
    process.BindTo(line);
    store.BindToOneOfSeveral(line);
  }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleOverRedis(const Options& options, Environment& environment) {
  StoreOptions store_options = options.store;
  if (const int64_t limit_mib = options.process.log_limit_mib; limit_mib > 0) {
    store_options.log_keep_bytes = std::min(store_options.log_keep_bytes, limit_mib * ((1 << 20) / 2));
  }
  MERIDIAN_ASSIGN_OR_RETURN(SharedStore store, OpenStoreOfSeveral(store_options, environment));
  return AssembleRouting(options.process, environment, std::move(store));
}

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) { return meridian::app::Run("routing", argc, argv, meridian::AssembleOverRedis); }
