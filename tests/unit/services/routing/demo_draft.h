// A configuration as a routing shard's program is given it, without a service before it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/config/zone_tables.h"
#include "libs/wire/tenant_config.h"
#include "services/routing/routing_program.h"

namespace meridian::testing {

inline const Instant kDraftMadeAt = Instant::FromUnixMilliseconds(1'750'000'000'000);

inline PublishDraft DraftOf(const admin::v1::TenantConfig& proto, uint64_t id,
                            std::vector<std::string>* pieces = nullptr) {
  auto stored = std::make_shared<StoredConfig>();
  std::vector<FieldViolation> violations;
  stored->config = TenantConfigFromProto(proto, MakeZoneTables(ZonesNamedIn(proto), kDraftMadeAt), violations);
  Normalize(stored->config);
  EXPECT_TRUE(violations.empty());
  EXPECT_TRUE(Validate(stored->config).empty()) << Validate(stored->config)[0].field;
  const std::string blob = EncodeStoredConfig(proto, stored->config.zones);
  stored->proto = proto;
  PublishDraft publish;
  publish.draft = {7, id};
  publish.digest = DigestOf(proto);
  publish.zones_made_at = kDraftMadeAt;
  publish.config = std::move(stored);
  std::vector<std::string> cut = CutStoredConfig(blob);
  publish.last = {static_cast<uint32_t>(cut.size()), cut.back()};
  if (pieces != nullptr) *pieces = std::move(cut);
  return publish;
}

}  // namespace meridian::testing
