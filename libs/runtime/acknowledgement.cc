#include "libs/runtime/acknowledgement.h"

#include <utility>

namespace meridian {
namespace {

thread_local const Acknowledgement* releasing = nullptr;

}  // namespace

std::optional<Acknowledgement> Releasing() {
  if (releasing == nullptr) return std::nullopt;
  return *releasing;
}

ReleasingScope::ReleasingScope(const Acknowledgement* answer) : before_(std::exchange(releasing, answer)) {}
ReleasingScope::~ReleasingScope() { releasing = before_; }

}  // namespace meridian
