#include "libs/security/rate_limiter.h"

#include <gtest/gtest.h>

#include "libs/error/error.h"
#include "libs/security/site_access.h"

namespace meridian::security {
namespace {

constexpr Instant kNow = Instant::FromUnixSeconds(1'800'000'000);

TEST(RateLimiterTest, AllowsABurstThenOnePerRefill) {
  RateLimiter limiter({.burst = 3, .refill_each = Duration::Seconds(10)});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", kNow), Duration::Zero());
  EXPECT_EQ(limiter.Take("a", kNow), Duration::Seconds(10));
  EXPECT_EQ(limiter.Take("a", kNow + Duration::Seconds(4)), Duration::Seconds(6));
  EXPECT_EQ(limiter.Take("a", kNow + Duration::Seconds(10)), Duration::Zero());
  EXPECT_EQ(limiter.Take("a", kNow + Duration::Seconds(10)), Duration::Seconds(10));
  EXPECT_EQ(limiter.Take("b", kNow), Duration::Zero());
}

TEST(RateLimiterTest, IsFullAgainAfterARest) {
  RateLimiter limiter({.burst = 3, .refill_each = Duration::Seconds(10)});
  for (int i = 0; i < 3; ++i) limiter.Take("a", kNow);
  Instant later = kNow + Duration::Minutes(10);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.Take("a", later), Duration::Zero());
  EXPECT_NE(limiter.Take("a", later), Duration::Zero());
}

TEST(RateLimiterTest, AKeyMayHaveALimitOfItsOwn) {
  RateLimiter limiter({});
  const auto take = [&](std::string_view key, int burst) {
    return limiter.Take(key, kNow, burst, Duration::Milliseconds(10));
  };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(take("large", 100), Duration::Zero());
  EXPECT_EQ(take("large", 100), Duration::Milliseconds(10));
  EXPECT_EQ(take("small", 1), Duration::Zero());
  EXPECT_EQ(take("small", 1), Duration::Milliseconds(10));
  EXPECT_EQ(take("large", 2), Duration::Milliseconds(10)) << "a lowered limit is no debt";
}

TEST(RateLimiterTest, AClockThatWentBackEmptiesTheBucketAtWorst) {
  RateLimiter limiter({.burst = 3, .refill_each = Duration::Seconds(10)});
  limiter.Take("a", kNow);
  const Instant before = kNow + Duration::Hours(-5);
  EXPECT_EQ(limiter.Take("a", before), Duration::Seconds(10));
  EXPECT_EQ(limiter.Take("a", before + Duration::Seconds(10)), Duration::Zero());
}

TEST(RateLimiterTest, ForgetsTheLongestIdleKeyWhenFull) {
  RateLimiter limiter({.burst = 1, .refill_each = Duration::Seconds(10), .max_keys = 2});
  limiter.Take("a", kNow);
  limiter.Take("b", kNow);
  EXPECT_NE(limiter.Take("a", kNow), Duration::Zero());  // b is now the idle one
  limiter.Take("c", kNow);
  EXPECT_NE(limiter.Take("a", kNow), Duration::Zero());
  EXPECT_EQ(limiter.Take("b", kNow), Duration::Zero());
}

class SiteAccessTest : public testing::Test {
 protected:
  SiteAccessTest() { access_.Replace({{"site-1", "demo", {"https://shop.example"}}}); }

  SiteAccess access_{{.burst = 2, .refill_each = Duration::Seconds(10)},
                     {.burst = 3, .refill_each = Duration::Seconds(1)}};
};

TEST_F(SiteAccessTest, AdmitsTheSitesOwnOriginOnly) {
  auto site = access_.Admit("site-1", "https://shop.example", "10.0.0.1", kNow);
  ASSERT_TRUE(site.ok());
  EXPECT_EQ(site->tenant, "demo");
  EXPECT_EQ(ErrorReason(access_.Admit("site-1", "https://shop.example.evil", "10.0.0.2", kNow).status()),
            "ORIGIN_DENIED");
  EXPECT_EQ(ErrorReason(access_.Admit("site-1", "", "10.0.0.3", kNow).status()), "ORIGIN_DENIED");
  EXPECT_EQ(ErrorReason(access_.Admit("site-2", "https://shop.example", "10.0.0.4", kNow).status()), "SITE_UNKNOWN");
}

TEST_F(SiteAccessTest, LimitsAddressesAndSites) {
  auto admit = [&](const char* address) {
    return access_.Admit("site-1", "https://shop.example", address, kNow).status();
  };
  EXPECT_TRUE(admit("10.0.0.1").ok());
  EXPECT_TRUE(admit("10.0.0.1").ok());
  absl::Status limited = admit("10.0.0.1");
  EXPECT_EQ(limited.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(limited), "RATE_LIMITED");
  EXPECT_EQ(ErrorMetadataOf(limited).at("retry_after_ms"), "10001");
  EXPECT_TRUE(admit("10.0.0.2").ok());
  EXPECT_EQ(ErrorReason(admit("10.0.0.3")), "RATE_LIMITED");  // the site's own limit
}

TEST_F(SiteAccessTest, AReplacedTableForgetsOldSites) {
  access_.Replace({});
  EXPECT_EQ(ErrorReason(access_.Admit("site-1", "https://shop.example", "10.0.0.1", kNow).status()), "SITE_UNKNOWN");
}

TEST_F(SiteAccessTest, AKeyThatIsHeldTwiceIsNobodys) {
  const std::vector<Site> contested = access_.Replace({{"site-1", "attacker", {"https://shop.example"}},
                                                       {"site-2", "demo", {"https://shop.example"}},
                                                       {"site-1", "demo", {"https://shop.example"}}});
  ASSERT_EQ(contested.size(), 2u);
  EXPECT_EQ(contested[0].tenant, "attacker");
  EXPECT_EQ(contested[1].tenant, "demo");
  EXPECT_EQ(ErrorReason(access_.Admit("site-1", "https://shop.example", "10.0.0.1", kNow).status()), "SITE_UNKNOWN");
  EXPECT_TRUE(access_.Admit("site-2", "https://shop.example", "10.0.0.1", kNow).ok());
}

}  // namespace
}  // namespace meridian::security
