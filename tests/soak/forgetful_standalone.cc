// `standalone` on a disk that has only what was synced: a kill -9 of it is a power cut.
#include "libs/app/run.h"
#include "libs/testing/forgetful_vfs.h"
#include "services/standalone/standalone.h"

int main(int argc, char** argv) {
  const meridian::testing::ForgetfulVfs disk("forgetful", /*as_default=*/true);
  return meridian::app::Run("standalone", argc, argv, meridian::AssembleStandalone);
}
