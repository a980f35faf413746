// A tenant's configuration as a routing shard keeps it: what the operator sent and the zone tables that were made for
// it, one blob that is cut into chunk records (see ConfigChunk). Pure functions, any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/domain/tenant_config.h"
#include "libs/wire/routing_records.h"
#include "meridian/admin/v1/tenant_config.pb.h"

namespace meridian {

inline constexpr size_t kConfigChunkBytes = 32 * 1024;

// SHA-256 over the configuration, whatever its revision and the order of its maps.
ConfigDigest DigestOf(const admin::v1::TenantConfig& config);
std::string EtagOf(const ConfigDigest& digest);      // 64 hexadecimal digits
uint64_t ShortDigestOf(const ConfigDigest& digest);  // its first eight bytes: the digest in ConfigPublished

std::string EncodeStoredConfig(const admin::v1::TenantConfig& config, const std::vector<ZoneTable>& zones);
// At least one piece, each but the last of kConfigChunkBytes.
std::vector<std::string> CutStoredConfig(std::string_view stored);

struct StoredConfig {
  admin::v1::TenantConfig proto;  // with its revision
  TenantConfig config;            // normalised, with its revision
};
// DATA_LOSS when the bytes are malformed or do not make a configuration.
absl::StatusOr<StoredConfig> DecodeStoredConfig(std::string_view stored, uint64_t revision);

}  // namespace meridian
