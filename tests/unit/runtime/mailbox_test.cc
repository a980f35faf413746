#include "libs/runtime/mailbox.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace meridian {
namespace {

using Item = std::unique_ptr<int>;

TEST(MailboxTest, LanesAreFirstInFirstOutAndIndependent) {
  Mailbox<Item> mailbox(MailboxLimits{});
  for (int i = 0; i < 3; ++i) {
    mailbox.Post(Lane::kReads, std::make_unique<int>(i));
    mailbox.Post(Lane::kLiveWork, std::make_unique<int>(10 + i));
  }
  Item item;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(mailbox.Take(Lane::kLiveWork, &item));
    EXPECT_EQ(*item, 10 + i);
    mailbox.Post(Lane::kReads, std::make_unique<int>(3 + i));
  }
  EXPECT_FALSE(mailbox.Take(Lane::kLiveWork, &item));
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(mailbox.Take(Lane::kReads, &item));
    EXPECT_EQ(*item, i);
  }
  EXPECT_TRUE(mailbox.empty());
}

TEST(MailboxTest, FullLaneRefusesWithoutTakingTheItemUntilThereIsRoom) {
  MailboxLimits limits;
  limits.capacity = {1, 1, 1};
  Mailbox<Item> mailbox(limits);
  EXPECT_EQ(mailbox.Post(Lane::kReads, std::make_unique<int>(1)), PostResult::kPosted);
  Item second = std::make_unique<int>(2);
  EXPECT_EQ(mailbox.Post(Lane::kReads, std::move(second)), PostResult::kFull);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(mailbox.Post(Lane::kLiveWork, std::make_unique<int>(3)), PostResult::kPosted);
  Item item;
  ASSERT_TRUE(mailbox.Take(Lane::kReads, &item));
  EXPECT_EQ(mailbox.Post(Lane::kReads, std::move(second)), PostResult::kPosted);
}

TEST(MailboxTest, ClosedMailboxRefusesButGivesWhatItHas) {
  Mailbox<Item> mailbox(MailboxLimits{});
  mailbox.Post(Lane::kLiveWork, std::make_unique<int>(1));
  mailbox.SetClosed(true);
  EXPECT_EQ(mailbox.Post(Lane::kLiveWork, std::make_unique<int>(2)), PostResult::kClosed);
  Item item;
  EXPECT_TRUE(mailbox.Take(Lane::kLiveWork, &item));
}

TEST(MailboxTest, ATenantThatFloodsNewContactsIsRefusedBeforeTheOthers) {
  MailboxLimits limits;
  limits.capacity = {4, 100, 4};
  Mailbox<Item> mailbox(limits);
  const auto post = [&](std::string_view tenant) {
    return mailbox.Post(Lane::kNewContacts, std::make_unique<int>(1), tenant);
  };
  int taken = 0;
  for (int i = 0; i < 1000; ++i) taken += post("noisy") == PostResult::kPosted ? 1 : 0;
  EXPECT_EQ(taken, 50) << "alone a tenant has half of the lane";
  EXPECT_EQ(post("noisy"), PostResult::kShareFull);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(post("quiet"), PostResult::kPosted) << i;
    EXPECT_EQ(post("noisy"), PostResult::kShareFull);
  }
  Item item;
  while (mailbox.Take(Lane::kNewContacts, &item)) {
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(post("noisy"), PostResult::kPosted) << i << ": its places were given back";
  // Without a tenant the whole lane is there, and the other lanes know no shares.
  EXPECT_EQ(mailbox.Post(Lane::kNewContacts, std::make_unique<int>(1)), PostResult::kPosted);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(mailbox.Post(Lane::kLiveWork, std::make_unique<int>(1), "noisy"), PostResult::kPosted);
  }
}

// Whatever the others do, one of n tenants that holds nothing finds a place, and none has more than is left for all.
TEST(MailboxTest, ManyTenantsThatFloodTheLaneShareItAndLeaveRoomForAnother) {
  MailboxLimits limits;
  limits.capacity = {4, 100, 4};
  for (int noisy = 1; noisy <= 9; ++noisy) {
    Mailbox<Item> mailbox(limits);
    for (int i = 0; i < 2000; ++i) {
      mailbox.Post(Lane::kNewContacts, std::make_unique<int>(1), "noisy" + std::to_string(i % noisy));
    }
    const size_t room = 100 - mailbox.size(Lane::kNewContacts);
    EXPECT_GE(room, 100u / (static_cast<size_t>(noisy) + 1)) << noisy;
    EXPECT_EQ(mailbox.Post(Lane::kNewContacts, std::make_unique<int>(1), "quiet"), PostResult::kPosted);
  }
}

