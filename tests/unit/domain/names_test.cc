#include "libs/domain/names.h"

#include <gtest/gtest.h>

namespace meridian {
namespace {

TEST(ZoneNameTest, HasSegmentsOfPlainCharacters) {
  for (const char* name : {"UTC", "Europe/Madrid", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Ust-Nera"}) {
    EXPECT_TRUE(IsZoneName(name)) << name;
  }
  for (const char* name : {"", "/", "/etc/localtime", "Europe/", "Europe//Madrid", "../Europe", "Europe/.", "file:UTC",
                           "Asia Kolkata", "Europe/M\xC3\xA1laga"}) {
    EXPECT_FALSE(IsZoneName(name)) << name;
  }
}

TEST(ZoneNameTest, IsAtMost64BytesLong) {
  EXPECT_TRUE(IsZoneName(std::string(64, 'a')));
  EXPECT_FALSE(IsZoneName(std::string(65, 'a')));
}

}  // namespace
}  // namespace meridian
