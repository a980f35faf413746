// Whether conversations, read back from their first message, are whole, hold what was acknowledged, looked the same
// from both sides, and reached only who had a grant. One thread.
#pragma once

#include "services/meridianctl/verifier/contact_lives.h"
#include "services/meridianctl/verifier/evidence.h"
#include "services/meridianctl/verifier/report.h"

namespace meridian::verifier {

void CheckConversations(const Evidence& evidence, const ContactLives& lives, bool trimmed,
                        const Expectations& expectations, Report& report);

}  // namespace meridian::verifier
