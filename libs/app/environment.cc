#include "libs/app/environment.h"

#include <arpa/inet.h>

namespace meridian {

bool Listeners::IsLoopback() const {
  in_addr v4{};
  if (inet_pton(AF_INET, address_.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  return address_ == "::1";
}

void Listeners::Announce(std::string_view name, std::string_view where) {
  std::lock_guard lock(mutex_);
  announced_.insert_or_assign(std::string(name), std::string(where));
}

std::map<std::string, std::string> Listeners::announced() const {
  std::lock_guard lock(mutex_);
  return announced_;
}

}  // namespace meridian
