// Routing's events in their public form. Pure functions, any thread.
#pragma once

#include "libs/base/entity_id.h"
#include "libs/routing/effects.h"
#include "meridian/event/v1/event.pb.h"
#include "meridian/routing/v1/decision.pb.h"

namespace meridian {

// Fills `out`; false for an internal fact, which has no public form. `region`: of the shard.
bool ToPublicEvent(const TenantId& tenant, const RegionCode& region, const Event& event, event::v1::Event* out);

// TOPIC_UNSPECIFIED for facts.
event::v1::Topic ToProto(EventTopic topic);
void ToProto(const DecisionRecord& decision, routing::v1::Decision* out);

// "CUSTOMER_LEFT" for kCustomerLeft: reasons as the public API spells them. Empty for kNone.
std::string PublicName(std::string_view lower_case);

}  // namespace meridian
