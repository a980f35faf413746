#include "libs/app/run.h"
#include "libs/app/store_options.h"
#include "libs/base/status_macros.h"
#include "services/replicator/assemble.h"

namespace meridian {
namespace {

struct Options {
  ReplicatorProcessOptions process;
  StoreOptions store;

  void BindTo(CommandLine& line) {
    process.BindTo(line);
    store.BindToOneOfSeveral(line);
  }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleOverRedis(const Options& options, Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(SharedStore store, OpenStoreOfSeveral(options.store, environment));
  return AssembleReplicator(options.process, environment, std::move(store));
}

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) { return meridian::app::Run("replicator", argc, argv, meridian::AssembleOverRedis); }
