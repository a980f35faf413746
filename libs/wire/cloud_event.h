// Public events as CloudEvents 1.0 over Kafka (binary mode): topics, keys and headers, as docs/asyncapi.yaml says. The
// value of a record is the serialized meridian.event.v1.Event. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/entity_id.h"
#include "meridian/event/v1/event.pb.h"

namespace meridian {

// "meridian.<region>.contact.events.v1". Not for TOPIC_UNSPECIFIED.
std::string KafkaTopicOf(const RegionCode& region, event::v1::Topic topic);
// "meridian.<region>.audit.v1".
std::string KafkaAuditTopic(const RegionCode& region);

// `ce_*`, `content-type` and, when the event has a trace, `traceparent`. The names are literals.
std::vector<std::pair<std::string_view, std::string>> CloudEventHeaders(const event::v1::Event& event);

}  // namespace meridian
