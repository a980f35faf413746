// W3C Trace Context, the `traceparent` header ↔ domain. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/uuid.h"
#include "libs/domain/origin.h"

namespace meridian {

// "00-<32 hex>-<16 hex>-<2 hex>"; none for anything else.
TraceContext TraceContextFrom(std::string_view traceparent);
// A trace that begins here, named by a fresh id.
TraceContext BeginTrace(const Uuid& id);
// "" for none.
std::string TraceparentOf(const TraceContext& trace);

}  // namespace meridian
