#include "libs/runtime/answer_table.h"

#include <gtest/gtest.h>

#include "libs/runtime/refusal.h"

namespace meridian {
namespace {

using Verdict = AnswerTable::Verdict;

const Instant kNow = Instant::FromUnixMilliseconds(1'750'000'000'000);

RequestKey KeyAt(Instant time, uint64_t number, std::string tenant = "acme", uint64_t digest = 1) {
  return {std::move(tenant), Uuid::Version7(time.ToUnixMilliseconds(), 0, number), digest};
}

TEST(AnswerTableTest, RepeatGetsItsAnswerPerTenant) {
  AnswerTable table{AnswerTableLimits{}};
  const RequestKey key = KeyAt(kNow, 1);
  EXPECT_EQ(table.Find(key, kNow).verdict, Verdict::kNew);
  table.Add(key, "yes");
  EXPECT_EQ(table.Find(key, kNow).answer, "yes");
  EXPECT_EQ(table.Find(KeyAt(kNow, 1, "other"), kNow).verdict, Verdict::kNew);
  EXPECT_EQ(ReasonOf(table.Find(KeyAt(kNow, 1, "acme", 2), kNow).refusal), "REQUEST_ID_REUSED");
}

TEST(AnswerTableTest, WindowIsFiveMinutesBackAndOneAhead) {
  AnswerTable table{AnswerTableLimits{}};
  EXPECT_EQ(table.Find(KeyAt(kNow - Duration::Minutes(5), 1), kNow).verdict, Verdict::kNew);
  const auto old = table.Find(KeyAt(kNow - Duration::Minutes(5) - Duration::Milliseconds(1), 1), kNow);
  EXPECT_EQ(ReasonOf(old.refusal), "REQUEST_TOO_OLD");
  EXPECT_EQ(ShardTimeOf(old.refusal), kNow);
  EXPECT_EQ(table.Find(KeyAt(kNow + Duration::Minutes(1), 1), kNow).verdict, Verdict::kNew);
  EXPECT_EQ(ReasonOf(table.Find(KeyAt(kNow + Duration::Milliseconds(60001), 1), kNow).refusal), "REQUEST_FROM_FUTURE");
}

TEST(AnswerTableTest, OneRecordPerCommitRestoresTheAnswers) {
  AnswerTable table{AnswerTableLimits{}};
  std::vector<Record> puts;
  table.Add(KeyAt(kNow, 1), "one");
  table.Add(KeyAt(kNow, 2, "other"), std::string("\0two", 4));
  table.TakeRecord(258, &puts);
  ASSERT_EQ(puts.size(), 1u);
  EXPECT_EQ(puts[0].key.table, 240);
  EXPECT_EQ(puts[0].key.key, std::string("\0\0\0\0\0\0\1\2", 8));
  EXPECT_EQ(table.PendingBytes(), 0u);
  table.TakeRecord(259, &puts);
  EXPECT_EQ(puts.size(), 1u) << "a batch without answers has no record";

  AnswerTable loaded{AnswerTableLimits{}};
  ASSERT_TRUE(loaded.Restore(puts[0]).ok());
  loaded.FinishRestore();
  EXPECT_EQ(loaded.Find(KeyAt(kNow, 1), kNow).answer, "one");
  EXPECT_EQ(loaded.Find(KeyAt(kNow, 2, "other"), kNow).answer, std::string_view("\0two", 4));
  EXPECT_EQ(loaded.bytes(), table.bytes());
}

TEST(AnswerTableTest, RecordCutShortAnywhereIsRefused) {
  AnswerTable table{AnswerTableLimits{}};
  std::vector<Record> puts;
  table.Add(KeyAt(kNow, 1), "one");
  table.TakeRecord(1, &puts);
  for (size_t size = 0; size < puts[0].value.size(); ++size) {
    AnswerTable loaded{AnswerTableLimits{}};
    EXPECT_FALSE(loaded.Restore({puts[0].key, puts[0].value.substr(0, size)}).ok()) << size;
  }
  AnswerTable loaded{AnswerTableLimits{}};
  EXPECT_FALSE(loaded.Restore({puts[0].key, puts[0].value + "x"}).ok());
}

TEST(AnswerTableTest, OldRecordsAreDeletedAFewPerCommitAndNeverBeforeTheirTime) {
  AnswerTable table{AnswerTableLimits{}};
  std::vector<Record> puts;
  for (uint64_t number = 1; number <= 6; ++number) {
    table.Add(KeyAt(kNow, number), "x");
    table.TakeRecord(number, &puts);
  }
  // Restored in any order, forgotten in the order of commits.
  AnswerTable loaded{AnswerTableLimits{}};
  for (size_t i = puts.size(); i > 0; --i) ASSERT_TRUE(loaded.Restore(puts[i - 1]).ok());
  loaded.FinishRestore();
  std::vector<RecordKey> deletes;
  loaded.ForgetOld(kNow + Duration::Minutes(5));
  loaded.TakeDeletes(&deletes);
  EXPECT_TRUE(deletes.empty()) << "the last instant of the window still gets the first answer";
  const Instant later = kNow + Duration::Minutes(5) + Duration::Milliseconds(1);
  loaded.ForgetOld(later);
  loaded.ForgetOld(later);
  loaded.TakeDeletes(&deletes);
  ASSERT_EQ(deletes.size(), AnswerTable::kDeletesPerCommit);
  EXPECT_EQ(deletes[0], puts[0].key);
  loaded.ForgetOld(later);
  loaded.TakeDeletes(&deletes);
  EXPECT_EQ(deletes.size(), 6u);
  EXPECT_EQ(loaded.size(), 0u);
  EXPECT_EQ(loaded.bytes(), 0u);
}

TEST(AnswerTableTest, FullTableRefusesNewIdsAndKeepsAnsweringOldOnes) {
  AnswerTable table{AnswerTableLimits{2, 1 << 20}};
  std::vector<Record> puts;
  table.Add(KeyAt(kNow, 1), "one");
  table.Add(KeyAt(kNow, 2), "two");
  table.TakeRecord(1, &puts);
  EXPECT_EQ(ReasonOf(table.Find(KeyAt(kNow, 3), kNow).refusal), "ANSWERS_FULL");
  EXPECT_EQ(table.Find(KeyAt(kNow, 1), kNow).answer, "one");
  const Instant later = kNow + Duration::Minutes(6);
  table.ForgetOld(later);
  EXPECT_EQ(table.Find(KeyAt(later, 3), later).verdict, Verdict::kNew);

  AnswerTable small{AnswerTableLimits{1000, 1}};
  small.Add(KeyAt(kNow, 1), "one");
  EXPECT_EQ(ReasonOf(small.Find(KeyAt(kNow, 2), kNow).refusal), "ANSWERS_FULL") << "bounded in bytes too";
}

}  // namespace
}  // namespace meridian
