// Renders docs/states.md from the transition tables and reasons. Pure.
#pragma once

#include <string>

namespace meridian {

std::string RenderStatesPage();

}  // namespace meridian
