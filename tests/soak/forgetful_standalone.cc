// `standalone` on a disk that has only what was synced: a kill -9 of it is a power cut.
// Its syncs take as long as those of a rotating disk, so that what leaves before its sync has ended is lost by some
// cuts.
#include <chrono>

#include "libs/app/run.h"
#include "libs/testing/forgetful_vfs.h"
#include "services/standalone/standalone.h"

int main(int argc, char** argv) {
  meridian::testing::ForgetfulVfs disk("forgetful", /*as_default=*/true);
  disk.TakeTimeToSync(std::chrono::milliseconds(10));
  return meridian::app::Run("standalone", argc, argv, meridian::AssembleStandalone);
}
