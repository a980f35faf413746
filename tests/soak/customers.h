// Customers of a soak run, each on its own thread: submit a contact, write some messages, now and then give up, wait
// for the end, begin anew. Whatever was not acknowledged is sent again with its ids until it is answered.
#pragma once

#include <cstdint>

#include "tests/soak/world.h"

namespace meridian::soak {

// One customer after another until the world finishes. Blocks.
void ServeCustomers(World& world, const std::string& token, uint64_t seed);

}  // namespace meridian::soak
