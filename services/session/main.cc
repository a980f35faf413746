#include "libs/app/run.h"
#include "libs/app/store_options.h"
#include "libs/base/status_macros.h"
#include "services/session/session_process.h"

namespace meridian {
namespace {

struct Options {
  SessionProcessOptions process;
  StoreOptions store;

  void BindTo(CommandLine& line) {
    process.BindTo(line);
    store.BindToOneOfSeveral(line);
  }
};

absl::StatusOr<std::unique_ptr<Service>> AssembleOverRedis(const Options& options, Environment& environment) {
  MERIDIAN_ASSIGN_OR_RETURN(SharedStore store, OpenStoreOfSeveral(options.store, environment));
  return AssembleSessionProcess(options.process, environment, std::move(store));
}

}  // namespace
}  // namespace meridian

int main(int argc, char** argv) { return meridian::app::Run("session", argc, argv, meridian::AssembleOverRedis); }
