// Names that operators choose for the nouns of a tenant's configuration, each as a type of its own (see Name in
// libs/base/entity_id.h for the form). Tenants, agents and queues are named there. Values, any thread.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/entity_id.h"

namespace meridian {

using ChannelId = Name<struct ChannelTag>;            // "chat", "voice", "email", "message", "api"
using SkillId = Name<struct SkillTag>;                // "billing"
using ShiftGroupId = Name<struct ShiftGroupTag>;      // "early-week"
using PlanId = Name<struct PlanTag>;                  // "default"
using AttributeName = Name<struct AttributeNameTag>;  // "product"
using SiteKey = Name<struct SiteKeyTag>;              // public key of a web site that may open visitor sessions

// An IANA zone's name, as "Europe/Madrid". The pure layers only compare it: its rules come as a ZoneTable.
using ZoneName = std::string;
// Whether it has the form of one: at most 64 bytes, segments of [A-Za-z0-9_+-] with '/' between them.
bool IsZoneName(std::string_view name);

}  // namespace meridian
