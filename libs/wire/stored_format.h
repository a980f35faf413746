// The format of what is stored: one number for all records and log entries, raised by a release that adds fields. A
// release reads its own format, every older one and the next one, whose fields it does not know and keeps
// (later_fields.h): in an upgrade, and on the way back, old and new processes read what the others wrote
// (docs/operations/upgrade.md says what a release may change). Pure functions, any thread.
#pragma once

#include <cstdint>

namespace meridian {

// That is written here.
uint32_t StoredFormat();
bool IsReadableFormat(uint64_t format);

}  // namespace meridian
