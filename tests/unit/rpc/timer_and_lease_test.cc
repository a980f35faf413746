#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "libs/error/error.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/rpc/token_lease.h"

namespace meridian::rpc {
namespace {

TEST(DeadlineTimerTest, CallsInTheOrderOfDeadlines) {
  std::vector<int> order;  // written by the timer's thread only, read after `last`
  std::promise<void> last;
  DeadlineTimer timer;
  timer.After(Duration::Milliseconds(40), [&] {
    order.push_back(3);
    last.set_value();
  });
  timer.After(Duration::Milliseconds(20), [&] { order.push_back(2); });
  timer.After(Duration::Zero(), [&] { order.push_back(1); });
  ASSERT_EQ(last.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(DeadlineTimerTest, DoesNotCallWhatWasCanceledOrLeftOver) {
  std::atomic<bool> called = false;
  std::promise<void> later;
  {
    DeadlineTimer timer;
    DeadlineTimer::Id id = timer.After(Duration::Milliseconds(10), [&] { called = true; });
    timer.Cancel(id);
    timer.Cancel(id);
    timer.Cancel(12345);
    timer.After(Duration::Milliseconds(30), [&] { later.set_value(); });
    ASSERT_EQ(later.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
    timer.After(Duration::Hours(1'000'000'000 / 3600), [&] { called = true; });
  }
  EXPECT_FALSE(called);
}

TEST(DeadlineTimerTest, ACallMayUseTheTimer) {
  std::promise<void> done;
  DeadlineTimer timer;
  timer.After(Duration::Zero(), [&] { timer.After(Duration::Zero(), [&] { done.set_value(); }); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

security::TokenClaims Ana(int64_t expires_s) {
  return {.tenant = "demo",
          .subject = "ana",
          .role = security::Role::kAgent,
          .expires_at = Instant::FromUnixSeconds(expires_s)};
}

security::Claims Shared(const security::TokenClaims& claims) {
  return std::make_shared<const security::TokenClaims>(claims);
}

TEST(TokenLeaseTest, EndsAMinuteAfterTheTokenAndFollowsItsRenewal) {
  TokenLease lease(Shared(Ana(1000)));
  EXPECT_EQ(lease.ends_at(), Instant::FromUnixSeconds(1060));
  EXPECT_TRUE(lease.Renew(Shared(Ana(2000))).ok());
  EXPECT_EQ(lease.ends_at(), Instant::FromUnixSeconds(2060));
}

TEST(TokenLeaseTest, RefusesTheTokenOfAnybodyElse) {
  TokenLease lease(Shared(Ana(1000)));
  auto refused = [&](auto change) {
    security::TokenClaims other = Ana(2000);
    change(other);
    return ErrorReason(lease.Renew(Shared(other))) == "TOKEN_OF_ANOTHER" &&
           lease.ends_at() == Instant::FromUnixSeconds(1060);
  };
  EXPECT_TRUE(refused([](auto& claims) { claims.tenant = "other"; }));
  EXPECT_TRUE(refused([](auto& claims) { claims.subject = "eva"; }));
  EXPECT_TRUE(refused([](auto& claims) { claims.role = security::Role::kAdmin; }));
  EXPECT_TRUE(refused([](auto& claims) { claims.origin = "https://evil.example"; }));
}

TEST(TokenLeaseTest, AVisitorsSessionIsBoundOnceItIsKnown) {
  security::TokenClaims visitor = Ana(1000);
  TokenLease lease(Shared(visitor));
  visitor.session = "s1";
  EXPECT_TRUE(lease.Renew(Shared(visitor)).ok());
  visitor.session = "s2";
  EXPECT_EQ(ErrorReason(lease.Renew(Shared(visitor))), "TOKEN_OF_ANOTHER");
  visitor.session = "";
  EXPECT_EQ(ErrorReason(lease.Renew(Shared(visitor))), "TOKEN_OF_ANOTHER");
}

}  // namespace
}  // namespace meridian::rpc
