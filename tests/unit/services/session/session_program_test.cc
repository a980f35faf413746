// What the program promises its loop: sizes from above, facts in their place, and state that a load brings back.
#include "services/session/session_program.h"

#include <gtest/gtest.h>

#include <map>

#include "libs/wire/session_log.h"
#include "libs/wire/session_records.h"
#include "libs/wire/stored_format.h"
#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

using conversation::ApplyRoutingFacts;
using conversation::ContactQueuedFact;

constexpr Instant kNow = Instant::FromUnixSeconds(1'750'000'000);

size_t BytesOf(const ProgramBatch<SessionProgram::Message>& batch) {
  size_t bytes = batch.log_entry.size();
  for (const Record& record : batch.puts) bytes += 1 + record.key.key.size() + record.value.size();
  for (const RecordKey& key : batch.deletes) bytes += 1 + key.key.size();
  return bytes;
}

TEST(SessionProgramTest, SizesAreFromAboveAndOneCommandFits) {
  SessionWorld world;
  SessionProgram program;
  const std::string text(8 * 1024, 'x');
  for (uint64_t i = 1; i <= 200; ++i) {
    auto command = world.Submission(i % 3, i, text);
    command.parts.resize(i % 4 + 1, command.parts.front());
    command.spec.id = SessionWorld::Contact(1000 + i);
    command.spec.preferred_agent = AgentId{std::string(63, 'a')};
    command.personal_attributes.push_back({AttributeName{"note"}, std::string(1000, 'y')});
    ASSERT_TRUE(program.Apply({std::move(command), {}, 0}, kNow).result.ok());
    const BatchSize size = program.PendingSize();
    EXPECT_LE(size.records, kMaxEffectRecords);
    EXPECT_LE(size.bytes, kMaxEffectBytes);
    const auto batch = program.TakeBatch({1, i}, kNow);
    EXPECT_GE(size.bytes, BytesOf(batch));
    EXPECT_GE(size.records, batch.puts.size() + batch.deletes.size());
    EXPECT_TRUE(DecodeSessionLogEntry(batch.log_entry).ok());
    EXPECT_EQ(batch.log_entry.find("xxxx"), std::string::npos) << "a text in the log";
  }
}

SessionCommand Facts(uint64_t after, uint64_t number, uint32_t part, bool last) {
  return {ApplyRoutingFacts{0, {1, number}, last, {ContactQueuedFact{SessionWorld::Contact(1)}}},
          {after ? 1u : 0u, after},
          part};
}

TEST(SessionProgramTest, FactsOutOfPlaceAreRefused) {
  SessionProgram program;
  auto ok = [&](SessionCommand command) { return program.Apply(std::move(command), kNow).result.ok(); };
  EXPECT_FALSE(ok(Facts(1, 2, 0, true))) << "the entry before it has not come";
  EXPECT_TRUE(ok(Facts(0, 1, 0, true)));
  EXPECT_TRUE(ok(Facts(0, 1, 0, true))) << "a repeat";
  EXPECT_FALSE(ok(Facts(1, 3, 1, true))) << "its first part has not come";
  EXPECT_TRUE(ok(Facts(1, 3, 0, false)));
  EXPECT_TRUE(ok(Facts(1, 3, 1, true)));
  EXPECT_FALSE(ok(Facts(1, 4, 0, true)));
  EXPECT_TRUE(ok(Facts(3, 4, 0, true)));
}

TEST(SessionProgramTest, ALoadForgetsPartsOfAnEntry) {
  SessionProgram program;
  ASSERT_TRUE(program.Apply(Facts(0, 1, 0, false), kNow).result.ok());
  program.BeginLoad();
  ASSERT_TRUE(program.FinishLoad({}, kNow).ok());
  EXPECT_FALSE(program.Apply(Facts(0, 1, 1, true), kNow).result.ok());
}

// What a release with a field more has written is read, changed and written back without losing that field.
TEST(SessionProgramTest, FieldsOfALaterReleaseOutliveAChange) {
  const std::string field(
      "\xfa\x06\x03"
      "abc",
      6);  // 111, three bytes
  SessionWorld world;
  SessionProgram first;
  ASSERT_TRUE(first.Apply({world.Submission(1, 1, "hola"), {}, 0}, kNow).result.ok());
  ASSERT_TRUE(first.Apply(Facts(0, 1, 0, true), kNow).result.ok());
  SessionProgram program;
  program.BeginLoad();
  for (Record& record : first.TakeBatch({1, 1}, kNow).puts) {
    if (record.key.table > 2) continue;
    record.value[1] = static_cast<char>(StoredFormat() + 1);
    record.value += field;
    ASSERT_TRUE(program.Restore(record).ok());
  }
  ASSERT_TRUE(program.FinishLoad({}, kNow).ok());
  program.TakeBatch({2, 1}, kNow);
  conversation::CloseConversation close;
  close.tenant = SessionWorld::Tenant();
  close.conversation = SessionWorld::Conversation(1);
  ASSERT_TRUE(program.Apply({close, {}, 0}, kNow).result.ok());
  ASSERT_TRUE(program.Apply(Facts(1, 2, 0, true), kNow).result.ok());
  const BatchSize size = program.PendingSize();
  const auto batch = program.TakeBatch({2, 2}, kNow);
  EXPECT_GE(size.bytes, BytesOf(batch));
  size_t kept = 0;
  for (const Record& record : batch.puts) kept += record.value.ends_with(field) ? 1 : 0;
  EXPECT_EQ(kept, 2u) << "the conversation and the follower's position";
}

TEST(SessionProgramTest, TheErasureGoesOnFromItsRecordAndKeepsItsLaterFields) {
  const std::string field(
      "\xfa\x06\x03"
      "abc",
      6);  // 111, three bytes
  const RecordKey key{conversation::kErasureTable, conversation::ErasureKey()};
  SessionProgram program;
  program.BeginLoad();
  const conversation::ErasureRecord half{7, 300, SessionWorld::Conversation(1), 500};
  ASSERT_TRUE(program.Restore({key, Encode(half) + field}).ok());
  ASSERT_TRUE(program.FinishLoad({}, kNow).ok());
  program.TakeBatch({2, 1}, kNow);
  ASSERT_TRUE(program.Apply({conversation::EraseClosed{1, 7, {}}, {}, 0}, kNow).result.ok());
  const BatchSize size = program.PendingSize();
  EXPECT_LE(size.records, kMaxEffectRecords);
  const auto batch = program.TakeBatch({2, 2}, kNow);
  EXPECT_GE(size.bytes, BytesOf(batch));
  EXPECT_EQ(size.records, batch.puts.size() + batch.deletes.size());
  ASSERT_EQ(batch.puts.size(), 1u);
  EXPECT_EQ(batch.puts[0].key, key);
  EXPECT_TRUE(batch.puts[0].value.ends_with(field));
  ASSERT_FALSE(batch.deletes.empty());
  EXPECT_EQ(batch.deletes[0],
            (RecordKey{conversation::kMessageTable, conversation::MessageKey(SessionWorld::Conversation(1), 500)}));
  EXPECT_EQ(DecodeErasure(batch.puts[0].value)->messages_left, 500 - batch.deletes.size());
  EXPECT_FALSE(program.Restore({key, "garbage"}).ok());
}

TEST(SessionProgramTest, RecordsBringTheStateBack) {
  SessionWorld world;
  SessionProgram program;
  std::map<RecordKey, std::string> records;
  auto commit = [&](SessionProgram& from, uint64_t number) {
    auto batch = from.TakeBatch({1, number}, kNow);
    for (Record& record : batch.puts) records[record.key] = std::move(record.value);
    for (const RecordKey& key : batch.deletes) records.erase(key);
  };
  ASSERT_TRUE(program.Apply({world.Submission(1, 1, "hola"), {}, 0}, kNow).result.ok());
  commit(program, 1);
  ASSERT_TRUE(program.Apply(Facts(0, 1, 0, true), kNow).result.ok());
  commit(program, 2);
  SessionProgram other;
  other.BeginLoad();
  for (const auto& [key, value] : records) {
    if (key.table <= 2) ASSERT_TRUE(other.Restore({key, value}).ok());
  }
  ASSERT_TRUE(other.FinishLoad({}, kNow).ok());
  const auto* before = program.core().Find(SessionWorld::Conversation(1));
  const auto* after = other.core().Find(SessionWorld::Conversation(1));
  ASSERT_TRUE(before != nullptr && after != nullptr);
  EXPECT_EQ(*before, *after);
  EXPECT_EQ(other.core().FollowedTo(0), (conversation::RoutingPosition{1, 1}));
  EXPECT_FALSE(other.Restore({{1, "x"}, "garbage"}).ok());
  EXPECT_FALSE(other.Restore({{9, "x"}, ""}).ok());
}

}  // namespace
}  // namespace meridian
