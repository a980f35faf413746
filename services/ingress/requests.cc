#include "services/ingress/requests.h"

#include <utility>

#include "libs/base/status_macros.h"
#include "libs/error/error.h"
#include "libs/wire/messages.h"
#include "libs/wire/refusal_status.h"
#include "libs/wire/tenant_config.h"
#include "libs/wire/trace_context.h"
#include "services/ingress/submission.h"

namespace meridian {

namespace pb = ingress::v1;

namespace {

// The caller's trace, or the beginning of one: what follows from the call can be found by it.
TraceContext TraceOf(const rpc::CallContext& context, IdSource& ids) {
  const TraceContext trace = TraceContextFrom(context.traceparent);
  return trace == TraceContext() ? BeginTrace(ids.NextUuid()) : trace;
}

// A visitor is named by its session.
CommandOrigin OriginOf(const rpc::CallContext& context, IdSource& ids) {
  const bool visitor = context.claims->role == security::Role::kCustomer;
  return {
      visitor ? Actor{ActorRole::kCustomer, context.claims->session} : Actor{ActorRole::kIntegrator, context.subject()},
      TraceOf(context, ids)};
}

void LogSubmission(Log* log, const TenantId& tenant, const TraceContext& trace,
                   const absl::StatusOr<conversation::Submitted>& submitted) {
  if (log == nullptr) return;
  if (submitted.ok()) {
    log->Info("contact submitted", {{"tenant", tenant},
                                    {"contact", submitted->contact},
                                    {"conversation", submitted->conversation},
                                    {"repeated", submitted->repeated},
                                    {"trace_id", trace.trace_id}});
  } else {
    log->Info("contact not taken",
              {{"tenant", tenant}, {"code", submitted.status().code()}, {"trace_id", trace.trace_id}});
  }
}

}  // namespace

absl::StatusOr<ConversationId> CustomersConversation(const security::TokenClaims& claims, const std::string& id) {
  auto conversation = ConversationId::Parse(id);
  if (!conversation) return FieldError("conversation_id", "must be a conversation's id");
  if (claims.role == security::Role::kCustomer && claims.session != id) {
    return MakeError(absl::StatusCode::kPermissionDenied, "SESSION_DENIED", "the token is bound to another session");
  }
  return *conversation;
}

void IngressRequests::Submit(const rpc::CallContext& context, const pb::SubmitContactRequest& request,
                             Done<pb::SubmitContactResponse> done) const {
  const security::TokenClaims& claims = *context.claims;
  auto config = ports_.routing.ConfigSnapshot({claims.tenant});
  if (config == nullptr) {
    return done(
        MakeError(absl::StatusCode::kFailedPrecondition, "NO_CONFIG", "the tenant has no published configuration"));
  }
  const Instant now = ports_.clock.Now();
  const TenantQuotas quotas = QuotasFromProto(config->quotas());
  const absl::StatusOr<Duration> wait = quotas_->AdmitSubmission({claims.tenant}, quotas, now);
  if (!wait.ok()) return done(wait.status());
  auto submission = MakeSubmission(request, claims, *config, ports_.ids, now);
  if (!submission.ok()) return done(submission.status());
  conversation::SubmitContact command = std::move(submission->command);
  command.may_only_join = *wait > Duration::Zero();
  command.new_contacts = quotas.new_contacts;
  command.patience = context.patience;
  command.origin = OriginOf(context, ports_.ids);
  const TraceContext trace = command.origin.trace;
  ports_.session.Submit(std::move(command),
                        [log = ports_.log, tenant = TenantId{claims.tenant}, trace, submission = *std::move(submission),
                         quotas_of = quotas_, quotas, wait = *wait,
                         done = std::move(done)](absl::StatusOr<conversation::Submitted> submitted) mutable {
                          LogSubmission(log, tenant, trace, submitted);
                          if (!submitted.ok()) return done(quotas_of->Explain(submitted.status(), quotas, wait));
                          done(ToResponse(*submitted, submission));
                        });
}

void IngressRequests::Send(const security::TokenClaims& claims, const pb::SendMessageRequest& request,
                           Done<pb::SendMessageResponse> done) const {
  auto conversation = CustomersConversation(claims, request.conversation_id());
  auto parts = MessagePartsFromProto(request.parts());
  std::vector<FieldViolation> violations = FieldViolations(parts.status());
  if (request.client_number() == 0) violations.push_back({"client_number", "must be 1 or more"});
  if (request.parts().empty()) violations.push_back({"parts", "must hold at least one part"});
  if (absl::Status bad = WithMoreFields(conversation.status(), violations); !bad.ok()) return done(bad);
  const auto config = ports_.routing.ConfigSnapshot({claims.tenant});
  const TenantQuotas quotas = config == nullptr ? TenantQuotas() : QuotasFromProto(config->quotas());
  absl::Status admitted = quotas_->AdmitMessage({claims.tenant}, quotas, ports_.clock.Now());
  if (!admitted.ok()) return done(std::move(admitted));
  conversation::AppendMessage command;
  command.tenant = {claims.tenant};
  command.conversation = *conversation;
  command.client_number = request.client_number();
  command.parts = *std::move(parts);
  ports_.session.Append(std::move(command),
                        [done = std::move(done)](absl::StatusOr<conversation::Appended> appended) mutable {
                          if (!appended.ok()) return done(appended.status());
                          pb::SendMessageResponse response;
                          response.set_number(appended->number);
                          done(response);
                        });
}

void IngressRequests::Cancel(const rpc::CallContext& context, const pb::CancelContactRequest& request,
                             Done<pb::CancelContactResponse> done) const {
  const security::TokenClaims& claims = *context.claims;
  auto conversation = CustomersConversation(claims, request.conversation_id());
  auto contact = ContactId::Parse(request.contact_id());
  std::vector<FieldViolation> violations;
  if (!contact) violations.push_back({"contact_id", "must be a contact's id"});
  if (absl::Status bad = WithMoreFields(conversation.status(), violations); !bad.ok()) return done(bad);
  ports_.session.Cancel({{claims.tenant}, *conversation, *contact, OriginOf(context, ports_.ids)},
                        [done = std::move(done)](absl::StatusOr<conversation::Done> result) mutable {
                          if (!result.ok()) return done(result.status());
                          done(pb::CancelContactResponse());
                        });
}

void IngressRequests::CancelAsOperator(const rpc::CallContext& context, const pb::CancelContactRequest& request,
                                       Done<pb::CancelContactResponse> done) const {
  const security::TokenClaims& claims = *context.claims;
  const auto contact = ContactId::Parse(request.contact_id());
  std::vector<FieldViolation> violations;
  if (!contact) violations.push_back({"contact_id", "must be a contact's id"});
  const absl::Status named = CustomersConversation(claims, request.conversation_id()).status();
  if (absl::Status bad = WithMoreFields(named, violations); !bad.ok()) return done(bad);
  Command command{{{ActorRole::kOperator, claims.subject}, TraceOf(context, ports_.ids)},
                  CancelContact{*contact, CancelBy::kOperator}};
  ports_.routing.Send({claims.tenant}, std::move(command), std::nullopt, Lane::kLiveWork,
                      [done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
                        if (!answer.ok()) return done(answer.status());
                        if (absl::Status status = StatusOf(*answer); !status.ok()) return done(std::move(status));
                        done(pb::CancelContactResponse());
                      });
}

void IngressRequests::Leave(const rpc::CallContext& context, const pb::LeaveConversationRequest& request,
                            Done<conversation::Done> done) const {
  const security::TokenClaims& claims = *context.claims;
  auto conversation = CustomersConversation(claims, request.conversation_id());
  if (!conversation.ok()) return done(conversation.status());
  ports_.session.Close({{claims.tenant}, *conversation, OriginOf(context, ports_.ids)}, std::move(done));
}

absl::StatusOr<std::unique_ptr<SessionClient::Reading>> IngressRequests::Watch(
    const security::TokenClaims& claims, const pb::WatchContactRequest& request,
    std::shared_ptr<SessionClient::Reader> reader) const {
  MERIDIAN_ASSIGN_OR_RETURN(ConversationId conversation, CustomersConversation(claims, request.conversation_id()));
  return ports_.session.ReadAsCustomer({claims.tenant}, conversation, request.after_number(), std::move(reader));
}

}  // namespace meridian
