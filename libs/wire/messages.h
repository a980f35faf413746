// What is said in a conversation: protobuf ↔ domain. Pure functions, any thread.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "libs/conversation/message.h"
#include "meridian/type/v1/message.pb.h"

namespace meridian {

type::v1::Message ToProto(const conversation::Message& message);

// INVALID_ARGUMENT naming the part and field for a part of no known kind or a language that is no BCP 47 tag. Lengths
// and counts are the session's to check.
absl::StatusOr<std::vector<conversation::MessagePart>> MessagePartsFromProto(
    const google::protobuf::RepeatedPtrField<type::v1::MessagePart>& parts);

}  // namespace meridian
