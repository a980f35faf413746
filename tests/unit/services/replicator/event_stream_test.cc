// EventService.Stream over a store in memory: from where it reads, what it sends, and when it ends.
#include "services/replicator/event_stream.h"

#include <gtest/gtest.h>

#include <set>

#include "libs/error/error.h"
#include "libs/store/memory_store.h"
#include "libs/wire/log_entry.h"
#include "tests/unit/services/fakes/stream_client.h"

namespace meridian {
namespace {

using Request = event::v1::StreamRequest;
using Response = event::v1::StreamResponse;
using Client = StreamClient<Request, Response>;

constexpr char kStream[] = "/meridian.event.v1.EventService/Stream";
constexpr Instant kNow = Instant::FromUnixSeconds(1'767'225'600);
const ShardId kShard{ShardKind::kRouting, 0};

class EventStreamTest : public testing::Test {
 protected:
  EventStreamTest() {
    BindEvents({&store_, &store_, &store_}, methods_);
    store_.Assign({"demo"}, {kShard, {{ShardKind::kSession, 0}}}, [](const auto&) {});
    store_.TakeTerm(kShard, 1, kNow.ToUnixMilliseconds(), [this](const auto& grant) { term_ = grant->term; });
  }

  static Event MakeEvent(uint64_t sequence, EventTopic topic = EventTopic::kContact) {
    Event event;
    event.contact = *ContactId::Parse("eu1-019b7693-9c00-7000-8000-00000000000a");
    event.topic = topic;
    event.sequence = sequence;
    event.at = kNow;
    if (topic == EventTopic::kContact) {
      event.body = ContactHeld{{"ana"}};
    } else {
      event.agent = {"ana"};
      event.body = AgentAttached{{1}, Activity::Available()};
    }
    return event;
  }
  // One commit with these events; its position.
  LogPosition Commit(const std::vector<Event>& events, const TenantId& tenant = {"demo"}) {
    LogEntryWriter writer(*RegionCode::Parse("eu1"));
    writer.Append(tenant, events);
    CommitRequest request{.shard = kShard, .term = term_, .number = ++number_};
    request.log_entry = writer.Take();
    request.digest = DigestOf(request);
    store_.Commit(std::move(request), [](const CommitResult& result) {
      EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail;
    });
    return {term_, number_};
  }
  LogPosition Commit(uint64_t sequence) { return Commit({MakeEvent(sequence)}); }

  std::unique_ptr<Client> Stream(const Request& request) {
    security::TokenClaims claims;
    claims.tenant = "demo";
    claims.role = security::Role::kIntegrator;
    claims.expires_at = kNow + Duration::Hours(1);
    auto client = std::make_unique<Client>(methods_, gate_, timer_, kStream, std::move(claims), options_);
    client->Send(request);
    return client;
  }
  static Request From(const std::string& position) {
    Request request;
    request.set_position(position);
    return request;
  }
  static std::vector<uint64_t> Sequences(const std::vector<Response>& responses) {
    std::vector<uint64_t> sequences;
    for (const Response& response : responses) {
      for (const auto& event : response.events()) sequences.push_back(event.sequence());
    }
    return sequences;
  }
  using List = std::vector<uint64_t>;

  MemoryStore store_;
  uint64_t term_ = 0;
  uint64_t number_ = 0;
  rpc::CallGate gate_{nullptr, [] { return kNow; }};
  rpc::DeadlineTimer timer_;
  rpc::StreamOptions options_;
  rpc::MethodTable methods_;
};

TEST_F(EventStreamTest, SendsWhatIsKeptAndThenWhatBecomesDurable) {
  Commit(1);
  Commit(2);
  auto client = Stream({});
  EXPECT_EQ(Sequences(client->Take()), (List{1, 2}));
  Commit(3);
  EXPECT_EQ(Sequences(client->Take()), (List{3}));
  EXPECT_FALSE(client->finished().has_value());
}

TEST_F(EventStreamTest, ResumesBehindEveryPositionThatItGave) {
  constexpr uint64_t kEvents = 5;
  auto client = Stream({});
  for (uint64_t i = 1; i <= kEvents; ++i) Commit(i);
  const auto responses = client->Take();
  ASSERT_EQ(responses.size(), kEvents);
  for (uint64_t i = 1; i <= kEvents; ++i) {
    List rest;
    for (uint64_t later = i + 1; later <= kEvents; ++later) rest.push_back(later);
    EXPECT_EQ(Sequences(Stream(From(responses[i - 1].position()))->Take()), rest);
  }
}

TEST_F(EventStreamTest, NowIsBehindWhatWasThere) {
  Commit(1);
  auto client = Stream(From("now"));
  EXPECT_TRUE(client->Take().empty());
  Commit(2);
  EXPECT_EQ(Sequences(client->Take()), (List{2}));
}

TEST_F(EventStreamTest, UntilNowEndsWhereTheLogEndedAtItsBegin) {
  Commit(1);
  Request request;
  request.set_until_now(true);
  auto client = Stream(request);
  const auto responses = client->Take();
  EXPECT_EQ(Sequences(responses), (List{1}));
  EXPECT_EQ(responses.back().events_size(), 0);
  EXPECT_FALSE(responses.back().position().empty());
  EXPECT_EQ(client->finished(), absl::OkStatus());
  Commit(2);
  EXPECT_TRUE(client->Take().empty());
}

TEST_F(EventStreamTest, SendsTheTopicsAskedForAndOnlyTheTenantsOwn) {
  Commit({MakeEvent(1), MakeEvent(2, EventTopic::kAgent)});
  Commit({MakeEvent(77)}, {"other"});
  Commit({MakeEvent(3, EventTopic::kAgent)});
  Request agents;
  agents.add_topics(event::v1::TOPIC_AGENT);
  EXPECT_EQ(Sequences(Stream(agents)->Take()), (List{2, 3}));
  EXPECT_EQ(Sequences(Stream({})->Take()), (List{1, 2, 3}));
}

TEST_F(EventStreamTest, APositionThatIsNoLongerKeptIsRefusedWithTheOldest) {
  const LogPosition first = Commit(1);
  const LogPosition second = Commit(2);
  Commit(3);
  auto text = [](LogPosition at) { return std::to_string(at.term) + "." + std::to_string(at.number); };
  store_.TrimTo(kShard, second, [](const auto&) {});
  auto refused = Stream(From(text(first)));
  ASSERT_TRUE(refused->finished().has_value());
  EXPECT_EQ(refused->finished()->code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorReason(*refused->finished()), "POSITION_TRIMMED");
  const std::string oldest = ErrorMetadataOf(*refused->finished()).at("oldest_position");
  EXPECT_EQ(Sequences(Stream(From(oldest))->Take()), (List{3}));
  EXPECT_EQ(Sequences(Stream({})->Take()), (List{3})) << "who names no position gets what is kept";
}

TEST_F(EventStreamTest, WhatIsNoPositionIsRefusedByItsField) {
  for (const char* position : {"7", "a.b", "1.2.3", " 1.2", "-1.2", "NOW"}) {
    auto client = Stream(From(position));
    ASSERT_TRUE(client->finished().has_value()) << position;
    ASSERT_EQ(FieldViolations(*client->finished()).size(), 1u) << position;
    EXPECT_EQ(FieldViolations(*client->finished())[0].field, "position");
  }
}

TEST_F(EventStreamTest, ATenantWithoutAShardIsNotFound) {
  MemoryStore empty;
  rpc::MethodTable methods;
  BindEvents({&empty, &empty, &empty}, methods);
  Client client(methods, gate_, timer_, kStream, {.tenant = "nobody", .expires_at = kNow + Duration::Hours(1)});
  client.Send({});
  ASSERT_TRUE(client.finished().has_value());
  EXPECT_EQ(ErrorReason(*client.finished()), "TENANT_NOT_FOUND");
}

// However long a client does not read: one slice is on its way, the rest stays in the store, and nothing is lost.
TEST_F(EventStreamTest, ASlowReaderIsWaitedForAndLosesNothing) {
  options_.backlog = {.frames = 2, .bytes = 1 << 20};
  Commit(1);
  auto client = Stream({});
  client->Take();
  client->StopReading();
  List expected;
  for (uint64_t i = 2; i <= 200; ++i) {
    Commit(i);
    expected.push_back(i);
  }
  EXPECT_LE(client->frames().size(), 2u) << "events pile up in the process";
  client->ReadOn();
  EXPECT_EQ(Sequences(client->Take()), expected);
  EXPECT_FALSE(client->finished().has_value());
}

TEST_F(EventStreamTest, AClientThatHasGoneIsSentNothingMore) {
  Commit(1);
  auto client = Stream({});
  client->Take();
  client->Leave();
  Commit(2);
  EXPECT_TRUE(client->Take().empty());
}

}  // namespace
}  // namespace meridian
