// How the fields of a protobuf message are written in YAML: shared by the reader, the writer and the schema of the
// tenant file. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"

namespace meridian {

// "human" for AGENT_KIND_HUMAN of enum AgentKind.
std::string ShortEnumName(const google::protobuf::EnumValueDescriptor& value);
// All but the unspecified one.
std::vector<std::string> ShortEnumNames(const google::protobuf::EnumDescriptor& type);
const google::protobuf::EnumValueDescriptor* FindByShortName(const google::protobuf::EnumDescriptor& type,
                                                             std::string_view name);

bool IsDuration(const google::protobuf::FieldDescriptor& field);
// "1h30m", "20s", "500ms": whole numbers with units h, m, s, ms in falling order; "0" or "0s" is zero.
std::optional<google::protobuf::Duration> ParseYamlDuration(std::string_view text);
std::string FormatYamlDuration(const google::protobuf::Duration& duration);

// Output-only fields are no part of the file.
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);

}  // namespace meridian
