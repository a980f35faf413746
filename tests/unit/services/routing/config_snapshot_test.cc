#include "services/routing/config_snapshot.h"

#include <gtest/gtest.h>

#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

TEST(ConfigSnapshotTest, HoldsAllButItsAgentsWhoseNamesItKeeps) {
  admin::v1::TenantConfig config = testing::DemoConfig();
  config.set_revision(7);
  config.mutable_agents(1)->set_display_name("Dieter K.");
  const auto snapshot = SnapshotOf(config);
  ASSERT_EQ(snapshot->agents_size(), 1);
  admin::v1::Agent named;
  named.set_name("dieter");
  named.set_display_name("Dieter K.");
  EXPECT_EQ(snapshot->agents(0).SerializeAsString(), named.SerializeAsString());
  config.clear_agents();
  *config.add_agents() = named;
  EXPECT_EQ(snapshot->SerializeAsString(), config.SerializeAsString());
}

}  // namespace
}  // namespace meridian
