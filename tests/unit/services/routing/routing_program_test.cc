#include "services/routing/routing_program.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "libs/wire/stored_format.h"
#include "tests/unit/services/routing/demo_config.h"
#include "tests/unit/services/routing/demo_draft.h"

namespace meridian {
namespace {

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");
const Instant kStart = testing::kDraftMadeAt;

// A shard without a loop: applies, takes batches, keeps what a store would.
class Shard {
 public:
  explicit Shard(uint64_t term = 1) { Load(term); }

  void Load(uint64_t term) {
    program_.BeginLoad();
    for (const auto& [key, value] : records_) {
      const absl::Status restored = program_.Restore({key, value});
      ASSERT_TRUE(restored.ok()) << restored;
    }
    ASSERT_TRUE(program_.FinishLoad({.term = term, .last = {}}, now_).ok());
    Commit();
  }
  RoutingAnswer Run(decltype(RoutingCommand::body) body, const TenantId& tenant = kTenant) {
    RoutingAnswer answer = program_.Apply({tenant, std::nullopt, std::move(body)}, now_);
    Commit();
    return answer;
  }
  Answer Do(CommandBody body) { return Run(Command{{{ActorRole::kService, "test"}, {}}, std::move(body)}).answer; }
  void Pass(Duration time) {
    const Instant until = now_ + time;
    while (program_.NextDeadline() <= until) {
      now_ = std::max(now_, program_.NextDeadline());
      program_.Advance(now_);
      Commit();
    }
    now_ = until;
  }
  void Commit() {
    const BatchSize size = program_.PendingSize();
    ProgramBatch<RoutingMessage> batch = program_.TakeBatch({1, 1}, now_);
    size_t bytes = batch.log_entry.size();
    for (const Record& put : batch.puts) bytes += put.key.key.size() + put.value.size();
    for (const RecordKey& key : batch.deletes) bytes += key.key.size();
    EXPECT_LE(bytes, size.bytes);
    EXPECT_EQ(batch.puts.size() + batch.deletes.size(), size.records);
    EXPECT_LE(size.records, kMaxEffectRecords);
    EXPECT_LE(size.bytes, kMaxEffectBytes);
    for (const Record& put : batch.puts) {
      records_[put.key] = put.value;
      written_ += put.key.key + put.value;
    }
    for (const RecordKey& key : batch.deletes) {
      records_.erase(key);
      written_ += key.key;
    }
    if (!batch.log_entry.empty()) {
      const auto entry = DecodeLogEntry(batch.log_entry);
      ASSERT_TRUE(entry.ok());
      events_.insert(events_.end(), entry->events.begin(), entry->events.end());
    }
    written_ += batch.log_entry;
    for (RoutingMessage& message : batch.messages) messages_.push_back(std::move(message));
  }

  size_t Count(RoutingTable table) const {
    size_t count = 0;
    for (const auto& [key, value] : records_) count += key.table == static_cast<uint8_t>(table) ? 1 : 0;
    return count;
  }
  template <class T>
  size_t CountMessages() const {
    size_t count = 0;
    for (const RoutingMessage& message : messages_) count += std::holds_alternative<T>(message) ? 1 : 0;
    return count;
  }

