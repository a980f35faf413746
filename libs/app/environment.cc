#include "libs/app/environment.h"

namespace meridian {

bool Listeners::IsLoopback() const { return address_.starts_with("127.") || address_ == "::1"; }

void Listeners::Announce(std::string_view name, std::string_view where) {
  std::lock_guard lock(mutex_);
  announced_.insert_or_assign(std::string(name), std::string(where));
}

std::map<std::string, std::string> Listeners::announced() const {
  std::lock_guard lock(mutex_);
  return announced_;
}

}  // namespace meridian
