// The relay over a store in memory and a producer whose acknowledgements the test gives, loses and fails: what the real
// brokers cannot be made to show. tests/e2e/kafka_test.py runs it against a real one.
#include "services/replicator/event_relay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <utility>

#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"
#include "libs/wire/log_entry.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kContact[] = "eu1-019b7693-9c00-7000-8000-00000000000a";
const ShardId kShard{ShardKind::kRouting, 3};

// All producers that were made, the newest last; their records by the sequence of their events.
class FakeKafka {
 public:
  class Producer final : public RecordProducer {
   public:
    explicit Producer(FakeKafka& kafka) : kafka_(kafka) { kafka_.producer_ = this; }
    ~Producer() override {
      kafka_.producer_ = nullptr;
      for (auto& [sequences, done] : waiting_) done(absl::CancelledError("purged"));
    }
    void Publish(std::vector<KafkaRecord> records, Done done) override {
      std::vector<uint64_t> sequences;
      for (const KafkaRecord& record : records) {
        event::v1::Event event;
        EXPECT_TRUE(event.ParseFromString(record.value));
        sequences.push_back(event.sequence());
      }
      kafka_.last_records = std::move(records);
      waiting_.emplace_back(std::move(sequences), std::move(done));
    }

   private:
    friend class FakeKafka;
    FakeKafka& kafka_;
    std::deque<std::pair<std::vector<uint64_t>, Done>> waiting_;
  };

  std::unique_ptr<RecordProducer> Make() {
    ++made;
    return std::make_unique<Producer>(*this);
  }
  // What the newest producer has and has not acknowledged.
  std::vector<uint64_t> Waiting() const {
    std::vector<uint64_t> all;
    if (producer_ == nullptr) return all;
    for (const auto& [sequences, done] : producer_->waiting_) all.insert(all.end(), sequences.begin(), sequences.end());
    return all;
  }
  void Answer(size_t index, absl::Status status) {
    auto [sequences, done] = std::move(producer_->waiting_.at(index));
    producer_->waiting_.erase(producer_->waiting_.begin() + static_cast<std::ptrdiff_t>(index));
    if (status.ok()) acknowledged.insert(acknowledged.end(), sequences.begin(), sequences.end());
    done(std::move(status));
  }
  void AcknowledgeAll() {
    while (producer_ != nullptr && !producer_->waiting_.empty()) Answer(0, absl::OkStatus());
  }

  int made = 0;
  std::vector<uint64_t> acknowledged;
  std::vector<KafkaRecord> last_records;

 private:
  Producer* producer_ = nullptr;
};

class EventRelayTest : public ::testing::Test {
 protected:
  EventRelayTest() {
    store_.TakeTerm(kShard, 1, 100, [this](absl::StatusOr<TermGrant> grant) { term_ = grant->term; });
  }

  std::unique_ptr<EventRelay> MakeRelay(FakeKafka& kafka, const std::string& owner = "one", bool trim = false) {
    EventRelayOptions options;
    options.shard = kShard.number;
    options.owner = owner;
    options.nonce = StableHash(owner);
    options.trim_published = trim;
    EventRelayPorts ports;
    ports.log = &store_;
    ports.leases = &store_.leases();
    ports.monotonic = clock_.monotonic();
    ports.wall = clock_.wall();
    ports.make_producer = [&kafka] { return kafka.Make(); };
    ports.metrics = RelayMetrics::Make(metrics_, kShard.number);
    ports.on_trouble = [this](const absl::Status& status) { trouble_.push_back(status.code()); };
    auto relay = std::make_unique<EventRelay>(std::move(options), std::move(ports));
    relay->Start();
    return relay;
  }
  void Start(bool trim = false) { relay_ = MakeRelay(kafka_, "one", trim); }

  static void Settle(EventRelay& relay) {
    // A step's own calls are answered inside it, for the next one.
    for (int steps = 0; steps < 16; ++steps) relay.Step();
  }
  void Settle() { Settle(*relay_); }
  void After(Duration time) {
    clock_.Advance(time);
    Settle();
  }

