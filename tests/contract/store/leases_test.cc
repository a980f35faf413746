// Leases: one owner at a time, by the clock given.
#include "tests/contract/store/store_backend.h"

namespace meridian {
namespace {

class StoreLeasesTest : public StoreTest {
 protected:
  absl::StatusOr<Lease> Acquire(const std::string& owner, uint64_t nonce) {
    return testing::Await<absl::StatusOr<Lease>>(
        [&](auto done) { leases().Acquire(kShard, owner, nonce, kTtl, std::move(done)); });
  }
  absl::StatusOr<Lease> Renew(const Lease& lease) {
    return testing::Await<absl::StatusOr<Lease>>([&](auto done) { leases().Renew(lease, kTtl, std::move(done)); });
  }
  absl::Status Release(const Lease& lease) {
    return testing::Await<absl::Status>([&](auto done) { leases().Release(lease, std::move(done)); });
  }

  static constexpr Duration kTtl = Duration::Seconds(10);
};
INSTANTIATE_TEST_SUITE_P(Stores, StoreLeasesTest, ::testing::ValuesIn(AllStoreKinds()), KindName);

TEST_P(StoreLeasesTest, OneOwnerAtATime) {
  const auto lease = Acquire("one", 1);
  ASSERT_TRUE(lease.ok());
  EXPECT_EQ(lease->owner, "one");
  EXPECT_EQ(lease->nonce, 1u);
  EXPECT_EQ(lease->valid_for, kTtl);
  const auto second = Acquire("two", 2);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_NE(second.status().ToString().find("one"), std::string::npos) << second.status();
}

TEST_P(StoreLeasesTest, AnExpiredLeaseIsRenewedUntilAnotherTookIt) {
  const auto lease = Acquire("one", 1);
  clock_.Advance(kTtl * 2);
  EXPECT_TRUE(Renew(*lease).ok());
  EXPECT_FALSE(Acquire("two", 2).ok());
  clock_.Advance(kTtl);
  EXPECT_TRUE(Acquire("two", 2).ok());
  EXPECT_EQ(Renew(*lease).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(StoreLeasesTest, RenewingKeepsIt) {
  const auto lease = Acquire("one", 1);
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(kTtl / 2);
    EXPECT_TRUE(Renew(*lease).ok());
  }
  EXPECT_FALSE(Acquire("two", 2).ok());
}

TEST_P(StoreLeasesTest, ReleasingGivesItToTheNextAndIsIdempotent) {
  const auto lease = Acquire("one", 1);
  EXPECT_TRUE(Release(*lease).ok());
  EXPECT_TRUE(Acquire("two", 2).ok());
  EXPECT_TRUE(Release(*lease).ok());  // not the second one's
  EXPECT_FALSE(Acquire("three", 3).ok());
}

TEST_P(StoreLeasesTest, AnOwnerTakesItsOwnLeaseAnewAndTheOldNonceIsGone) {
  const auto first = Acquire("one", 1);
  EXPECT_TRUE(Acquire("one", 2).ok());
  EXPECT_EQ(Renew(*first).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace meridian
