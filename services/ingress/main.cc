#include "libs/app/run.h"
#include "services/ingress/assemble.h"

int main(int argc, char** argv) { return meridian::app::Run("ingress", argc, argv, meridian::AssembleIngress); }
