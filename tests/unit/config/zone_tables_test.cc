#include "libs/config/zone_tables.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

constexpr Instant kStartOf2026 = Instant::FromUnixSeconds(1767225600);

TEST(ZoneTablesTest, HoldsTheJumpsOfTheComingYear) {
  auto table = MakeZoneTable("Europe/Madrid", kStartOf2026);
  ASSERT_TRUE(table.has_value());
  ASSERT_GE(table->transitions.size(), 3u);
  EXPECT_EQ(table->transitions[0].offset_seconds, 3600);
  EXPECT_EQ(table->transitions[1].from, Instant::FromUnixSeconds(1774746000));  // 2026-03-29 01:00 UTC
  EXPECT_EQ(table->transitions[1].offset_seconds, 7200);
  EXPECT_EQ(table->transitions[2].from, Instant::FromUnixSeconds(1792890000));  // 2026-10-25 01:00 UTC
  EXPECT_EQ(table->transitions[2].offset_seconds, 3600);
}

TEST(ZoneTablesTest, ZonesWithoutJumpsHaveOneOffset) {
  auto table = MakeZoneTable("Asia/Kolkata", kStartOf2026);
  ASSERT_TRUE(table.has_value());
  EXPECT_EQ(table->transitions.size(), 1u);
  EXPECT_EQ(OffsetAt(*table, kStartOf2026 + Duration::Hours(5000)), 19800);
}

TEST(ZoneTablesTest, UnknownNamesHaveNoTable) {
  for (const char* name : {"", "Mars/Olympus", "localtime", "leapseconds", "Europe", "posix/Europe/Madrid"}) {
    EXPECT_FALSE(MakeZoneTable(name, kStartOf2026).has_value()) << name;
  }
}

TEST(ZoneTablesTest, ANameIsNoPath) {
  for (const char* name :
       {"/usr/share/zoneinfo/Europe/Madrid", "file:/usr/share/zoneinfo/Europe/Madrid", "../zoneinfo/Europe/Madrid",
        "./Europe/Madrid", "Europe//Madrid", "Europe/../Europe/Madrid", "file:Europe/Madrid"}) {
    EXPECT_FALSE(MakeZoneTable(name, kStartOf2026).has_value()) << name;
  }
}

}  // namespace
}  // namespace meridian
