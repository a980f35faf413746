#include "libs/wire/stored_format.h"

namespace meridian {

uint32_t StoredFormat() { return 1; }

bool IsReadableFormat(uint64_t format) { return format >= 1 && format <= StoredFormat() + 1; }

}  // namespace meridian
