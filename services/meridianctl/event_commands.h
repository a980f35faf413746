// meridianctl watch, events: the tenant's events as they come. One thread; each returns the exit code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "meridian/event/v1/event_service.pb.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/console.h"
#include "services/meridianctl/insistence.h"

namespace meridian::ctl {

struct EventsOptions {
  std::string from;  // "": the oldest that is kept; "now"; or a position
  bool json = false;
  bool until_now = false;
  std::vector<std::string> topics;  // "contact", "agent", "config"; none: all
};

// Until the stream ends; then says on `err` from where to go on.
int Events(const ConnectionOptions& connection, const EventsOptions& options, const Console& console);

// INVALID_ARGUMENT for an unknown topic.
absl::Status ToRequest(const EventsOptions& options, event::v1::StreamRequest* request);

// Reads a stream to its end, response by response.
absl::Status ReadEvents(rpc::Client& client, const event::v1::StreamRequest& request,
                        const std::function<void(const event::v1::StreamResponse&)>& take);
// The same of a stream with an end, to which it comes also when the stream breaks off: each response is taken once.
absl::Status ReadAllEvents(rpc::Client& client, event::v1::StreamRequest request, Insistence& insistence,
                           const std::function<void(const event::v1::StreamResponse&)>& take);

}  // namespace meridian::ctl
