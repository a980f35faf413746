// Judges from outside whether Meridian kept what it promises: docs/meridianctl.md lists the rules. Pure, one thread.
#pragma once

#include "services/meridianctl/verifier/evidence.h"
#include "services/meridianctl/verifier/report.h"

namespace meridian::verifier {

Report Verify(const Evidence& evidence, const Expectations& expectations);

}  // namespace meridian::verifier
