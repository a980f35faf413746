#include "libs/domain/contact.h"

namespace meridian {

std::string_view ToString(Direction direction) {
  switch (direction) {
    case Direction::kInbound:
      return "inbound";
    case Direction::kOutbound:
      return "outbound";
  }
  return "unknown";
}

std::optional<Direction> ParseDirection(std::string_view text) {
  for (auto direction : {Direction::kInbound, Direction::kOutbound}) {
    if (text == ToString(direction)) return direction;
  }
  return std::nullopt;
}

std::string_view ToString(CustomerKind kind) {
  switch (kind) {
    case CustomerKind::kAnonymous:
      return "anonymous";
    case CustomerKind::kIdentified:
      return "identified";
    case CustomerKind::kVerified:
      return "verified";
  }
  return "unknown";
}

std::optional<CustomerKind> ParseCustomerKind(std::string_view text) {
  for (auto kind : {CustomerKind::kAnonymous, CustomerKind::kIdentified, CustomerKind::kVerified}) {
    if (text == ToString(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace meridian
