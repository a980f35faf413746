#include "libs/domain/findings.h"

namespace meridian {
namespace {

constexpr size_t kMaxOriginLength = 255;

bool IsHost(std::string_view host) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'; };
  return !host.empty() && host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos &&
         std::all_of(host.begin(), host.end(), allowed);
}

bool IsPort(std::string_view port) {
  if (port.empty() || port.size() > 5 || port.front() == '0') return false;
  int number = 0;
  for (char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number <= 65535;
}

// As a browser sends it in the Origin header: scheme and host in lower case, a port unless it is the scheme's own, no
// path. IPv6 addresses are not accepted.
bool IsOrigin(std::string_view origin) {
  if (origin.size() > kMaxOriginLength) return false;
  std::string_view own_port;
  for (const auto& [scheme, port] : {std::pair<std::string_view, std::string_view>("https://", "443"),
                                     std::pair<std::string_view, std::string_view>("http://", "80")}) {
    if (origin.substr(0, scheme.size()) != scheme) continue;
    origin.remove_prefix(scheme.size());
    own_port = port;
    break;
  }
  if (own_port.empty()) return false;
  const size_t colon = origin.find(':');
  if (colon == std::string_view::npos) return IsHost(origin);
  const std::string_view port = origin.substr(colon + 1);
  return IsHost(origin.substr(0, colon)) && IsPort(port) && port != own_port;
}

}  // namespace

void CheckSites(const TenantConfig& config, Findings& findings) {
  if (!findings.RequireAtMost(config.sites.size(), kMaxSites, "sites")) return;
  for (size_t i = 0; i < config.sites.size(); ++i) {
    const SiteConfig& site = config.sites[i];
    const std::string field = At("sites", i);
    const std::string origins = field + ".allowed_origins";
    findings.RequireName(site.key.value, field + ".key");
    findings.Require(!site.allowed_origins.empty(), origins, "must have at least one entry");
    if (!findings.RequireAtMost(site.allowed_origins.size(), kMaxOriginsPerSite, origins)) continue;
    for (size_t j = 0; j < site.allowed_origins.size(); ++j) {
      findings.Require(IsOrigin(site.allowed_origins[j]), At(origins, j),
                       "must be an origin as browsers send it, as https://shop.example or http://127.0.0.1:8080");
    }
    RequireUnique(
        site.allowed_origins, [](const std::string& origin) { return std::string_view(origin); }, origins, "",
        findings);
  }
  RequireUnique(
      config.sites, [](const SiteConfig& site) { return std::string_view(site.key.value); }, "sites", ".key", findings);
}

}  // namespace meridian
