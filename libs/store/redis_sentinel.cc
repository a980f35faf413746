#include "libs/store/redis_sentinel.h"

#include <map>

#include "libs/base/status_macros.h"
#include "libs/store/redis_commands.h"

namespace meridian {

RedisArguments AskSentinel(const std::string& master) { return {"SENTINEL", "MASTER", master}; }

absl::StatusOr<NamedPrimary> DecodeSentinel(RedisReply reply) {
  MERIDIAN_RETURN_IF_ERROR(StatusOfReply(reply));
  std::map<std::string, RedisReply> fields;
  for (size_t i = 0; i + 1 < reply.size(); i += 2) fields[std::string(reply.at(i).text())] = reply.at(i + 1);
  const std::string flags(fields["flags"].text());
  if (flags != "master") return absl::UnavailableError("the sentinel says that the primary is '" + flags + "'");
  NamedPrimary primary{
      {.host = std::string(fields["ip"].text()), .port = static_cast<uint16_t>(fields["port"].number())},
      std::string(fields["runid"].text())};
  if (primary.endpoint.host.empty() || primary.endpoint.port == 0) {
    return absl::UnavailableError("the sentinel does not know the primary yet");
  }
  return primary;
}

}  // namespace meridian
