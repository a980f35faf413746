#include "libs/app/run.h"
#include "services/standalone/standalone.h"

int main(int argc, char** argv) { return meridian::app::Run("standalone", argc, argv, meridian::AssembleStandalone); }
