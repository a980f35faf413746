// How far the clock of the session shards is from that of the routing shards: each shard's time goes on from its own
// last commit after a restart, so that after many of them their events may name times that lie seconds apart. Learnt
// from the contacts themselves: each was submitted by the one clock a moment before it was queued by the other. One
// thread.
#pragma once

#include <vector>

#include "libs/base/time.h"
#include "services/meridianctl/verifier/contact_lives.h"

namespace meridian::verifier {

class ClockDifference {
 public:
  void Learn(std::vector<Submission> submissions);

  // The routing shards' time when it was `session_time` in the session: by the contacts submitted nearest to it, of
  // which those that were queued soonest are nearest to the truth; a quarter of them may be wrong, since a contact that
  // began without a message may have got its first one later. Without any, the same time.
  Instant ToRoutingTime(Instant session_time) const;

 private:
  std::vector<Submission> submissions_;  // sorted by when they were submitted
};

}  // namespace meridian::verifier
