// Whether the stream of events is whole: nothing missing, nothing twice with another content, terms linked, revisions
// of each entity counted one by one. Pure functions, one thread.
#pragma once

#include <vector>

#include "meridian/event/v1/event.pb.h"
#include "services/meridianctl/verifier/report.h"

namespace meridian::verifier {

struct EventsInForce {
  std::vector<const event::v1::Event*> events;  // once each, without those that a TermStarted voided
  bool trimmed = false;                         // the stream does not begin with the tenant's first event
};

// Pointers into `events`.
EventsInForce CheckEventOrder(const std::vector<event::v1::Event>& events, Report& report);

}  // namespace meridian::verifier
