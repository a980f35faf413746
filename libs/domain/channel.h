// The channels of a tenant: through what a contact comes and how much of an agent it takes. Values, any thread.
#pragma once

#include <cstdint>

#include "libs/base/time.h"
#include "libs/domain/names.h"

namespace meridian {

struct ChannelConfig {
  ChannelId id;
  uint16_t units = 1;        // of an agent's capacity that one contact takes, 1 to kMaxCapacityUnits
  bool exclusive = false;    // an agent who has such a contact has no other of any channel (voice)
  bool joins_media = false;  // an accepted contact is connecting until the media report that they are joined (voice)
  Duration session_lifetime = Duration::Hours(2);  // of the session after its last contact or message, sliding
  Duration leave_grace = Duration::Seconds(60);    // without a connection for so long, the customer has left

  friend bool operator==(const ChannelConfig&, const ChannelConfig&) = default;
};

}  // namespace meridian
