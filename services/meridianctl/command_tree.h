// The commands of meridianctl, their options and help.
#pragma once

#include "services/meridianctl/console.h"

namespace meridian::ctl {

// Parses and runs one command; returns the exit code. Main thread.
int RunMeridianctl(int argc, const char* const* argv, const Console& console);

}  // namespace meridian::ctl
