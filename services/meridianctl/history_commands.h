// meridianctl history, timeline: ended work. One thread; each returns the exit code.
#pragma once

#include <cstdint>
#include <string>

#include "libs/base/time.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"

namespace meridian::ctl {

struct HistoryOptions {
  std::string queue, agent, channel, customer;  // "": all
  Duration since = Duration::Zero();            // ended within; zero: as far back as is kept
  int64_t limit = 100;
};
int ListHistory(const ConnectionOptions& connection, const HistoryOptions& options, const Console& console);

// Of a contact or of a conversation, by its id.
int Timeline(const ConnectionOptions& connection, const std::string& id, const Console& console);

}  // namespace meridian::ctl
