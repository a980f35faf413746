#include "libs/app/run.h"
#include "services/admin/assemble.h"

int main(int argc, char** argv) { return meridian::app::Run("admin", argc, argv, meridian::AssembleAdmin); }
