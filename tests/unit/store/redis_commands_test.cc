#include "libs/store/redis_commands.h"

#include <gtest/gtest.h>
#include <hiredis/hiredis.h>

#include <memory>
#include <string>
#include <vector>

namespace meridian {
namespace {

// What `find` would have answered with these numbers.
absl::StatusOr<RedisFound> Found(const std::vector<uint64_t>& numbers, size_t tables, RedisPlace at) {
  std::string text = "*" + std::to_string(numbers.size()) + "\r\n";
  for (const uint64_t number : numbers) text += ":" + std::to_string(number) + "\r\n";
  const std::unique_ptr<redisReader, void (*)(redisReader*)> reader(redisReaderCreate(), redisReaderFree);
  redisReaderFeed(reader.get(), text.data(), text.size());
  void* reply = nullptr;
  EXPECT_EQ(redisReaderGetReply(reader.get(), &reply), REDIS_OK);
  auto found = DecodeFind(RedisReply(static_cast<redisReply*>(reply)), tables, at);
  freeReplyObject(reply);
  return found;
}

TEST(RedisCommandsTest, TheBucketsFoundAreThoseOfTheTablesAskedForInOrder) {
  const auto found = Found({2, 5, 7, 1024, 2 * 1024 + 4}, 3, {0, 7});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->next, (RedisPlace{2, 5}));
  EXPECT_EQ(found->buckets, (std::vector<RedisPlace>{{0, 7}, {1, 0}, {2, 4}}));
  EXPECT_EQ(Found({3, 0}, 3, {2, 1000})->next, (RedisPlace{3, 0})) << "nothing more";
}

TEST(RedisCommandsTest, AnAnswerThatDoesNotGoOnFromWhereItWasAskedIsAnError) {
  const std::vector<std::vector<uint64_t>> bad = {{},
                                                  {1},
                                                  {1, 7},                            // where it was asked
                                                  {1, 6},                            // back in the table
                                                  {0, 1000},                         // back to another table
                                                  {0, 0},                            // as of nil
                                                  {3, 1},                            // behind the end
                                                  {4, 0},                            //
                                                  {2, 1024},                         // no bucket
                                                  {2, 5, 1024 + 6},                  // before where it was asked
                                                  {2, 5, 2 * 1024 + 5},              // not before where it goes on
                                                  {2, 5, 3 * 1024},                  // of no table
                                                  {2, 5, 1024 + 9, 1024 + 8},        // backwards
                                                  {2, 5, 1024 + 9, 1024 + 9},        // twice
                                                  {2, 5, uint64_t{1} << 42, 1024}};  // far out
  for (const std::vector<uint64_t>& numbers : bad) {
    EXPECT_EQ(Found(numbers, 3, {1, 7}).status().code(), absl::StatusCode::kInternal)
        << ::testing::PrintToString(numbers);
  }
}

}  // namespace
}  // namespace meridian
