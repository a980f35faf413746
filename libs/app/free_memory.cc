#include "libs/app/free_memory.h"

#include <malloc.h>

#include <cstddef>

// jemalloc's, in a process that is linked with it.
extern "C" int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size)
    __attribute__((weak));

namespace meridian::app {

void ReturnFreeMemory() {
  if (mallctl != nullptr) {
    mallctl("arena.4096.purge", nullptr, nullptr, nullptr, 0);  // 4096: MALLCTL_ARENAS_ALL
  } else {
    malloc_trim(0);
  }
}

}  // namespace meridian::app