  Instant now_ = kStart;
  RoutingProgram program_{kRegion};
  std::map<RecordKey, std::string> records_;
  std::vector<LoggedEvent> events_;
  std::vector<RoutingMessage> messages_;
  std::string written_;  // every byte, in order
};

ContactId Contact(uint64_t number) { return {kRegion, {0x0190'0000'0000'7000, number}}; }

EnqueueContact Enqueue(uint64_t number, Instant at) {
  EnqueueContact command;
  command.spec.id = Contact(number);
  command.spec.conversation = {kRegion, {5, number}};
  command.spec.customer = {kRegion, {6, number}};
  command.spec.channel = {"chat"};
  command.spec.language = *LanguageTag::Parse("es");
  command.spec.enqueued_at = at;
  return command;
}

// A morning of one tenant; leaves a contact assigned, one waiting, some ended.
void Live(Shard& shard) {
  ASSERT_EQ(shard.Run(testing::DraftOf(testing::DemoConfig(), 1)).outcome, ConfigOutcome::kPublished);
  ASSERT_TRUE(shard.Do(AttachAgent{{"ana"}, {1}, {"gw"}, Activity::Available()}).ok());
  for (uint64_t i = 1; i <= 4; ++i) {
    shard.Pass(Duration::Seconds(1));
    ASSERT_TRUE(shard.Do(Enqueue(i, shard.now_)).ok());
  }
  for (size_t i = 0; i < shard.messages_.size(); ++i) {
    const auto* sent = std::get_if<MessageToGateway>(&shard.messages_[i]);
    const auto* offer = sent == nullptr ? nullptr : std::get_if<OfferMade>(&sent->message.body);
    if (offer == nullptr || offer->contact == Contact(2)) continue;
    const OfferToken token = offer->token;
    ASSERT_TRUE(shard.Do(OfferDelivered{{"ana"}, {1}, Contact(1), token}).ok());
    ASSERT_TRUE(shard.Do(AcceptOffer{{"ana"}, {1}, Contact(1), token}).ok());
    break;
  }
  shard.Pass(Duration::Seconds(30));
  ASSERT_TRUE(shard.Do(CancelContact{Contact(4), CancelBy::kCustomer}).ok());
}

TEST(RoutingProgramTest, EqualCommandsGiveEqualBytes) {
  Shard a;
  Shard b;
  Live(a);
  Live(b);
  EXPECT_EQ(a.written_, b.written_);
  EXPECT_EQ(a.messages_.size(), b.messages_.size());
}

TEST(RoutingProgramTest, RecordsAloneRebuildTheState) {
  Shard shard;
  Live(shard);
  const auto before = shard.program_.FindEngine(kTenant);
  const ContactRecord assigned = *(*before)->FindContact(Contact(1));
  EXPECT_EQ(assigned.state, ContactState::kAssigned);
  const size_t live = (*before)->live_contacts();
  const uint64_t revision = (*before)->config_revision();
  shard.messages_.clear();
  shard.Load(2);
  const auto after = shard.program_.FindEngine(kTenant);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(*(*after)->FindContact(Contact(1)), assigned);
  EXPECT_EQ((*after)->live_contacts(), live);
  EXPECT_EQ((*after)->FindContact(Contact(4)), nullptr);
  EXPECT_EQ((*after)->config_revision(), revision);
  (*after)->CheckInvariants(shard.now_);
  EXPECT_EQ(shard.CountMessages<ConfigInForce>(), 1u);
  admin::v1::TenantConfig config;
  ASSERT_TRUE(config.ParseFromString(*shard.program_.FindConfig(kTenant)));
  EXPECT_EQ(config.revision(), revision);
}

// What a release with a field more has written is read, changed and written back without losing that field.
TEST(RoutingProgramTest, FieldsOfALaterReleaseOutliveAChange) {
  const std::string field(
      "\xfa\x06\x03"
      "abc",
      6);  // 111, three bytes
  Shard shard;
  Live(shard);
  for (auto& [key, value] : shard.records_) {
    if (key.table == static_cast<uint8_t>(RoutingTable::kConfigChunk)) continue;
    value[1] = static_cast<char>(StoredFormat() + 1);
    value += field;
  }
  shard.Load(2);
  ASSERT_TRUE(shard.Do(AttachAgent{{"ana"}, {2}, {"gw"}, Activity::Available()}).ok());
  ASSERT_TRUE(shard.Do(CancelContact{Contact(2), CancelBy::kCustomer}).ok());
  shard.Load(3);
  ASSERT_TRUE(shard.Do(AttachAgent{{"ana"}, {3}, {"gw"}, Activity::Available()}).ok());
  shard.Pass(Duration::Seconds(1));
  size_t written_here = 0;
  for (const auto& [key, value] : shard.records_) {
    if (key.table == static_cast<uint8_t>(RoutingTable::kConfigChunk)) continue;
    EXPECT_TRUE(value.ends_with(field)) << static_cast<int>(key.table);
    EXPECT_EQ(value.find(field), value.size() - field.size()) << "once";
    written_here += value[1] == static_cast<char>(StoredFormat()) ? 1 : 0;
  }
  EXPECT_GE(written_here, 2u) << "the head and the agent";
  EXPECT_FALSE(shard.records_.contains(ContactKey(kTenant, Contact(2))));
}

TEST(RoutingProgramTest, WithoutRoomInTheLogOnlyLiveWorkGoesOn) {
  Shard shard;
  Live(shard);
  const auto submit = [&](uint64_t number) {
    Command command{{{ActorRole::kService, "test"}, {}}, Enqueue(number, shard.now_)};
    RoutingAnswer answer = shard.program_.Apply({kTenant, std::nullopt, std::move(command), true}, shard.now_);
    shard.Commit();
    return answer.answer;
  };
  const size_t events = shard.events_.size();
  EXPECT_EQ(submit(9).refusal, Refusal::kEventLogFull);
  EXPECT_EQ(shard.events_.size(), events) << "a refusal leaves nothing in the log";
  EXPECT_TRUE(submit(3).repeated) << "it is there already";
  EXPECT_TRUE(shard.Do(CancelContact{Contact(3), CancelBy::kCustomer}).ok());

  // The successor was refused, for good; when there is room again the one that it took over from does not get it
  // either.
  const auto ask = [&](uint64_t term, bool no_room) {
    Command command{{{ActorRole::kService, "session"}, {}}, Enqueue(9, shard.now_), {3, term}};
    RoutingAnswer answer = shard.program_.Apply({kTenant, std::nullopt, std::move(command), no_room}, shard.now_);
    shard.Commit();
    return answer.answer.refusal;
  };
  EXPECT_EQ(ask(8, true), Refusal::kEventLogFull);
  EXPECT_EQ(ask(7, false), Refusal::kStaleSession);
}

TEST(RoutingProgramTest, AFormerOwnerOfASessionShardIsRefused) {
  Shard shard;
  Live(shard);
  const auto ask = [&](SessionTerm session, CommandBody body) {
    return shard.Run(Command{{{ActorRole::kService, "session"}, {}}, std::move(body), session}).answer;
  };
  EXPECT_TRUE(ask({3, 10}, Enqueue(20, shard.now_)).ok());
  EXPECT_EQ(ask({3, 11}, CancelContact{Contact(21), CancelBy::kCustomer}).refusal, Refusal::kUnknownContact);
  EXPECT_TRUE(ask({3, 11}, CancelContact{Contact(20), CancelBy::kCustomer}).ok());

  const size_t events = shard.events_.size();
  for (const uint64_t late : {20, 21}) {  // served and ended meanwhile; canceled before it was ever queued
    const Answer answer = ask({3, 10}, Enqueue(late, shard.now_));
    EXPECT_EQ(answer.refusal, Refusal::kStaleSession);
    EXPECT_EQ(answer.session_term, 11u);
  }
  EXPECT_EQ(ask({3, 10}, CustomerLeft{Contact(3)}).refusal, Refusal::kStaleSession);
  EXPECT_EQ(shard.events_.size(), events) << "a refusal leaves nothing in the log";

  EXPECT_TRUE(ask({2, 5}, Enqueue(22, shard.now_)).ok()) << "another shard's terms are its own";
  shard.Load(7);
  EXPECT_EQ(ask({3, 10}, Enqueue(20, shard.now_)).refusal, Refusal::kStaleSession) << "it is in the records";
  EXPECT_EQ(ask({2, 4}, Enqueue(23, shard.now_)).refusal, Refusal::kStaleSession);
  EXPECT_TRUE(ask({2, 5}, Enqueue(23, shard.now_)).ok());
  EXPECT_TRUE(ask({}, CancelContact{Contact(23), CancelBy::kOperator}).ok()) << "from an operator";
}

TEST(RoutingProgramTest, EachTopicIsGapFreeOverTerms) {
  Shard shard;
  Live(shard);
  shard.Load(5);
  ASSERT_TRUE(shard.Do(AttachAgent{{"ana"}, {2}, {"gw"}, std::nullopt}).ok());
  shard.Load(9);
  std::map<EventTopic, std::pair<uint64_t, uint64_t>> last;  // term, sequence
  size_t terms = 0;
  for (const LoggedEvent& logged : shard.events_) {
    const Event& event = logged.event;
    if (event.topic == EventTopic::kFact) continue;
    auto& [term, sequence] = last[event.topic];
    if (const auto* started = std::get_if<TermStarted>(&event.body)) {
      EXPECT_EQ(started->previous_term, term);
      EXPECT_EQ(started->previous_last_sequence, sequence);
      EXPECT_EQ(event.sequence, 1u);
      ++terms;
    } else {
      EXPECT_EQ(event.term, term);
      EXPECT_EQ(event.sequence, sequence + 1);
    }
    term = event.term;
    sequence = event.sequence;
  }
  EXPECT_EQ(terms, 9u);  // three topics, three terms
}

TEST(RoutingProgramTest, LoadingAgainUnderTheSameTermOpensNoneAndGoesOn) {
  Shard shard;
  Live(shard);
  const size_t events = shard.events_.size();
  shard.Load(1);
  EXPECT_EQ(shard.events_.size(), events);
  ASSERT_TRUE(shard.Do(Enqueue(9, shard.now_)).ok());
  EXPECT_GT(shard.events_.size(), events);
}

TEST(RoutingProgramTest, AnEqualConfigurationPublishesNothing) {
  Shard shard;
  ASSERT_EQ(shard.Run(testing::DraftOf(testing::DemoConfig(), 1)).outcome, ConfigOutcome::kPublished);
  const size_t events = shard.events_.size();
  const RoutingAnswer again = shard.Run(testing::DraftOf(testing::DemoConfig(), 2));
  EXPECT_EQ(again.outcome, ConfigOutcome::kUnchanged);
  EXPECT_EQ(again.revision, 1u);
  EXPECT_EQ(shard.events_.size(), events);
  EXPECT_EQ(shard.Count(RoutingTable::kConfig), 1u);
}

TEST(RoutingProgramTest, TheEtagGuardsWhatIsInForce) {
  Shard shard;
  PublishDraft first = testing::DraftOf(testing::DemoConfig(), 1);
  first.expected_etag = "0123";
  EXPECT_EQ(shard.Run(first).outcome, ConfigOutcome::kEtagMismatch);
  first.expected_etag.clear();
  ASSERT_EQ(shard.Run(first).outcome, ConfigOutcome::kPublished);
  admin::v1::TenantConfig changed = testing::DemoConfig();
  changed.mutable_agents(0)->set_capacity(5);
  PublishDraft second = testing::DraftOf(changed, 2);
  second.expected_etag = EtagOf(first.digest);
  EXPECT_EQ(shard.Run(second).outcome, ConfigOutcome::kPublished);
  EXPECT_EQ(shard.Run(second).outcome, ConfigOutcome::kEtagMismatch);
}

admin::v1::TenantConfig LargeConfig(size_t agents = 3000) {
  admin::v1::TenantConfig config = testing::DemoConfig();
  for (size_t i = 0; i < agents; ++i) testing::AddAgent(config, "agent-with-a-long-name-" + std::to_string(i), "es");
  return config;
}

TEST(RoutingProgramTest, ALargeDraftIsStagedInPiecesAndOldOnesAreDeleted) {
  Shard shard;
  std::vector<std::string> pieces;
  PublishDraft publish = testing::DraftOf(LargeConfig(), 1, &pieces);
  ASSERT_GT(pieces.size(), 2u);
  EXPECT_EQ(shard.Run(publish).outcome, ConfigOutcome::kDraftGone);
  const auto count = static_cast<uint32_t>(pieces.size());
  for (uint32_t i = 0; i + 1 < count; ++i) shard.Run(StageConfig{{publish.draft, i}, {count, pieces[i]}});
  EXPECT_EQ(shard.program_.FindConfig(kTenant), nullptr);
  ASSERT_EQ(shard.Run(publish).outcome, ConfigOutcome::kPublished);
  shard.Pass(Duration::Seconds(1));
  EXPECT_EQ(shard.Count(RoutingTable::kConfigChunk), pieces.size());
  shard.Load(2);
  admin::v1::TenantConfig config;
  ASSERT_TRUE(config.ParseFromString(*shard.program_.FindConfig(kTenant)));
  EXPECT_EQ(config.agents_size(), 3002);

  ASSERT_EQ(shard.Run(testing::DraftOf(testing::DemoConfig(), 2)).outcome, ConfigOutcome::kPublished);
  shard.Pass(Duration::Seconds(1));
  EXPECT_EQ(shard.Count(RoutingTable::kConfigChunk), 1u);
  EXPECT_EQ(shard.Count(RoutingTable::kConfig), 1u);
}

// The largest contacts with the longest names: each call stays within the loop's bounds (Shard::Commit).
TEST(RoutingProgramTest, ManyLargeContactsAreReturnedAndOfferedAnewInSlices) {
  constexpr uint64_t kMany = 200;
  const std::string name(55, 'n');
  admin::v1::TenantConfig config = testing::DemoConfig();
  config.clear_agents();
  for (uint64_t i = 0; i < kMany; ++i) testing::AddAgent(config, name + std::to_string(1000 + i), "es");
  auto* no_answer = config.mutable_queues(0)->mutable_no_answer();
  no_answer->set_strikes(10);
  no_answer->mutable_cool_down()->set_seconds(60);
  for (int i = 0; i < 16; ++i) {
    auto* attribute = config.add_attributes();
    attribute->set_name(name + std::to_string(1000 + i));
    attribute->mutable_code();
  }
  Shard shard;
  std::vector<std::string> pieces;
  PublishDraft publish = testing::DraftOf(config, 1, &pieces);
  const auto count = static_cast<uint32_t>(pieces.size());
  for (uint32_t i = 0; i + 1 < count; ++i) shard.Run(StageConfig{{publish.draft, i}, {count, pieces[i]}});
  ASSERT_EQ(shard.Run(publish).outcome, ConfigOutcome::kPublished);
  for (uint64_t i = 0; i < kMany; ++i) {
    AttachAgent attach{{name + std::to_string(1000 + i)}, {1}, {"gw"}, Activity::Available()};
    ASSERT_TRUE(shard.Do(attach).ok());
  }
  for (uint64_t i = 1; i <= 2 * kMany; ++i) {
    EnqueueContact enqueue = Enqueue(i, shard.now_);
    for (int a = 0; a < 16; ++a) {
      enqueue.spec.attributes.Set({name + std::to_string(1000 + a)}, std::string(kMaxCodeLength, 'v'));
    }
    ASSERT_TRUE(shard.Do(enqueue).ok());
  }
  shard.Pass(kDeliveryTimeout);  // all at once, nobody confirmed; then again and again
  shard.Pass(Duration::Minutes(1));
  EXPECT_EQ(shard.Count(RoutingTable::kContact), 2 * kMany);
}

TEST(RoutingProgramTest, DraftsNobodyPublishesGo) {
  Shard shard;
  std::vector<std::string> pieces;
  PublishDraft publish = testing::DraftOf(LargeConfig(), 1, &pieces);
  const auto count = static_cast<uint32_t>(pieces.size());
  for (uint64_t draft = 1; draft <= 5; ++draft) shard.Run(StageConfig{{{7, draft}, 0}, {count, pieces[0]}});
  shard.Pass(Duration::Seconds(1));
  EXPECT_EQ(shard.Count(RoutingTable::kConfigChunk), 2u);
  shard.Load(2);
  shard.Pass(Duration::Seconds(1));
  EXPECT_EQ(shard.Count(RoutingTable::kConfigChunk), 0u);
}

TEST(RoutingProgramTest, AsksForNewZoneTablesEachDayUntilTheyAreRenewed) {
  Shard shard;
  PublishDraft publish = testing::DraftOf(testing::DemoConfig(), 1);
  ASSERT_EQ(shard.Run(publish).outcome, ConfigOutcome::kPublished);
  shard.Pass(Duration::Hours(24 * 99));
  EXPECT_EQ(shard.CountMessages<ZonesDue>(), 0u);
  shard.Pass(Duration::Hours(36));
  EXPECT_EQ(shard.CountMessages<ZonesDue>(), 1u);
  shard.Pass(Duration::Hours(24));
  EXPECT_EQ(shard.CountMessages<ZonesDue>(), 2u);
  publish.draft = {7, 2};
  publish.renewal = true;
  publish.zones_made_at = shard.now_;
  const RoutingAnswer renewed = shard.Run(publish);
  EXPECT_EQ(renewed.outcome, ConfigOutcome::kPublished);
  EXPECT_EQ(renewed.revision, 2u);
  shard.Pass(Duration::Hours(24 * 99));
  EXPECT_EQ(shard.CountMessages<ZonesDue>(), 2u);
}

TEST(RoutingProgramTest, ManyTenantsOpenInSlicesAndEachKeepsItsOwn) {
  Shard shard;
  constexpr int kTenants = 100;
  for (int i = 0; i < kTenants; ++i) {
    const std::string name = "tenant-" + std::to_string(i);
    admin::v1::TenantConfig config = testing::DemoConfig();
    config.set_tenant(name);
    ASSERT_EQ(shard.Run(testing::DraftOf(config, static_cast<uint64_t>(i) + 1), {name}).outcome,
              ConfigOutcome::kPublished);
  }
  shard.events_.clear();
  shard.Load(2);
  EXPECT_EQ(shard.program_.FindEngine({"tenant-99"}).status().code(), absl::StatusCode::kUnavailable);
  // A command opens its tenant at once.
  EXPECT_TRUE(
      shard.Run(Command{{}, AttachAgent{{"ana"}, {1}, {"gw"}, Activity::Available()}}, {"tenant-98"}).answer.ok());
  EXPECT_TRUE(shard.program_.FindEngine({"tenant-98"}).ok());
  shard.Pass(Duration::Seconds(1));
  EXPECT_TRUE(shard.program_.FindEngine({"tenant-99"}).ok());
  EXPECT_EQ(shard.program_.OpenEngines().size(), static_cast<size_t>(kTenants));
  size_t opened = 0;
  for (const LoggedEvent& logged : shard.events_) opened += std::holds_alternative<TermStarted>(logged.event.body);
  EXPECT_EQ(opened, 3u * kTenants);
}

TEST(RoutingProgramTest, AnUnknownTenantIsRefusedAndLeavesNothing) {
  Shard shard;
  EXPECT_EQ(shard.Do(Enqueue(1, kStart)).refusal, Refusal::kNoConfiguration);
  EXPECT_TRUE(shard.records_.empty());
  EXPECT_EQ(*shard.program_.FindEngine(kTenant), nullptr);
}

TEST(RoutingProgramTest, AnswersComeBackFromTheirStoredForm) {
  RoutingProgram program(kRegion);
  RoutingAnswer answer;
  answer.answer.refusal = Refusal::kStaleToken;
  answer.answer.text = "an older token";
  answer.answer.repeated = true;
  answer.answer.contact_state = ContactState::kQueued;
  answer.outcome = ConfigOutcome::kPublished;
  answer.revision = 12;
  answer.digest[31] = 9;
  const RoutingAnswer decoded = program.DecodeAnswer(program.EncodeAnswer(answer));
  EXPECT_EQ(decoded.answer, answer.answer);
  for (int i = 0; i < kRefusalCount; ++i) {
    RoutingAnswer refused;
    refused.answer.refusal = static_cast<Refusal>(i);
    EXPECT_EQ(program.DecodeAnswer(program.EncodeAnswer(refused)).answer, refused.answer) << i;
  }
  EXPECT_EQ(decoded.outcome, answer.outcome);
  EXPECT_EQ(decoded.revision, answer.revision);
  EXPECT_EQ(decoded.digest, answer.digest);
  EXPECT_FALSE(program.DecodeAnswer("\x08\xff\x01").status.ok());
}

TEST(RoutingProgramTest, ARecordThatCannotBeReadStopsTheLoad) {
  Shard shard;
  ASSERT_EQ(shard.Run(testing::DraftOf(testing::DemoConfig(), 1)).outcome, ConfigOutcome::kPublished);
  RoutingProgram program(kRegion);
  program.BeginLoad();
  EXPECT_FALSE(program.Restore({{1, "no zero byte"}, "x"}).ok());
  program.BeginLoad();
  for (const auto& [key, value] : shard.records_) {
    if (key.table == static_cast<uint8_t>(RoutingTable::kConfigChunk)) continue;
    ASSERT_TRUE(program.Restore({key, value}).ok());
  }
  EXPECT_EQ(program.FinishLoad({.term = 2, .last = {}}, kStart).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace meridian
