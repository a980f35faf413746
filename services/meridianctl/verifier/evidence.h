// All that the verifier judges by: what an outsider can read, and what the load client wrote. Values, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/base/time.h"
#include "meridian/admin/v1/tenant_config.pb.h"
#include "meridian/event/v1/event.pb.h"
#include "meridian/type/v1/message.pb.h"
#include "services/meridianctl/verifier/journal.h"

namespace meridian::verifier {

struct Evidence {
  std::vector<event::v1::Event> events;                                 // in the order of the stream
  std::map<std::string, std::vector<type::v1::Message>> conversations;  // read back from position 0
  std::vector<std::string> missing_conversations;                       // the server does not have them
  Journal journal;
  // Capacities are judged for offers made under its revision; revision 0: for all.
  admin::v1::TenantConfig config;
};

struct Expectations {
  bool all_ended = false;  // every acknowledged contact has ended
  // A grant ends in the session a moment after the event: an agent may see and write what was sent so long after it.
  Duration grant_slack = Duration::Seconds(2);
};

}  // namespace meridian::verifier
