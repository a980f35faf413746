#include "libs/wire/log_entry.h"

#include <gtest/gtest.h>

#include "libs/wire/field_codec.h"
#include "libs/wire/routing_events.h"
#include "libs/wire/stored_format.h"
#include "meridian/internal/log/v1/routing_log_entry.pb.h"
#include "tests/unit/wire/random_values.h"

namespace meridian {
namespace {

const RegionCode kHome = *RegionCode::Parse("eu1");
constexpr size_t kBodies = std::variant_size_v<EventBody>;

Event RandomEvent(testing::RandomValues& random, size_t body) {
  Event event;
  event.contact = {random.Below(4) == 0 ? *RegionCode::Parse("us2") : kHome, {random.Number<uint64_t>() + 1, 7}};
  event.topic = random.Enum<EventTopic>(kEventTopicCount);
  event.agent = random.Name<AgentId>();
  event.term = random.Number<uint64_t>();
  event.sequence = random.Number<uint64_t>();
  event.entity_revision = random.Number<uint64_t>();
  event.config_revision = random.Number<uint64_t>();
  event.at = random.Time();
  event.origin = random.Origin();
  event.body = random.Body(body, event.contact);
  return event;
}

TEST(LogEntryTest, EveryKindOfEventComesBack) {
  testing::RandomValues random(11);
  for (int round = 0; round < 100; ++round) {
    for (size_t body = 0; body < kBodies; ++body) {
      const Event event = RandomEvent(random, body);
      ASSERT_EQ(event.body.index(), body);
      LogEntryWriter writer(kHome);
      writer.Append({"demo"}, {&event, 1});
      const std::string bytes = writer.Take();
      const auto decoded = DecodeLogEntry(bytes);
      ASSERT_TRUE(decoded.ok()) << NameOf(event.body);
      ASSERT_EQ(decoded->region, kHome);
      ASSERT_EQ(decoded->events.size(), 1u);
      ASSERT_EQ(decoded->events[0], (LoggedEvent{{"demo"}, event})) << NameOf(event.body);
      internal::log::v1::RoutingLogEntry message;
      ASSERT_TRUE(message.ParseFromString(bytes));
      ASSERT_EQ(message.SerializeAsString(), bytes) << NameOf(event.body);
      ASSERT_NE(message.groups(0).events(0).body_case(), 0) << NameOf(event.body);
    }
  }
}

TEST(LogEntryTest, EventsOfManyCommandsAndTenantsKeepTheirOrderAndOrigin) {
  testing::RandomValues random(12);
  LogEntryWriter writer(kHome);
  for (int entry = 0; entry < 50; ++entry) {
    std::vector<LoggedEvent> expected;
    for (uint64_t command = random.Below(6); command > 0; --command) {
      const TenantId tenant{random.Flip() ? "demo" : "other"};
      std::vector<Event> events;
      for (uint64_t i = 1 + random.Below(4); i > 0; --i) {
        events.push_back(RandomEvent(random, random.Below(kBodies)));
        if (events.size() > 1 && random.Flip()) {  // of the same command
          events.back().origin = events[events.size() - 2].origin;
          events.back().at = events[events.size() - 2].at;
          events.back().term = events[events.size() - 2].term;
          events.back().config_revision = events[events.size() - 2].config_revision;
        }
        expected.push_back({tenant, events.back()});
      }
      writer.Append(tenant, events);
    }
    EXPECT_EQ(writer.size() == 0, expected.empty());
    const std::string bytes = writer.Take();
    if (expected.empty()) continue;
    const auto decoded = DecodeLogEntry(bytes);
    ASSERT_TRUE(decoded.ok());
    ASSERT_EQ(decoded->events, expected);
  }
}

TEST(LogEntryTest, WhatACommandsEventsShareIsWrittenOnce) {
  testing::RandomValues random(13);
  Event event = RandomEvent(random, 6);  // ContactHeld
  event.origin.actor = {ActorRole::kAgent, "ana"};
  event.contact.region = kHome;
  event.agent = {};
  std::get<ContactHeld>(event.body).agent = {"ana"};
  event.sequence = 70000;
  event.entity_revision = 5;
  LogEntryWriter writer(kHome);
  const std::vector<Event> two(2, event);
  writer.Append({"demo"}, {two.data(), 1});
  const size_t one = writer.size();
  writer.Take();
  writer.Append({"demo"}, two);
  EXPECT_LE(writer.size() - one, 40u);
}

TEST(LogEntryTest, SaysWhichEntriesMayMentionAContact) {
  testing::RandomValues random(14);
  const Event event = RandomEvent(random, 9);
  LogEntryWriter writer(kHome);
  writer.Append({"demo"}, {&event, 1});
  const std::string bytes = writer.Take();
  EXPECT_TRUE(MayMention(bytes, event.contact));
  EXPECT_FALSE(MayMention(bytes, {kHome, {1234567, 89}}));
}

TEST(LogEntryTest, GarbageIsRefusedAndNeverWorse) {
  testing::RandomValues random(15);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    LogEntryWriter writer(kHome);
    for (int k = 0; k < 3; ++k) {
      const Event event = RandomEvent(random, random.Below(kBodies));
      writer.Append({"demo"}, {&event, 1});
    }
    std::string bytes = writer.Take();
    for (uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
      bytes[random.Below(bytes.size())] = random.Number<char>();
    }
    bytes.resize(random.Below(bytes.size() + 1));
    const auto decoded = DecodeLogEntry(bytes);
    refused += decoded.ok() ? 0 : 1;
    if (!decoded.ok()) EXPECT_EQ(decoded.status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_GT(refused, 5000);
}

internal::log::v1::RoutingLogEntry EntryWith(const Event& event) {
  LogEntryWriter writer(kHome);
  writer.Append({"demo"}, {&event, 1});
  internal::log::v1::RoutingLogEntry entry;
  EXPECT_TRUE(entry.ParseFromString(writer.Take()));
  return entry;
}

TEST(LogEntryTest, FieldsOfTheNextFormatAreSkippedAtEveryLevel) {
  testing::RandomValues random(17);
  const Event event = RandomEvent(random, 0);
  internal::log::v1::RoutingLogEntry entry = EntryWith(event);
  const auto add = [](auto* message) { message->GetReflection()->MutableUnknownFields(message)->AddVarint(100, 5); };
  entry.set_format_version(StoredFormat() + 1);
  auto* group = entry.mutable_groups(0);
  add(&entry);
  add(group);
  add(group->mutable_events(0));
  add(group->mutable_events(0)->mutable_contact_queued());
  const auto decoded = DecodeLogEntry(entry.SerializeAsString());
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->events[0].event, event);
  entry.set_format_version(StoredFormat() + 2);
  EXPECT_EQ(DecodeLogEntry(entry.SerializeAsString()).status().code(), absl::StatusCode::kDataLoss);
}

TEST(LogEntryTest, AFieldOfTheNextFormatMayStandBeforeTheBody) {
  Event event;
  event.topic = EventTopic::kAgent;
  event.agent = {"ana"};
  event.sequence = 3;
  event.body = AgentOffline{};
  auto group = EntryWith(event).groups(0);
  std::string in_group = group.events(0).SerializeAsString();
  const size_t body = in_group.find("\x92\x02");  // the tag of field 34
  ASSERT_NE(body, std::string::npos);
  in_group.insert(body, "\x30\x05");  // field 6, a number
  group.clear_events();
  std::string in_entry = group.SerializeAsString();
  FieldWriter(&in_entry).Text(8, in_group);
  std::string bytes;
  FieldWriter writer(&bytes);
  writer.Number(1, StoredFormat() + 1);
  writer.Text(2, "eu1");
  writer.Text(3, in_entry);
  const auto decoded = DecodeLogEntry(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->events[0].event, event);
}

TEST(LogEntryTest, AnEventOfALaterKindIsRefused) {
  internal::log::v1::RoutingLogEntry entry;
  entry.set_format_version(1);
  entry.set_region("eu1");
  entry.add_groups()->add_events()->set_topic(1);  // no body that this reader knows
  EXPECT_EQ(DecodeLogEntry(entry.SerializeAsString()).status().code(), absl::StatusCode::kDataLoss);
}

// ---- the public form ----

TEST(RoutingEventsTest, EveryEventHasAPublicFormAndNoFactHasOne) {
  testing::RandomValues random(16);
  for (size_t body = 0; body < kBodies; ++body) {
    Event event = RandomEvent(random, body);
    event.agent = {};
    event.origin.actor = {ActorRole::kOperator, "olga"};
    const bool fact =
        std::holds_alternative<ParticipantsChanged>(event.body) || std::holds_alternative<ContactClosed>(event.body);
    event.topic = fact ? EventTopic::kFact : EventTopic::kContact;
    event::v1::Event out;
    ASSERT_EQ(ToPublicEvent({"demo"}, kHome, event, &out), !fact) << NameOf(event.body);
    if (fact) continue;
    EXPECT_NE(out.body_case(), event::v1::Event::BODY_NOT_SET) << NameOf(event.body);
    EXPECT_EQ(out.envelope().tenant(), "demo");
    EXPECT_EQ(out.envelope().region(), "eu1");
    EXPECT_EQ(out.envelope().actor().subject(), "olga");
    EXPECT_EQ(out.envelope().actor().role(), type::v1::ROLE_OPERATOR);
    EXPECT_EQ(out.envelope().config_revision(), event.config_revision);
    EXPECT_EQ(out.entity(), event.contact.ToString());
    EXPECT_EQ(out.term(), event.term);
    EXPECT_EQ(out.sequence(), event.sequence);
    EXPECT_EQ(out.entity_revision(), event.entity_revision);
  }
}

TEST(RoutingEventsTest, EndsSayHow) {
  Event event;
  event.topic = EventTopic::kContact;
  event.contact = {kHome, {1, 2}};
  event::v1::Event out;
  event.body = ContactAbandoned{CustomerLeftReason::kConnectionLost, {"ana"}, Duration::Seconds(90)};
  ASSERT_TRUE(ToPublicEvent({"demo"}, kHome, event, &out));
  EXPECT_EQ(out.contact_ended().state(), type::v1::CONTACT_STATE_ABANDONED);
  EXPECT_EQ(out.contact_ended().reason(), "CONNECTION_LOST");
  EXPECT_EQ(out.contact_ended().waited().seconds(), 90);
  event.body = ContactCompleted{{"ana"}, EndReason::kCompletedByAgent};
  ASSERT_TRUE(ToPublicEvent({"demo"}, kHome, event, &out));
  EXPECT_EQ(out.contact_ended().state(), type::v1::CONTACT_STATE_COMPLETED);
  EXPECT_EQ(out.contact_ended().reason(), "COMPLETED_BY_AGENT");
  EXPECT_EQ(out.contact_ended().agent(), "ana");
}

TEST(RoutingEventsTest, ADecisionTakesAtMost128Bytes) {
  DecisionRecord decision;
  decision.config_revision = decision.plan_revision = 2'000'000;  // one every minute for four years
  decision.rule = {99, 499};
  decision.step = 15;
  decision.class_hash = 0xffffffff;
  decision.reason = DecisionReason::kRestored;
  const DecisionScore widest{7, 10'000'000, Duration::Hours(24 * 365).ToMilliseconds()};
  decision.score = widest;
  decision.static_score = -32768;
  decision.runner_up_count = 3;
  decision.runners_up.fill({0xffffffff, widest});
  routing::v1::Decision out;
  ToProto(decision, &out);
  EXPECT_LE(out.ByteSizeLong(), 128u);
}

}  // namespace
}  // namespace meridian
