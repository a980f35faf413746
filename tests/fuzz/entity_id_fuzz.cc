// Any bytes are an entity id, a name and a UUID or they are not; what was parsed prints as what is parsed again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/base/entity_id.h"
#include "libs/base/uuid.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto uuid = meridian::Uuid::Parse(text)) {
    MERIDIAN_CHECK(meridian::Uuid::Parse(uuid->ToString()) == uuid);
  }
  if (const auto id = meridian::ContactId::Parse(text)) {
    MERIDIAN_CHECK(meridian::ContactId::Parse(id->ToString()) == id);
  }
  if (meridian::IsValidName(text)) {
    MERIDIAN_CHECK(!text.empty() && text.size() <= 63);
  }
  return 0;
}
