// One broken rule in something that an operator or an integrator sent. The edges turn a list of these into field
// violations of INVALID_ARGUMENT. Values, any thread.
#pragma once

#include <string>

namespace meridian {

struct FieldViolation {
  std::string field;  // path from the root of what was sent: "queues[2].offer_timeout"
  std::string rule;   // the rule that is broken, as a sentence part: "must be between 5 s and 10 min"

  friend bool operator==(const FieldViolation&, const FieldViolation&) = default;
};

}  // namespace meridian
