// Two texts compared line by line, shown as a unified diff. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace meridian::ctl {

// "" when they are equal. `old_name` and `new_name` head the diff; three lines of context around each change.
std::string UnifiedDiff(std::string_view old_name, std::string_view old_text, std::string_view new_name,
                        std::string_view new_text);

}  // namespace meridian::ctl
