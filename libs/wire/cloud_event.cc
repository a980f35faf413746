#include "libs/wire/cloud_event.h"

#include <google/protobuf/util/time_util.h>

#include "libs/base/check.h"

namespace meridian {
namespace {

std::string_view ShortName(event::v1::Topic topic) {
  switch (topic) {
    case event::v1::TOPIC_CONTACT:
      return "contact";
    case event::v1::TOPIC_AGENT:
      return "agent";
    case event::v1::TOPIC_CONFIG:
      return "config";
    default:
      break;
  }
  MERIDIAN_CHECK(false);
}

// "meridian.event.v1.ContactQueued"
std::string TypeOf(const event::v1::Event& event) {
  const auto* field = event::v1::Event::descriptor()->FindFieldByNumber(event.body_case());
  return field == nullptr ? event::v1::Event::descriptor()->full_name() : field->message_type()->full_name();
}

}  // namespace

std::string KafkaTopicOf(const RegionCode& region, event::v1::Topic topic) {
  std::string name = "meridian.";
  name.append(region.view()).append(".").append(ShortName(topic)).append(".events.v1");
  return name;
}

std::string KafkaAuditTopic(const RegionCode& region) {
  std::string name = "meridian.";
  name.append(region.view()).append(".audit.v1");
  return name;
}

std::vector<std::pair<std::string_view, std::string>> CloudEventHeaders(const event::v1::Event& event) {
  const type::v1::Envelope& envelope = event.envelope();
  const std::string term = std::to_string(event.term());
  const std::string sequence = std::to_string(event.sequence());
  std::string source = "/meridian/" + envelope.region() + "/" + envelope.tenant();
  std::string id = envelope.region() + "/" + envelope.tenant() + "/";
  id.append(ShortName(event.topic())).append("/").append(term).append("/").append(sequence);

  std::vector<std::pair<std::string_view, std::string>> headers;
  headers.reserve(12);
  headers.emplace_back("ce_specversion", "1.0");
  headers.emplace_back("ce_id", std::move(id));
  headers.emplace_back("ce_source", std::move(source));
  headers.emplace_back("ce_type", TypeOf(event));
  headers.emplace_back("ce_subject", event.entity());
  headers.emplace_back("ce_time", google::protobuf::util::TimeUtil::ToString(event.time()));
  headers.emplace_back("ce_tenant", envelope.tenant());
  headers.emplace_back("ce_term", term);
  headers.emplace_back("ce_sequence", sequence);
  headers.emplace_back("ce_entityrevision", std::to_string(event.entity_revision()));
  headers.emplace_back("content-type", "application/protobuf");
  if (!envelope.trace().traceparent().empty()) headers.emplace_back("traceparent", envelope.trace().traceparent());
  return headers;
}

}  // namespace meridian
