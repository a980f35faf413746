// What operators see of agents and contacts: the engine's state as messages of the admin API. Pure functions; the
// engine's pointers are read during the call only.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "libs/routing/engine.h"
#include "meridian/admin/v1/admin_service.pb.h"

namespace meridian {

void ViewAgent(const AgentView& agent, admin::v1::AgentStatus* out);
void ViewContact(const Engine& engine, const ContactRecord& contact, Instant now, admin::v1::ContactStatus* out);

inline constexpr size_t kLargestPage = 1000;

// The name of the last agent of the page before; empty: from the start. INVALID_ARGUMENT (INVALID_FIELD, page_token)
// for what cannot be one.
absl::StatusOr<AgentId> ParseAgentPageToken(const std::string& token);
// "1234": the engine's cursor among contacts. INVALID_ARGUMENT (INVALID_FIELD, page_token) for anything else.
absl::StatusOr<uint32_t> ParsePageToken(const std::string& token);
std::string PageToken(uint32_t cursor);  // "" at the end
// 1 to 1,000, 100 when left out; else INVALID_ARGUMENT.
absl::StatusOr<size_t> PageSize(int32_t page_size);

}  // namespace meridian
