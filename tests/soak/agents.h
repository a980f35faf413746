// Agents of a soak run, many on one stream and one thread: accept each offer, answer with a message, complete. They
// connect again whenever the server was gone, and go on with the work that it says they hold.
#pragma once

#include <string>
#include <vector>

#include "tests/soak/world.h"

namespace meridian::soak {

// Until the world is stopped. Blocks.
void ServeAgents(World& world, const std::vector<std::string>& agents);

}  // namespace meridian::soak
