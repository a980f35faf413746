#include "services/meridianctl/token_commands.h"

#include <algorithm>
#include <cctype>
#include <tuple>

#include "libs/base/status_macros.h"
#include "libs/config/zone_tables.h"
#include "libs/domain/tenant_config.h"
#include "libs/error/error.h"
#include "libs/runtime/clock.h"
#include "libs/security/token_issuer.h"
#include "libs/wire/tenant_config.h"
#include "meridian/admin/v1/admin_service.pb.h"

namespace meridian::ctl {
namespace {

absl::StatusOr<security::TokenClaims> ClaimsOf(const std::string& tenant, const TokenOptions& options) {
  security::TokenClaims claims;
  auto role = security::ParseRole(options.role);
  if (!role) return FieldError("--role", "must be customer, agent, integrator, supervisor, admin, auditor or service");
  claims.role = *role;
  claims.tenant = tenant;
  claims.subject = options.subject;
  claims.session = options.session;
  if (claims.role == security::Role::kCustomer && !ConversationId::Parse(claims.session)) {
    return FieldError("--session", "must be the id of the customer's conversation, <region>-<uuid>");
  }
  claims.origin = options.origin;
  claims.agents = options.agents;
  for (const std::string& name : options.permissions) {
    auto permission = security::ParsePermission(name);
    if (!permission) return FieldError("--permission", "must be a permission; " + name + " is none");
    claims.permissions.Add(*permission);
  }
  if (options.life != Duration::Zero()) claims.expires_at = SystemWallClock().Now() + options.life;
  return claims;
}

const Schedule* ScheduleOf(const TenantConfig& config, const AgentConfig& agent) {
  static const Schedule always = Schedule::Always();
  if (agent.shift_group.empty()) return &always;
  for (const ShiftGroup& group : config.shift_groups) {
    if (group.id == agent.shift_group) return &group.schedule;
  }
  return nullptr;
}

const ZoneTable* ZoneOf(const TenantConfig& config, const AgentConfig& agent) {
  for (const ZoneTable& zone : config.zones) {
    if (zone.name == agent.zone) return &zone;
  }
  return nullptr;
}

// "http://127.0.0.1:8080"
absl::StatusOr<std::string> PageBase(const ConnectionOptions& connection) {
  MERIDIAN_ASSIGN_OR_RETURN(auto addresses, ReadAddresses(connection.data));
  auto http = addresses.find("http");
  if (http == addresses.end()) {
    return MakeError(absl::StatusCode::kNotFound, "NO_ADDRESS",
                     connection.data + "/addresses.json names no address for HTTP");
  }
  std::string base = http->second;
  while (!base.empty() && base.back() == '/') base.pop_back();
  return base.find("://") == std::string::npos ? "http://" + base : base;
}

absl::StatusOr<std::string> FindAgent(const ConnectionOptions& connection, const DemoAgentOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(auto client, Connect(connection));
  admin::v1::GetConfigResponse response;
  MERIDIAN_RETURN_IF_ERROR(
      client->Call("/meridian.admin.v1.AdminService/GetConfig", admin::v1::GetConfigRequest(), &response));
  auto names = OnShiftSpeakers(response.config(), options.language, options.kind, SystemWallClock().Now());
  if (!names.empty()) return names.front();
  return MakeError(absl::StatusCode::kNotFound, "NOBODY_ON_SHIFT",
                   "no agent of kind " + options.kind + " who speaks " + options.language + " is on shift now");
}

absl::StatusOr<std::string> AgentPage(const ConnectionOptions& connection, const std::string& agent) {
  MERIDIAN_ASSIGN_OR_RETURN(std::string base, PageBase(connection));
  security::TokenClaims claims;
  claims.tenant = connection.tenant;
  claims.subject = agent;
  claims.role = security::Role::kAgent;
  MERIDIAN_ASSIGN_OR_RETURN(std::string token, MakeToken(connection.data, claims));
  return base + "/agent?agent=" + agent + "#token=" + token;
}

}  // namespace

int CreateToken(const ConnectionOptions& connection, const TokenOptions& options, const Console& console) {
  auto claims = ClaimsOf(connection.tenant, options);
  auto token = claims.ok() ? MakeToken(connection.data, *claims) : claims.status();
  if (!token.ok()) {
    const int code = Fail(console, token.status());
    return ErrorReason(token.status()) == "INVALID_FIELD" ? kWrongUse : code;
  }
  console.out << *token << "\n";
  return kDone;
}

std::vector<std::string> OnShiftSpeakers(const admin::v1::TenantConfig& proto, const std::string& language,
                                         const std::string& kind, Instant now) {
  std::vector<FieldViolation> violations;
  const TenantConfig config = TenantConfigFromProto(proto, MakeZoneTables(ZonesNamedIn(proto), now), violations);
  const auto wanted = LanguageTag::Parse(language);
  const auto wanted_kind = ParseAgentKind(kind);
  if (!wanted || !wanted_kind) return {};
  std::vector<std::tuple<int, int64_t, std::string>> found;
  for (const AgentConfig& agent : config.agents) {
    const Schedule* schedule = ScheduleOf(config, agent);
    const ZoneTable* zone = ZoneOf(config, agent);
    const auto level = ServedLevel(agent.languages, *wanted);
    if (agent.kind != *wanted_kind || !level || schedule == nullptr || zone == nullptr) continue;
    if (!OnShift(*schedule, *zone, now)) continue;
    found.emplace_back(-static_cast<int>(*level), -NextShiftChange(*schedule, *zone, now).ns, agent.id.value);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (auto& entry : found) names.push_back(std::move(std::get<2>(entry)));
  return names;
}

int DemoAgent(const ConnectionOptions& connection, const DemoAgentOptions& options, const Console& console) {
  auto agent = FindAgent(connection, options);
  if (!agent.ok()) return Fail(console, agent.status());
  if (options.name_only) {
    console.out << *agent << "\n";
    return kDone;
  }
  auto page = AgentPage(connection, *agent);
  if (!page.ok()) return Fail(console, page.status());
  console.out << *page << "\n";
  return kDone;
}

int DemoCustomer(const ConnectionOptions& connection, const Console& console) {
  auto base = PageBase(connection);
  if (!base.ok()) return Fail(console, base.status());
  console.out << *base << "/\n";
  return kDone;
}

}  // namespace meridian::ctl