  // One commit with these events of the contact.
  LogPosition Commit(const std::vector<uint64_t>& sequences) {
    std::vector<Event> events;
    for (const uint64_t sequence : sequences) {
      Event event;
      event.contact = *ContactId::Parse(kContact);
      event.topic = EventTopic::kContact;
      event.sequence = sequence;
      event.at = clock_.WallNow();
      event.body = ContactHeld{{"ana"}};
      events.push_back(std::move(event));
    }
    return CommitEntry([&](LogEntryWriter& writer) { writer.Append({"demo"}, events); });
  }
  template <typename Write>
  LogPosition CommitEntry(Write write) {
    LogEntryWriter writer(*RegionCode::Parse("eu1"));
    write(writer);
    CommitRequest request{.shard = kShard, .term = term_, .number = ++number_};
    request.log_entry = writer.Take();
    request.digest = DigestOf(request);
    store_.Commit(std::move(request), [](const CommitResult& result) {
      EXPECT_EQ(result.outcome, CommitOutcome::kDurable) << result.detail;
    });
    return {term_, number_};
  }
  LogState State() {
    LogState state;
    store_.Describe(kShard, [&](absl::StatusOr<LogState> found) { state = *found; });
    return state;
  }
  LogPosition Stored() { return State().followers[kRelayFollower]; }
  LogPosition FirstKeptAfterTrimmingAll() {
    LogPosition first;
    store_.TrimTo(kShard, {UINT64_MAX, UINT64_MAX}, [&](absl::StatusOr<LogPosition> kept) { first = *kept; });
    return first;
  }

  testing::FakeClock clock_;
  MemoryStore store_{{.monotonic = clock_.monotonic()}};
  Metrics metrics_;
  FakeKafka kafka_;
  uint64_t term_ = 0;
  uint64_t number_ = 0;
  std::vector<absl::StatusCode> trouble_;
  std::unique_ptr<EventRelay> relay_;
};

TEST_F(EventRelayTest, PublishesInOrderAndKeepsItsPositionOnceAcknowledged) {
  Commit({1, 2});
  const LogPosition second = Commit({3});
  Start();
  Settle();
  EXPECT_THAT(kafka_.Waiting(), ElementsAre(1, 2, 3));
  EXPECT_EQ(Stored(), LogPosition{}) << "nothing was acknowledged";
  const LogPosition third = Commit({4});
  Settle();
  EXPECT_THAT(kafka_.Waiting(), ElementsAre(1, 2, 3, 4));
  kafka_.Answer(0, absl::OkStatus());
  kafka_.Answer(0, absl::OkStatus());
  Settle();
  After(Duration::Seconds(1));
  EXPECT_EQ(Stored(), second);
  EXPECT_EQ(FirstKeptAfterTrimmingAll(), third) << "what is not acknowledged is not trimmed";
}

TEST_F(EventRelayTest, RecordsSayWhatTheEventIs) {
  Commit({7});
  Start();
  Settle();
  ASSERT_EQ(kafka_.last_records.size(), 1u);
  const KafkaRecord& record = kafka_.last_records[0];
  EXPECT_EQ(record.topic, "meridian.eu1.contact.events.v1");
  EXPECT_EQ(record.key, kContact);
  EXPECT_EQ(record.partition_hash, StableHash("demo"));
  EXPECT_THAT(record.headers, ::testing::Contains(std::pair<std::string_view, std::string>(
                                  "ce_type", "meridian.event.v1.ContactHeld")));
}

TEST_F(EventRelayTest, AnAcknowledgementThatOvertakesDoesNotMoveThePosition) {
  const LogPosition first = Commit({1});
  Commit({2});
  const LogPosition third = Commit({3});
  Start();
  Settle();
  kafka_.Answer(2, absl::OkStatus());
  kafka_.Answer(1, absl::OkStatus());
  After(Duration::Seconds(2));
  EXPECT_LT(Stored(), first);
  kafka_.Answer(0, absl::OkStatus());
  After(Duration::Seconds(2));
  EXPECT_EQ(Stored(), third);
}

