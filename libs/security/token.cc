#include "libs/security/token.h"

#include <algorithm>
#include <array>

#include "libs/base/check.h"

namespace meridian::security {
namespace {

constexpr std::array<std::string_view, kRoleCount> kRoleNames = {"customer", "agent",   "integrator", "supervisor",
                                                                 "admin",    "auditor", "service"};
constexpr std::array<std::string_view, kPermissionCount> kPermissionNames = {
    "contacts.submit", "contacts.talk", "contacts.cancel", "contacts.read", "conversations.read",
    "agents.connect",  "agents.read",   "config.read",     "config.write",  "events.read",
    "tokens.issue",    "metrics.read",  "internal"};

template <typename Enum, size_t n>
std::optional<Enum> Parse(const std::array<std::string_view, n>& names, std::string_view text) {
  auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view ToString(Role role) { return kRoleNames.at(static_cast<size_t>(role)); }
std::string_view ToString(Permission permission) { return kPermissionNames.at(static_cast<size_t>(permission)); }
std::optional<Role> ParseRole(std::string_view text) { return Parse<Role>(kRoleNames, text); }
std::optional<Permission> ParsePermission(std::string_view text) { return Parse<Permission>(kPermissionNames, text); }

std::vector<Permission> PermissionSet::ToVector() const {
  std::vector<Permission> permissions;
  for (int i = 0; i < kPermissionCount; ++i) {
    if (Has(static_cast<Permission>(i))) permissions.push_back(static_cast<Permission>(i));
  }
  return permissions;
}

PermissionSet DefaultPermissions(Role role) {
  switch (role) {
    case Role::kCustomer:
      return {Permission::kContactsSubmit, Permission::kContactsTalk, Permission::kContactsCancel,
              Permission::kConversationsRead};
    case Role::kAgent:
      return {Permission::kAgentsConnect};
    case Role::kIntegrator:
      return {Permission::kContactsSubmit, Permission::kContactsTalk,      Permission::kContactsCancel,
              Permission::kContactsRead,   Permission::kConversationsRead, Permission::kEventsRead};
    case Role::kSupervisor:
      return {Permission::kContactsCancel, Permission::kContactsRead, Permission::kAgentsRead};
    case Role::kAuditor:
      return {Permission::kContactsRead, Permission::kConfigRead};
    case Role::kAdmin:
      return {Permission::kContactsCancel, Permission::kContactsRead, Permission::kConversationsRead,
              Permission::kAgentsRead,     Permission::kConfigRead,   Permission::kConfigWrite,
              Permission::kEventsRead,     Permission::kTokensIssue};
    case Role::kService:
      return {Permission::kInternal, Permission::kMetricsRead};
  }
  MERIDIAN_CHECK(false);
}

bool TokenClaims::MayAttach(std::string_view agent) const {
  if (role != Role::kAgent) return false;
  if (agents.empty()) return agent == subject;
  return std::find(agents.begin(), agents.end(), agent) != agents.end();
}

}  // namespace meridian::security
