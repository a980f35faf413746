// A public event as a record for Kafka: topic, partition, key and headers of libs/wire/cloud_event.h. Pure function,
// any thread.
#pragma once

#include "libs/base/entity_id.h"
#include "libs/kafka/record_producer.h"
#include "meridian/event/v1/event.pb.h"

namespace meridian {

// `region`: of the shard, whose topics they are.
KafkaRecord ToKafkaRecord(const RegionCode& region, const event::v1::Event& event);

}  // namespace meridian