TEST_F(EventRelayTest, AfterAFatalErrorANewProducerGetsWhatWasNotAcknowledged) {
  for (uint64_t sequence = 1; sequence <= 4; ++sequence) Commit({sequence});
  Start();
  Settle();
  kafka_.Answer(0, absl::OkStatus());
  Settle();
  kafka_.Answer(1, absl::AbortedError("fenced"));  // of event 3; 2 and 4 are on their way
  Commit({5});
  Settle();
  EXPECT_EQ(kafka_.made, 1);
  EXPECT_THAT(kafka_.Waiting(), ElementsAre(2, 4)) << "nothing more goes to a producer that has failed";
  After(LogFollower::kFirstRetry);
  EXPECT_EQ(kafka_.made, 2);
  EXPECT_THAT(kafka_.Waiting(), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(trouble_, ElementsAre(absl::StatusCode::kAborted));
  kafka_.AcknowledgeAll();
  Settle();
  EXPECT_THAT(kafka_.acknowledged, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(trouble_, ElementsAre(absl::StatusCode::kAborted, absl::StatusCode::kOk));
  EXPECT_EQ(metrics_.MakeCounter("meridian_relay_resent_events_total", "", {{"shard", "3"}}).value(), 3u);
}

TEST_F(EventRelayTest, ATopicThatIsMissingIsToldOnceAndTriedUntilItIsThere) {
  Commit({1});
  Start();
  Settle();
  for (int i = 0; i < 3; ++i) {
    kafka_.Answer(0, absl::NotFoundError("unknown topic"));
    Settle();
    After(LogFollower::kLongestRetry);
  }
  EXPECT_THAT(trouble_, ElementsAre(absl::StatusCode::kNotFound));
  kafka_.AcknowledgeAll();
  Settle();
  EXPECT_THAT(trouble_, ElementsAre(absl::StatusCode::kNotFound, absl::StatusCode::kOk));
}

TEST_F(EventRelayTest, OnlyTheHolderOfTheLeasePublishesAndTheNextGoesOnWhereItStopped) {
  Commit({1});
  Commit({2});
  Start();
  Settle();
  kafka_.Answer(0, absl::OkStatus());
  After(Duration::Seconds(1));
  FakeKafka other_kafka;
  auto other = MakeRelay(other_kafka, "two");
  Settle(*other);
  EXPECT_EQ(other_kafka.made, 0);

  clock_.Advance(Duration::Seconds(11));  // the first stands still and loses its lease
  Settle(*other);
  EXPECT_THAT(other_kafka.Waiting(), ElementsAre(2));
  Commit({3});
  Settle();
  EXPECT_THAT(kafka_.Waiting(), IsEmpty()) << "its producer went with the lease";
  Settle(*other);
  EXPECT_THAT(other_kafka.Waiting(), ElementsAre(2, 3));
}

TEST_F(EventRelayTest, AFirstRelayBeginsWithTheOldestThatIsKept) {
  Commit({1});
  Commit({2});
  FirstKeptAfterTrimmingAll();
  Commit({3});
  Start();
  Settle();
  EXPECT_THAT(kafka_.Waiting(), ElementsAre(3));
  Commit({4});
  EXPECT_EQ(FirstKeptAfterTrimmingAll(), (LogPosition{term_, 3})) << "from its start on it holds the log";
}

TEST_F(EventRelayTest, WithoutPublicEventsThePositionMovesByItself) {
  Event fact;
  fact.topic = EventTopic::kFact;
  fact.contact = *ContactId::Parse(kContact);
  fact.at = clock_.WallNow();
  fact.body = ParticipantsChanged{};
  const LogPosition position = CommitEntry([&](LogEntryWriter& writer) { writer.Append({"demo"}, {&fact, 1}); });
  Start();
  Settle();
  After(Duration::Seconds(1));
  EXPECT_THAT(kafka_.Waiting(), IsEmpty());
  EXPECT_EQ(Stored(), position);
}

TEST_F(EventRelayTest, TrimsWhatIsPublishedWhenTold) {
  Start(/*trim=*/true);
  for (uint64_t sequence = 1; sequence <= 3; ++sequence) Commit({sequence});
  Settle();
  kafka_.Answer(0, absl::OkStatus());
  kafka_.Answer(0, absl::OkStatus());
  for (int i = 0; i < 4; ++i) After(Duration::Seconds(1));
  EXPECT_EQ(State().trimmed, (LogPosition{term_, 2}));
}

TEST_F(EventRelayTest, LagCountsCommitsAndTheAgeOfTheOldest) {
  const Gauge entries = metrics_.MakeGauge("meridian_relay_lag_entries", "", {{"shard", "3"}});
  const Gauge age = metrics_.MakeGauge("meridian_relay_lag_milliseconds", "", {{"shard", "3"}});
  Start();
  Settle();
  Commit({1});
  Commit({2});
  After(Duration::Milliseconds(1500));
  EXPECT_EQ(entries.value(), 2);
  EXPECT_EQ(age.value(), 1500);
  kafka_.AcknowledgeAll();
  Settle();
  EXPECT_EQ(entries.value(), 0);
  EXPECT_EQ(age.value(), 0);
}

TEST_F(EventRelayTest, StopsWhenAllIsAcknowledgedAndItsPositionIsKept) {
  Start();
  Settle();
  const LogPosition last = Commit({1});
  relay_->RequestStop();
  Settle();
  EXPECT_FALSE(relay_->stopped());
  kafka_.AcknowledgeAll();
  Settle();
  EXPECT_TRUE(relay_->stopped());
  EXPECT_EQ(Stored(), last);
  FakeKafka other_kafka;
  auto other = MakeRelay(other_kafka, "two");
  Settle(*other);
  EXPECT_EQ(other_kafka.made, 1) << "the lease was given back";
}

}  // namespace
}  // namespace meridian
