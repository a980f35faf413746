// Texts from outside that people are shown as they are. Pure functions, any thread.
#pragma once

#include <string_view>

namespace meridian {

// Whether it holds one of the control characters of Unicode (U+0000 to U+001F, U+007F to U+009F), which terminals and
// logs act on. `text` is UTF-8.
bool HasControlCharacter(std::string_view text);

}  // namespace meridian
