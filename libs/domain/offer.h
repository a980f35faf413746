// What names an offer and an agent's connection between engine, gateway and agent. Values, any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

#include "libs/base/uuid.h"

namespace meridian {

// Names one offer and the assignment that it becomes; an answer with an older token is refused.
struct OfferToken {
  Uuid uuid;

  bool IsNil() const { return uuid.IsNil(); }
  std::string ToString() const { return uuid.ToString(); }
  friend auto operator<=>(const OfferToken&, const OfferToken&) = default;
};

// Rises with each connect of an agent; only the highest acts for the agent. 0: never attached.
struct AttachmentNumber {
  uint64_t value = 0;

  friend auto operator<=>(const AttachmentNumber&, const AttachmentNumber&) = default;
};

}  // namespace meridian
