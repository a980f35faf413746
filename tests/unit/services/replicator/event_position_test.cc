// From which positions and for which topics EventService.Stream refuses to read, over a store in memory.
#include <gtest/gtest.h>

#include "libs/error/error.h"
#include "libs/store/memory_store.h"
#include "libs/wire/log_entry.h"
#include "meridian/event/v1/event_service.pb.h"
#include "services/replicator/handlers.h"
#include "services/replicator/position_token.h"
#include "tests/unit/services/fakes/stream_client.h"

namespace meridian {
namespace {

using Client = StreamClient<event::v1::StreamRequest, event::v1::StreamResponse>;

constexpr Instant kNow = Instant::FromUnixSeconds(1'767'225'600);
const ShardId kShard{ShardKind::kRouting, 0};

class EventPositionTest : public testing::Test {
 protected:
  // A shard whose store can be replaced by one with another past, as a restored backup or a fail-over does.
  struct Shard {
    Shard() {
      store.Assign({"demo"}, {kShard, {{ShardKind::kSession, 0}}}, [](const auto&) {});
    }
    void BeginTerm(uint64_t at) {
      store.TakeTerm(kShard, at, static_cast<int64_t>(at), [&](const auto& grant) {
        term = grant->term;
        number = grant->last.number;
      });
    }
    LogPosition Commit() {
      Event event;
      event.contact = *ContactId::Parse("eu1-019b7693-9c00-7000-8000-00000000000a");
      event.topic = EventTopic::kContact;
      event.term = term;
      event.sequence = ++number;
      event.at = kNow;
      event.body = ContactHeld{};
      LogEntryWriter writer(*RegionCode::Parse("eu1"));
      writer.Append({"demo"}, {&event, 1});
      CommitRequest request{.shard = kShard, .term = term, .number = number};
      request.log_entry = writer.Take();
      request.digest = DigestOf(request);
      store.Commit(std::move(request), [](const CommitResult& result) {
        EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail;
      });
      return {term, number};
    }
    MemoryStore store;
    uint64_t term = 0;
    uint64_t number = 0;
  };

  // What the stream ended with; nullopt: it is open.
  std::optional<absl::Status> Read(Shard& shard, const event::v1::StreamRequest& request) {
    rpc::MethodTable methods;
    BindEvents({&shard.store, &shard.store, &shard.store}, methods);
    security::TokenClaims claims;
    claims.tenant = "demo";
    claims.role = security::Role::kIntegrator;
    claims.expires_at = kNow + Duration::Hours(1);
    Client client(methods, gate_, timer_, "/meridian.event.v1.EventService/Stream", std::move(claims));
    client.Send(request);
    read_.clear();
    for (const auto& frame : client.frames()) {
      for (const auto& event : frame.events()) read_.push_back({event.term(), event.sequence()});
    }
    return client.finished();
  }
  std::optional<absl::Status> ReadFrom(Shard& shard, LogPosition position) {
    event::v1::StreamRequest request;
    request.set_position(FormatPosition(position));
    return Read(shard, request);
  }
  void ExpectAhead(Shard& shard, LogPosition position, LogPosition newest) {
    const auto status = ReadFrom(shard, position);
    ASSERT_TRUE(status.has_value()) << FormatPosition(position);
    EXPECT_EQ(status->code(), absl::StatusCode::kOutOfRange) << *status;
    EXPECT_EQ(ErrorReason(*status), "POSITION_AHEAD") << *status;
    EXPECT_EQ(ErrorMetadataOf(*status)["newest_position"], FormatPosition(newest));
    EXPECT_TRUE(read_.empty());
  }

  rpc::CallGate gate_{nullptr, [] { return kNow; }};
  rpc::DeadlineTimer timer_;
  std::vector<LogPosition> read_;  // term and sequence of each event
};

TEST_F(EventPositionTest, WhatIsAboveTheLogsEndIsRefused) {
  Shard shard;
  ExpectAhead(shard, {1, 1}, {0, 0});
  shard.BeginTerm(100);
  const LogPosition end = (shard.Commit(), shard.Commit());
  EXPECT_EQ(ReadFrom(shard, end), std::nullopt);
  for (const LogPosition ahead : {LogPosition{100, 3}, LogPosition{101, 0}, LogPosition{101, 2}, LogPosition{99, 3},
                                  LogPosition{UINT64_MAX, UINT64_MAX}}) {
    ExpectAhead(shard, ahead, end);
  }
}

TEST_F(EventPositionTest, WhatALaterTermVoidedIsRefusedAndWhatIsBeforeItResumes) {
  // The log that was read came to 100.5, then lost what followed 100.3 and went on in another term.
  Shard shard;
  shard.BeginTerm(100);
  for (int i = 0; i < 3; ++i) shard.Commit();
  shard.BeginTerm(200);
  for (int i = 0; i < 4; ++i) shard.Commit();
  ExpectAhead(shard, {100, 5}, {100, 3});
  ExpectAhead(shard, {100, 4}, {100, 3});
  ExpectAhead(shard, {150, 6}, {150, 3});
  EXPECT_EQ(ReadFrom(shard, {100, 3}), std::nullopt);
  EXPECT_EQ(read_, (std::vector<LogPosition>{{200, 4}, {200, 5}, {200, 6}, {200, 7}}));
  EXPECT_EQ(ReadFrom(shard, {100, 2}), std::nullopt);
  EXPECT_EQ(read_.size(), 5u);
}

TEST_F(EventPositionTest, AStreamGoesOnOverTerms) {
  Shard shard;
  shard.BeginTerm(100);
  const LogPosition first = shard.Commit();
  shard.Commit();
  shard.BeginTerm(200);
  shard.Commit();
  EXPECT_EQ(ReadFrom(shard, first), std::nullopt);
  EXPECT_EQ(read_, (std::vector<LogPosition>{{100, 2}, {200, 3}}));
}

TEST_F(EventPositionTest, TopicsThatThereAreNotAreRefused) {
  Shard shard;
  for (const int topic : {0, 99, -1}) {
    event::v1::StreamRequest request;
    request.add_topics(event::v1::TOPIC_CONTACT);
    request.add_topics(static_cast<event::v1::Topic>(topic));
    const auto status = Read(shard, request);
    ASSERT_TRUE(status.has_value()) << topic;
    const auto violations = FieldViolations(*status);
    ASSERT_EQ(violations.size(), 1u) << *status;
    EXPECT_EQ(violations[0].field, "topics[1]");
  }
}

}  // namespace
}  // namespace meridian
