// Who a caller is and what a token says of it. Values; any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/time.h"

namespace meridian::security {

// customer: a page's visitor, bound to one conversation. integrator: a server that brings customers. supervisor: sees
// who works and who waits, and may act on contacts. auditor: reads history and configuration, changes nothing. admin:
// all that operators do. service: the processes of the installation among themselves.
enum class Role : uint8_t { kCustomer, kAgent, kIntegrator, kSupervisor, kAdmin, kAuditor, kService };
inline constexpr int kRoleCount = 7;

// What a call needs; a token holds a set of them, at most those of its role (DefaultPermissions).
enum class Permission : uint8_t {
  kContactsSubmit,  // open a contact
  kContactsTalk,    // write and watch the conversation of a contact
  kContactsCancel,
  kContactsRead,       // list and explain contacts of the tenant
  kConversationsRead,  // read messages back: of any conversation, a customer of its own
  kAgentsConnect,
  kAgentsRead,
  kConfigRead,
  kConfigWrite,
  kEventsRead,
  kTokensIssue,
  kMetricsRead,
  kInternal,  // between services of one installation
};
inline constexpr int kPermissionCount = 13;

// The names used in tokens and on the command line: "customer", "contacts.submit" …
std::string_view ToString(Role role);
std::string_view ToString(Permission permission);
std::optional<Role> ParseRole(std::string_view text);
std::optional<Permission> ParsePermission(std::string_view text);

class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  constexpr PermissionSet(std::initializer_list<Permission> permissions) {
    for (Permission permission : permissions) Add(permission);
  }
  constexpr void Add(Permission permission) { bits_ |= 1u << static_cast<int>(permission); }
  constexpr bool Has(Permission permission) const { return (bits_ & (1u << static_cast<int>(permission))) != 0; }
  constexpr bool IsSubsetOf(PermissionSet other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<Permission> ToVector() const;
  friend constexpr bool operator==(PermissionSet, PermissionSet) = default;

 private:
  uint32_t bits_ = 0;
};

// The table of roles: all that a token of this role may hold, and what it holds when nothing else is said.
PermissionSet DefaultPermissions(Role role);

struct TokenClaims {
  std::string tenant;   // a tenant's name; "*" (every tenant) for the role service only
  std::string subject;  // agent id, integrator's or operator's name, visitor's customer id
  Role role = Role::kCustomer;
  PermissionSet permissions;        // empty at issue: the role's defaults
  std::string session;              // visitors: the one conversation it is bound to, set once known; else ""
  std::string origin;               // visitors: the one web origin it may be used from; else ""
  std::vector<std::string> agents;  // role agent: the agent ids that it may attach; empty: only `subject`
  Instant issued_at;                // whole seconds in the token
  Instant expires_at;

  // True when the token may act for that agent of its tenant.
  bool MayAttach(std::string_view agent) const;
  bool CoversTenant(std::string_view other) const { return tenant == "*" || tenant == other; }
  friend bool operator==(const TokenClaims&, const TokenClaims&) = default;
};

// Reasons of UNAUTHENTICATED.
inline constexpr std::string_view kTokenMissing = "TOKEN_MISSING";
inline constexpr std::string_view kTokenMalformed = "TOKEN_MALFORMED";
inline constexpr std::string_view kTokenExpired = "TOKEN_EXPIRED";
inline constexpr std::string_view kTokenInvalid = "TOKEN_INVALID";

}  // namespace meridian::security
