// SubmitContact: from the request to what session is asked, checked against the tenant's configuration. Pure but for
// the ids it takes; any thread.
#pragma once

#include "absl/status/statusor.h"
#include "libs/app/id_source.h"
#include "libs/conversation/answer.h"
#include "libs/conversation/command.h"
#include "libs/security/token.h"
#include "meridian/admin/v1/tenant_config.pb.h"
#include "meridian/ingress/v1/ingress_service.pb.h"

namespace meridian {

struct Submission {
  conversation::SubmitContact command;
  LanguageTag language;
  uint16_t language_confidence_permille = 0;
};

// INVALID_ARGUMENT with every field that breaks a rule; PERMISSION_DENIED (SESSION_DENIED) when a visitor names an
// identity.
absl::StatusOr<Submission> MakeSubmission(const ingress::v1::SubmitContactRequest& request,
                                          const security::TokenClaims& claims, const admin::v1::TenantConfig& config,
                                          IdSource& ids, Instant now);

ingress::v1::SubmitContactResponse ToResponse(const conversation::Submitted& submitted, const Submission& submission);

}  // namespace meridian
