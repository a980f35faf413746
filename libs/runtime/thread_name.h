// Names the calling thread, so that top -H, perf and debuggers tell threads apart. Linux keeps 15 characters.
#pragma once

#include <pthread.h>

#include <string>

namespace meridian {

inline constexpr size_t kMaxThreadName = 15;

inline void NameThisThread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, kMaxThreadName).c_str());
}

}  // namespace meridian
