// Where a contact stands, as its customer may know it. Pure but for the directory; one thread at a time.
#pragma once

#include "libs/conversation/effects.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "services/session/agent_directory.h"

namespace meridian {

// Without the language.
ingress::v1::ContactStatus ToContactStatus(const conversation::ContactChanged& changed, AgentDirectory& agents);

}  // namespace meridian
