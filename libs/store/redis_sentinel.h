// Which server is the primary, as a sentinel names it. Pure. Any thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/store/redis_options.h"
#include "libs/store/redis_reply.h"

namespace meridian {

struct NamedPrimary {
  RedisEndpoint endpoint;
  std::string run_id;
};

RedisArguments AskSentinel(const std::string& master);

// UNAVAILABLE while the sentinel does not know the primary well: sentinels go on naming the old one for a while, so the
// one found must also say that it is a primary and bear the run id.
absl::StatusOr<NamedPrimary> DecodeSentinel(RedisReply reply);

}  // namespace meridian
