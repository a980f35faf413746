// MERIDIAN_CHECK(condition): an assertion that is on in every build. A broken invariant stops the process at once with
// file, line and condition on standard error; state is rebuilt from the store at the next start.
#pragma once

namespace meridian {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);

}  // namespace meridian

#define MERIDIAN_CHECK(condition)                              \
  do {                                                         \
    if (__builtin_expect(!(condition), 0)) {                   \
      ::meridian::CheckFailed(__FILE__, __LINE__, #condition); \
    }                                                          \
  } while (false)
