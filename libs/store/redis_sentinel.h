// Which server is the primary, as a sentinel names it. Pure. Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/store/redis_options.h"
#include "libs/store/redis_reply.h"

namespace meridian {

struct NamedPrimary {
  RedisEndpoint endpoint;
  // Empty for up to ten seconds after a promotion. While it is known it must be that of the server found: a primary
  // that was restarted in its place may be about to be replaced.
  std::string run_id;
};

RedisArguments AskSentinel(const std::string& master);

// UNAVAILABLE while the sentinel does not reach the primary or doubts it: sentinels go on naming the old one for a
// while, so the one found must also say that it is a primary and bear the run id.
absl::StatusOr<NamedPrimary> DecodeSentinel(RedisReply reply);

}  // namespace meridian
