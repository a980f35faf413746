#include "libs/runtime/shard_store.h"

#include <gtest/gtest.h>

#include <set>

namespace meridian {
namespace {

CommitRequest Request() {
  CommitRequest request;
  request.shard = {ShardKind::kSession, 3};
  request.term = 1'750'000'000'000;
  request.number = 42;
  request.puts = {{{1, "key"}, "value"}, {{2, std::string(100, 'k')}, std::string(1000, 'v')}};
  request.deletes = {{3, "gone"}};
  request.log_entry = "entry";
  return request;
}

TEST(DigestTest, IsStableAcrossBuilds) {
  EXPECT_EQ(DigestOf(Request()), 6210608472407530408u) << "part of the stored format";
}

TEST(DigestTest, CoversEverythingButItself) {
  std::set<uint64_t> seen = {DigestOf(Request())};
  auto differs = [&](auto change) {
    CommitRequest request = Request();
    change(request);
    EXPECT_TRUE(seen.insert(DigestOf(request)).second) << seen.size();
  };
  differs([](CommitRequest& r) { r.shard.number = 4; });
  differs([](CommitRequest& r) { r.shard.kind = ShardKind::kRouting; });
  differs([](CommitRequest& r) { ++r.term; });
  differs([](CommitRequest& r) { ++r.number; });
  differs([](CommitRequest& r) { r.puts.pop_back(); });
  differs([](CommitRequest& r) { std::swap(r.puts[0], r.puts[1]); });
  differs([](CommitRequest& r) { r.puts[0].key.table = 9; });
  differs([](CommitRequest& r) { r.puts[0] = {{1, "keyv"}, "alue"}; });
  differs([](CommitRequest& r) { r.deletes.clear(); });
  differs([](CommitRequest& r) { r.log_entry.clear(); });
  differs([](CommitRequest& r) { r.log_entry += '\0'; });
  for (size_t size = 0; size < 70; ++size) {
    for (int bit = 0; bit < 8; ++bit) {
      differs([&](CommitRequest& r) {
        r.log_entry = std::string(size + 1, 'x');
        r.log_entry[size] = static_cast<char>(r.log_entry[size] ^ (1 << bit));
      });
    }
  }
  CommitRequest same = Request();
  same.digest = 99;
  EXPECT_EQ(DigestOf(same), DigestOf(Request()));
}

}  // namespace
}  // namespace meridian
