// Records that are written and read with the generated classes, with their format. Used by the .cc files of this
// library only.
#pragma once

#include <string>
#include <string_view>

#include "google/protobuf/unknown_field_set.h"
#include "libs/wire/stored_format.h"

namespace meridian {

template <typename Proto>
std::string Stored(Proto proto) {
  proto.set_format(StoredFormat());
  return proto.SerializeAsString();
}

// False for malformed bytes and formats that are not read here. `later`: gets the fields that are not known here.
template <typename Proto>
bool ParseStored(std::string_view bytes, Proto* proto, std::string* later = nullptr) {
  if (!proto->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return false;
  if (!IsReadableFormat(proto->format())) return false;
  const google::protobuf::UnknownFieldSet& unknown = proto->GetReflection()->GetUnknownFields(*proto);
  if (later == nullptr || unknown.empty()) return true;
  return unknown.SerializeToString(later);
}

}  // namespace meridian
