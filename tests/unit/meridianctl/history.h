// A small clean history of one tenant for the verifier's tests: two contacts in two terms, talked through to the end,
// with a lost agent and a reclaim between. A test plants one fault in it.
#pragma once

#include <string>

#include "services/meridianctl/verifier/evidence.h"

namespace meridian::verifier {

inline constexpr char kAnaTalk[] = "conversation-1";
inline constexpr char kBobTalk[] = "conversation-2";

Evidence CleanHistory();

// The event of the topic, term and sequence; the test fails when there is none.
event::v1::Event& EventAt(Evidence& evidence, event::v1::Topic topic, uint64_t term, uint64_t sequence);
void RemoveEvent(Evidence& evidence, event::v1::Topic topic, uint64_t term, uint64_t sequence);

}  // namespace meridian::verifier
