#include "libs/app/run.h"
#include "services/agent_gateway/assemble.h"

int main(int argc, char** argv) {
  return meridian::app::Run("agent_gateway", argc, argv, meridian::AssembleAgentGateway);
}
