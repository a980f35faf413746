// Small nouns of contacts, agents and time: protobuf ↔ domain. FromProto answers nullopt for UNSPECIFIED and for a
// value of a newer format. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "libs/base/time.h"
#include "libs/domain/agent.h"
#include "libs/domain/attributes.h"
#include "libs/domain/contact.h"
#include "libs/domain/language.h"
#include "libs/domain/reasons.h"
#include "libs/domain/states.h"
#include "meridian/type/v1/contact.pb.h"

namespace meridian {

type::v1::ContactState ToProto(ContactState state);
type::v1::RequeueReason ToProto(RequeueReason reason);
type::v1::AgentKind ToProto(AgentKind kind);
type::v1::AgentPresence ToProto(AgentPresence presence);
type::v1::Direction ToProto(Direction direction);
type::v1::AssignmentRole ToProto(AssignmentRole role);

std::optional<AgentKind> FromProto(type::v1::AgentKind kind);
std::optional<LanguageLevel> FromProto(type::v1::LanguageLevel level);

void SetTimestamp(Instant instant, google::protobuf::Timestamp* proto);
// What an Instant cannot hold (after the year 2262) is Never, or the earliest one.
Instant InstantFromProto(const google::protobuf::Timestamp& proto);
// What a Duration cannot hold (292 years) becomes the longest one.
Duration DurationFromProto(const google::protobuf::Duration& proto);

// A value as text, read as the declared type; nullopt when it is not of that type. Texts (enum, code) are taken as they
// are: whether the value is allowed is for CheckAttributes.
std::optional<AttributeValue> ParseAttributeValue(AttributeType type, std::string_view text);
std::string FormatAttributeValue(const AttributeValue& value);

}  // namespace meridian
