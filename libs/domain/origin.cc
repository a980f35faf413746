#include "libs/domain/origin.h"

namespace meridian {

std::string_view ToString(ActorRole role) {
  switch (role) {
    case ActorRole::kSystem:
      return "system";
    case ActorRole::kCustomer:
      return "customer";
    case ActorRole::kAgent:
      return "agent";
    case ActorRole::kOperator:
      return "operator";
    case ActorRole::kIntegrator:
      return "integrator";
    case ActorRole::kService:
      return "service";
  }
  return "unknown";
}

}  // namespace meridian
