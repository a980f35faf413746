#include "libs/wire/stored_config.h"

#include <gtest/gtest.h>

#include "meridian/internal/routing/v1/routing_record.pb.h"

namespace meridian {
namespace {

admin::v1::TenantConfig SmallConfig() {
  admin::v1::TenantConfig config;
  config.set_tenant("demo");
  auto* agent = config.add_agents();
  agent->set_name("ana");
  agent->set_time_zone("Europe/Madrid");
  for (const char* skill : {"billing", "sales", "support"}) {
    config.add_skills(skill);
    (*agent->mutable_skills())[skill] = 3;
  }
  return config;
}

TEST(StoredConfigTest, ComesBackWithZonesAndRevision) {
  const std::vector<ZoneTable> zones = {{"Europe/Madrid", {{{0}, 3600}, {Instant::FromUnixSeconds(1000), 7200}}}};
  const std::string stored = EncodeStoredConfig(SmallConfig(), zones);
  const auto decoded = DecodeStoredConfig(stored, 17);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->proto.revision(), 17u);
  EXPECT_EQ(decoded->config.revision, 17u);
  EXPECT_EQ(decoded->config.zones, zones);
  ASSERT_EQ(decoded->config.agents.size(), 1u);
  EXPECT_EQ(decoded->config.agents[0].skills.size(), 3u);
  internal::routing::v1::StoredConfig message;
  ASSERT_TRUE(message.ParseFromString(stored));
  EXPECT_EQ(message.SerializeAsString(), stored);
}

TEST(StoredConfigTest, TheDigestIsOfTheContentAlone) {
  admin::v1::TenantConfig a = SmallConfig();
  admin::v1::TenantConfig b;
  b.set_revision(9);
  b.set_tenant("demo");
  auto* agent = b.add_agents();
  for (const char* skill : {"support", "sales", "billing"}) (*agent->mutable_skills())[skill] = 3;
  for (const char* skill : {"billing", "sales", "support"}) b.add_skills(skill);
  agent->set_name("ana");
  agent->set_time_zone("Europe/Madrid");
  EXPECT_EQ(DigestOf(a), DigestOf(b));
  EXPECT_EQ(EtagOf(DigestOf(a)).size(), 64u);
  agent->set_capacity(2);
  EXPECT_NE(DigestOf(a), DigestOf(b));
}

TEST(StoredConfigTest, IsCutIntoPieces) {
  const std::string stored(2 * kConfigChunkBytes + 1, 'x');
  const auto pieces = CutStoredConfig(stored);
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0] + pieces[1] + pieces[2], stored);
  EXPECT_EQ(CutStoredConfig("").size(), 1u);
}

TEST(StoredConfigTest, GarbageIsRefused) {
  EXPECT_EQ(DecodeStoredConfig("", 1).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeStoredConfig("\x08\x01\x12\x05zzzzz", 1).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace meridian
