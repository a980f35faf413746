// What routing tells gateways in other processes: meridian.internal.routing.v1.GatewayItem (gateway_message.proto).
// Decoding refuses malformed bytes with INVALID_ARGUMENT. Pure functions, any thread, any bytes.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/routing/effects.h"

namespace meridian {

// The gateway's key is that of the feed, and not written.
struct GatewayDelivery {
  TenantId tenant;
  GatewayMessage message;
  bool term_began = false;  // instead of a message
};

std::string Encode(const TenantId& tenant, const GatewayMessage& message);
std::string EncodeTermBegan();
absl::StatusOr<GatewayDelivery> DecodeGatewayDelivery(std::string_view bytes);

}  // namespace meridian