TEST(MailboxTest, WhoAsksForLittleDoesNotWaitForWhoFloodsTheLane) {
  Mailbox<Item> mailbox(MailboxLimits{});
  for (int i = 0; i < 1000; ++i) mailbox.Post(Lane::kNewContacts, std::make_unique<int>(i), "noisy");
  for (int i = 0; i < 3; ++i) mailbox.Post(Lane::kNewContacts, std::make_unique<int>(10'000 + i), "quiet");
  std::vector<int> taken;
  for (Item item; mailbox.Take(Lane::kNewContacts, &item);) taken.push_back(*item);
  ASSERT_EQ(taken.size(), 1003u);
  taken.resize(8);
  EXPECT_EQ(taken, (std::vector<int>{0, 10'000, 1, 10'001, 2, 10'002, 3, 4})) << "in turn, each in its own order";
}

class MailboxWaitTest : public ::testing::Test {
 protected:
  static MailboxLimits Limits() {
    MailboxLimits limits;
    limits.longest_wait = Duration::Seconds(1);
    return limits;
  }
  bool Post(std::string_view tenant = "noisy") {
    return mailbox_.Post(Lane::kNewContacts, std::make_unique<int>(static_cast<int>(posted_++)), tenant, now_) ==
           PostResult::kPosted;
  }
  // For `length`, so many come in and go out each millisecond; returns how many were refused.
  int Pass(Duration length, int in, int out) {
    int refused = 0;
    for (const MonotonicInstant end = now_ + length; now_ < end; now_ = now_ + Duration::Milliseconds(1)) {
      for (int i = 0; i < in; ++i) refused += Post() ? 0 : 1;
      Item item;
      for (int i = 0; i < out; ++i) mailbox_.Take(Lane::kNewContacts, &item, now_);
    }
    return refused;
  }
  size_t Waiting() const { return mailbox_.size(Lane::kNewContacts); }

  Mailbox<Item> mailbox_{Limits()};
  MonotonicInstant now_ = MonotonicInstant() + Duration::Seconds(100);
  int64_t posted_ = 0;
};

TEST_F(MailboxWaitTest, NoMoreIsTakenThanIsServedInTimeAtWhateverSpeed) {
  Pass(Duration::Seconds(5), 6, 2);
  EXPECT_GT(Pass(Duration::Seconds(5), 6, 2), 0);
  EXPECT_NEAR(static_cast<double>(Waiting()), 2000, 100) << "a second of what is served";
  Pass(Duration::Seconds(5), 6, 1);
  EXPECT_NEAR(static_cast<double>(Waiting()), 1000, 100);
  EXPECT_TRUE(Post("quiet"));
}

TEST_F(MailboxWaitTest, AStandStillRefusesNothingWhileThereIsRoom) {
  EXPECT_EQ(Pass(Duration::Seconds(1), 1, 1), 0);
  EXPECT_EQ(Pass(Duration::Seconds(4), 1, 0), 0);
  EXPECT_EQ(Waiting(), 4000u);
}

TEST_F(MailboxWaitTest, AfterASurgeNothingIsRefused) {
  Pass(Duration::Seconds(10), 6, 2);
  Pass(Duration::Seconds(3), 0, 2);
  EXPECT_EQ(Waiting(), 0u);
  EXPECT_EQ(Pass(Duration::Seconds(5), 1, 2), 0);
}

TEST(MailboxTest, ManyProducersLoseAndReorderNothing) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  MailboxLimits limits;
  limits.capacity = {100, 100, 100};
  Mailbox<Item> mailbox(limits);
  std::vector<std::thread> producers;
  for (int thread = 0; thread < kThreads; ++thread) {
    producers.emplace_back([&mailbox, thread] {
      for (int i = 0; i < kEach; ++i) {
        Item item = std::make_unique<int>(thread * kEach + i);
        while (mailbox.Post(static_cast<Lane>(thread % kLanes), std::move(item)) == PostResult::kFull) {
          std::this_thread::yield();
        }
      }
    });
  }
  std::vector<int> next(kThreads, 0);
  Item item;
  for (int taken = 0; taken < kThreads * kEach;) {
    for (Lane lane : {Lane::kLiveWork, Lane::kNewContacts, Lane::kReads}) {
      EXPECT_LE(mailbox.size(lane), 100u);
      if (!mailbox.Take(lane, &item)) continue;
      ++taken;
      EXPECT_EQ(*item % kEach, next[*item / kEach]++);
    }
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_TRUE(mailbox.empty());
}

}  // namespace
}  // namespace meridian
