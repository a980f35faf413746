// Who may call which method: a table from full method name ("/meridian.agent.v1.AgentService/Connect") to what a caller
// needs. A method that is not in the table is denied. Filled before the servers start, read-only afterwards; then any
// thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/security/token.h"

namespace meridian::security {

// What a call needs: one of the roles, and the permission.
struct Access {
  std::vector<Role> roles;
  Permission permission = Permission::kInternal;
};

// PERMISSION_DENIED with reason ROLE_DENIED, PERMISSION_MISSING or (tenant not "" and not the token's) TENANT_DENIED.
absl::Status Authorize(const TokenClaims& claims, const Access& access, std::string_view tenant = "");

class AccessPolicy {
 public:
  // Each method once; an access without roles is refused by an assertion.
  void Add(std::string method, Access access);
  // As Authorize; PERMISSION_DENIED with METHOD_DENIED for a method that is not in the table.
  absl::Status Check(std::string_view method, const TokenClaims& claims) const;
  const std::map<std::string, Access, std::less<>>& methods() const { return methods_; }

 private:
  std::map<std::string, Access, std::less<>> methods_;
};

}  // namespace meridian::security
