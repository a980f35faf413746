#include "services/replicator/kafka_record.h"

#include "libs/base/uuid.h"
#include "libs/wire/cloud_event.h"

namespace meridian {

KafkaRecord ToKafkaRecord(const RegionCode& region, const event::v1::Event& event) {
  return {.topic = KafkaTopicOf(region, event.topic()),
          .partition_hash = StableHash(event.envelope().tenant()),
          .key = event.entity(),
          .headers = CloudEventHeaders(event),
          .value = event.SerializeAsString()};
}

}  // namespace meridian
