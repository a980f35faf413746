#include "services/history/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/history/sqlite_history.h"
#include "libs/history/timeline.h"
#include "libs/store/memory_store.h"
#include "libs/testing/fake_clock.h"
#include "libs/testing/temporary_folder.h"
#include "libs/wire/session_log.h"

namespace meridian {
namespace {

using history::Contact;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId kTenant{"acme"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const ShardId kRouting{ShardKind::kRouting, 0};
const ShardId kSession{ShardKind::kSession, 0};

template <typename Id>
Id IdOf(int number) {
  char text[64];
  std::snprintf(text, sizeof(text), "eu1-01932c07-209c-7b5e-8f2e-%012d", number);
  return *Id::Parse(text);
}

// Lets calls through to a real history, or fails them while told to.
class UnsteadyHistory : public history::HistoryStore {
 public:
  explicit UnsteadyHistory(history::HistoryStore& store) : store_(store) {}
  absl::StatusOr<std::optional<LogPosition>> Position(ShardId source) override { return store_.Position(source); }
  absl::Status Apply(const history::Batch& batch) override {
    if (fails) return absl::ResourceExhaustedError("no space");
    ++batches;
    return store_.Apply(batch);
  }
  absl::StatusOr<size_t> Expire(Instant before, size_t limit) override { return store_.Expire(before, limit); }
  absl::StatusOr<std::optional<history::ContactWithTimeline>> FindContact(const TenantId& tenant,
                                                                          const ContactId& contact) override {
    return store_.FindContact(tenant, contact);
  }
  absl::StatusOr<std::optional<history::Conversation>> FindConversation(const TenantId& tenant,
                                                                        const ConversationId& id) override {
    return store_.FindConversation(tenant, id);
  }
  absl::StatusOr<std::vector<Contact>> ContactsOf(const TenantId& tenant, const ConversationId& id) override {
    return store_.ContactsOf(tenant, id);
  }
  absl::StatusOr<history::Page<Contact>> EndedContacts(const TenantId& tenant, const history::Filter& filter,
                                                       size_t page_size, const std::string& page) override {
    return store_.EndedContacts(tenant, filter, page_size, page);
  }
  absl::StatusOr<history::Page<history::Conversation>> ClosedConversations(const TenantId& tenant,
                                                                           const history::Filter& filter,
                                                                           size_t page_size,
                                                                           const std::string& page) override {
    return store_.ClosedConversations(tenant, filter, page_size, page);
  }

  bool fails = false;
  int batches = 0;

 private:
  history::HistoryStore& store_;
};

class RecorderTest : public ::testing::Test {
 protected:
  RecorderTest() {
    log_.TakeTerm(kRouting, 1, 100, [this](absl::StatusOr<TermGrant> grant) { term_ = grant->term; });
    log_.TakeTerm(kSession, 1, 100, [](absl::StatusOr<TermGrant>) {});
    Boot();
  }
  // The process that records starts anew.
  void Boot() {
    followers_.clear();
    recorder_.reset();
    unsteady_.reset();
    store_.reset();
    store_ = *history::SqliteHistory::Open({folder_.path() + "/history.db", "the test", {}});
    unsteady_ = std::make_unique<UnsteadyHistory>(*store_);
    recorder_ = std::make_unique<Recorder>(
        options_, RecorderPorts{unsteady_.get(), &log_, clock_.monotonic(), clock_.wall(), nullptr, nullptr});
    for (const ShardId source : {kRouting, kSession}) {
      LogFollowerPorts ports;
      ports.log = &log_;
      ports.clock = clock_.monotonic();
      ports.stored_position = [this, source](auto done) { recorder_->StoredPosition(source, std::move(done)); };
      ports.deliver = [this](FollowedEntry entry, auto done) { recorder_->Deliver(std::move(entry), std::move(done)); };
      ports.on_error = [](const absl::Status&) {};
      followers_.push_back(std::make_unique<LogFollower>(LogFollowerOptions{source, "history"}, std::move(ports)));
      followers_.back()->Start();
    }
  }
  void Step() {
    for (int i = 0; i < 10; ++i) {
      for (auto& follower : followers_) {
        while (follower->Step()) {
        }
      }
      recorder_->Step();
    }
  }
  void Pass(Duration time) {
    Step();
    clock_.Advance(time);
    Step();
  }
  void Append(ShardId shard, std::string entry) {
    CommitRequest request{shard, term_, ++numbers_[shard], {}, {}, std::move(entry), 0};
    request.digest = DigestOf(request);
    log_.Commit(request, [](CommitResult result) { ASSERT_EQ(result.outcome, CommitOutcome::kDurable); });
  }
  void AppendEvents(const std::vector<Event>& events) {
    LogEntryWriter writer(kRegion);
    writer.Append(kTenant, events);
    Append(kRouting, writer.Take());
  }
  Event EventOf(int contact, EventBody body) {
    Event event;
    event.topic = EventTopic::kContact;
    event.term = term_;
    event.sequence = ++sequence_;
    event.at = clock_.WallNow();
    event.contact = IdOf<ContactId>(contact);
    event.body = std::move(body);
    return event;
  }
  Event Queued(int contact) {
    ContactQueued body;
    body.spec.id = IdOf<ContactId>(contact);
    body.spec.conversation = IdOf<ConversationId>(contact);
    body.queue = QueueId{"support"};
    return EventOf(contact, body);
  }
  Event Completed(int contact) {
    return EventOf(contact, ContactCompleted{AgentId{"ana"}, EndReason::kCompletedByAgent});
  }
  // The numbers of the contacts that history says have ended, newest first.
  std::vector<Contact> EndedContacts() { return store_->EndedContacts(kTenant, {}, 1000, "")->items; }
  size_t EventsOf(int contact) {
    auto found = store_->FindContact(kTenant, IdOf<ContactId>(contact));
    if (!found.ok() || !*found) return 0;
    return history::ReadTimeline((*found)->timeline)->size();
  }

  testing::TemporaryFolder folder_;
  testing::FakeClock clock_;
  RecorderOptions options_;
  MemoryStore log_;
  uint64_t term_ = 0;
  uint64_t sequence_ = 0;
  std::map<ShardId, uint64_t> numbers_;
  std::unique_ptr<history::SqliteHistory> store_;
  std::unique_ptr<UnsteadyHistory> unsteady_;
  std::unique_ptr<Recorder> recorder_;
  std::vector<std::unique_ptr<LogFollower>> followers_;
};

TEST_F(RecorderTest, WhatTheLogsSayIsRecordedInOneBatch) {
  AppendEvents({Queued(1), Queued(2)});
  AppendEvents({EventOf(1, ContactOffered{AgentId{"ana"}}), EventOf(1, ContactAssigned{AgentId{"ana"}})});
  AppendEvents({Completed(1)});
  conversation::Event opened{kTenant, clock_.WallNow(),
                             conversation::ConversationOpenedEvent{IdOf<ConversationId>(1), IdOf<CustomerId>(7)}};
  conversation::Event said{
      kTenant, clock_.WallNow(),
      conversation::MessageAppendedEvent{IdOf<ConversationId>(1), {}, 1, conversation::AuthorKind::kCustomer}};
  Append(kSession, EncodeSessionLogEntry({opened, said}));
  Step();
  EXPECT_EQ(unsteady_->batches, 0) << "it gathers";
  Pass(options_.gather);
  EXPECT_EQ(unsteady_->batches, 1);
  const std::vector<Contact> ended = EndedContacts();
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].id, IdOf<ContactId>(1));
  EXPECT_EQ(ended[0].queue, "support");
  EXPECT_EQ(ended[0].agent, "ana");
  EXPECT_EQ(ended[0].offers, 1u);
  EXPECT_EQ(ended[0].state, ContactState::kCompleted);
  EXPECT_EQ(ended[0].reason, "COMPLETED_BY_AGENT");
  EXPECT_EQ(EventsOf(1), 4u);
  EXPECT_EQ(EventsOf(2), 1u);
  const auto conversation = store_->FindConversation(kTenant, IdOf<ConversationId>(1));
  ASSERT_TRUE(conversation.ok() && *conversation);
  EXPECT_EQ((*conversation)->customer, IdOf<CustomerId>(7));
  EXPECT_EQ((*conversation)->customer_messages, 1u);
}

TEST_F(RecorderTest, NothingIsLostOrDoubledWhenTheProcessEndsAtAnyMoment) {
  const int contacts = 30;
  for (int i = 1; i <= contacts; ++i) {
    AppendEvents({Queued(i)});
    AppendEvents({Completed(i)});
    if (i % 3 == 0) Step();                 // delivered, perhaps not recorded
    if (i % 4 == 0) Pass(options_.gather);  // recorded
    if (i % 5 == 0) Boot();
  }
  Pass(options_.gather);
  EXPECT_THAT(EndedContacts(), SizeIs(contacts));
  for (int i = 1; i <= contacts; ++i) EXPECT_EQ(EventsOf(i), 2u) << i;
}

TEST_F(RecorderTest, ABatchThatFailsIsReadAndRecordedAgain) {
  unsteady_->fails = true;
  AppendEvents({Queued(1), Completed(1)});
  Pass(options_.gather);
  AppendEvents({Queued(2), Completed(2)});
  Pass(Duration::Seconds(2));
  EXPECT_THAT(EndedContacts(), IsEmpty());
  unsteady_->fails = false;
  for (int i = 0; i < 5; ++i) Pass(Duration::Seconds(2));
  EXPECT_THAT(EndedContacts(), SizeIs(2));
  EXPECT_EQ(EventsOf(1), 2u);
}

TEST_F(RecorderTest, TheLogKeepsWhatIsNotRecorded) {
  const auto first_kept = [this] {
    LogPosition kept;
    log_.TrimTo(kRouting, {term_, numbers_[kRouting]}, [&](absl::StatusOr<LogPosition> first) { kept = *first; });
    return kept.number;
  };
  AppendEvents({Queued(1)});
  Pass(options_.gather);
  Pass(LogFollower::kAdvanceEvery);
  unsteady_->fails = true;
  AppendEvents({Completed(1)});
  AppendEvents({Queued(2)});
  Pass(Duration::Seconds(5));
  EXPECT_EQ(first_kept(), 2u);
  unsteady_->fails = false;
  for (int i = 0; i < 5; ++i) Pass(Duration::Seconds(2));
  EXPECT_EQ(first_kept(), 3u);
}

TEST_F(RecorderTest, ALogThatWasTrimmedBeforeTheFirstTimeIsRecordedFromItsOldestEntry) {
  for (int i = 1; i <= 5; ++i) AppendEvents({Queued(i)});
  log_.TrimTo(kRouting, {term_, 3}, [](absl::StatusOr<LogPosition>) {});
  Pass(options_.gather);
  EXPECT_EQ(EventsOf(3), 0u);
  EXPECT_EQ(EventsOf(4), 1u);
  EXPECT_EQ(EventsOf(5), 1u);
}

TEST_F(RecorderTest, StoppingRecordsWhatWasDelivered) {
  AppendEvents({Queued(1), Completed(1)});
  Step();
  recorder_->RequestStop();
  recorder_->Step();
  EXPECT_TRUE(recorder_->stopped());
  EXPECT_THAT(EndedContacts(), SizeIs(1));
}

TEST_F(RecorderTest, OldWorkIsRemovedByItself) {
  AppendEvents({Queued(1), Completed(1)});
  Pass(options_.gather);
  clock_.Advance(options_.keep - Duration::Seconds(1));
  AppendEvents({Queued(2), Completed(2)});
  Pass(options_.gather);
  EXPECT_THAT(EndedContacts(), SizeIs(2));
  Pass(options_.expire_every + Duration::Seconds(1));
  const std::vector<Contact> ended = EndedContacts();
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].id, IdOf<ContactId>(2));
}

TEST(TimelineTest, DamagedBytesAreRefused) {
  Event event;
  event.topic = EventTopic::kContact;
  event.contact = IdOf<ContactId>(1);
  event.body = ContactHeld{AgentId{"ana"}};
  std::string timeline;
  history::AppendToTimeline(kRegion, {kTenant, event}, &timeline);
  history::AppendToTimeline(kRegion, {kTenant, event}, &timeline);
  const auto events = history::ReadTimeline(timeline);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_THAT(*events, SizeIs(2));
  EXPECT_EQ((*events)[1].logged.event, event);
  for (size_t length = 1; length < timeline.size(); ++length) {
    if (length == timeline.size() / 2) continue;  // one whole event
    EXPECT_FALSE(history::ReadTimeline(timeline.substr(0, length)).ok()) << length;
  }
}

}  // namespace
}  // namespace meridian
