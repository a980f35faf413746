// Customers of a soak run, each on its own thread: submit a contact, write some messages, now and then give up, wait
// for the end, begin anew. Whatever was not acknowledged is sent again with its ids until it is answered.
#pragma once

#include <cstdint>

#include "tests/soak/world.h"

namespace meridian::soak {

// One customer after another until the world finishes. Blocks.
void ServeCustomers(World& world, const std::string& token, uint64_t seed);

// Those that only submit, twenty contacts a second at most, and wait for nobody: between two of their acknowledgements
// lies what a fault takes, and not also what it holds up.
void ServePassersBy(World& world, const std::string& token, uint64_t seed);

}  // namespace meridian::soak
