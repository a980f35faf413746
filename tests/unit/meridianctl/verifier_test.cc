#include "services/meridianctl/verifier/verifier.h"

#include <gtest/gtest.h>

#include <functional>

#include "libs/wire/contact_types.h"
#include "tests/unit/meridianctl/history.h"

namespace meridian::verifier {
namespace {

using event::v1::Event;
using event::v1::TOPIC_CONFIG;
using event::v1::TOPIC_CONTACT;

constexpr Expectations kAllEnded = {.all_ended = true};

// Sequences of the later events of the topic and term move by one, as if nothing had been there.
void RemoveWithoutGap(Evidence& evidence, uint64_t term, uint64_t sequence) {
  const std::string entity = EventAt(evidence, TOPIC_CONTACT, term, sequence).entity();
  RemoveEvent(evidence, TOPIC_CONTACT, term, sequence);
  for (Event& event : evidence.events) {
    if (event.topic() != TOPIC_CONTACT) continue;
    const bool later = event.term() > term || (event.term() == term && event.sequence() > sequence);
    if (later && event.entity() == entity) event.set_entity_revision(event.entity_revision() - 1);
    if (later && event.term() == term) event.set_sequence(event.sequence() - 1);
    if (event.has_term_started() && event.term_started().previous_term() == term) {
      event.mutable_term_started()->set_previous_last_sequence(event.term_started().previous_last_sequence() - 1);
    }
  }
}

// Another event at the end of the last term.
Event& Append(Evidence& evidence, const std::string& contact, uint64_t revision) {
  const Event last = EventAt(evidence, TOPIC_CONTACT, 200, 9);
  Event& event = evidence.events.emplace_back(last);
  event.set_sequence(10);
  event.set_entity(contact);
  event.set_entity_revision(revision);
  return event;
}

TEST(VerifierTest, ACleanHistoryPasses) {
  Report report = Verify(CleanHistory(), kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
  EXPECT_NE(report.ToString().find("no violations"), std::string::npos);
  EXPECT_NE(report.ToString().find("2 contacts"), std::string::npos);
}

TEST(VerifierTest, TheSameEventsTwiceAreNoViolation) {
  Evidence evidence = CleanHistory();
  const std::vector<Event> repeated(evidence.events.begin() + 4, evidence.events.begin() + 9);
  evidence.events.insert(evidence.events.begin() + 9, repeated.begin(), repeated.end());
  EXPECT_EQ(Verify(evidence, kAllEnded).total(), 0u);
}

TEST(VerifierTest, EventsVoidedByTheNextTermDoNotCount) {
  Evidence evidence = CleanHistory();
  Event lost = EventAt(evidence, TOPIC_CONTACT, 100, 7);
  lost.set_sequence(8);
  lost.set_entity("c9");
  lost.set_entity_revision(1);
  lost.mutable_contact_queued()->set_conversation_id("conversation-9");
  const Event* after = &EventAt(evidence, TOPIC_CONTACT, 100, 7);
  evidence.events.insert(evidence.events.begin() + (after - evidence.events.data()) + 1, lost);
  Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
  EXPECT_NE(report.ToString().find("1 events were voided"), std::string::npos);
}

TEST(VerifierTest, ClocksOfSessionAndRoutingMayBeApart) {
  Evidence evidence = CleanHistory();
  for (Event& event : evidence.events) {
    google::protobuf::Timestamp* place = nullptr;
    if (event.has_contact_queued()) place = event.mutable_contact_queued()->mutable_virtual_start();
    if (event.has_contact_revised()) place = event.mutable_contact_revised()->mutable_virtual_start();
    if (event.has_contact_requeued()) place = event.mutable_contact_requeued()->mutable_virtual_start();
    if (place != nullptr) place->set_seconds(place->seconds() - 3600);
  }
  for (auto& [id, messages] : evidence.conversations) {
    for (auto& message : messages) message.mutable_sent_at()->set_seconds(message.sent_at().seconds() - 3600);
  }
  for (SeenPlace& place : evidence.journal.places) place.virtual_start_ms -= 3'600'000;
  EXPECT_EQ(Verify(evidence, kAllEnded).total(), 0u) << Verify(evidence, kAllEnded).ToString();
}

TEST(VerifierTest, ARoutingShardMayBeBehindWhichThePlaceInLineDoesNotShow) {
  Evidence evidence = CleanHistory();
  for (auto& [id, messages] : evidence.conversations) {
    for (auto& message : messages) {
      message.set_contact_id(id == kAnaTalk ? "c1" : "c2");
      message.mutable_sent_at()->set_seconds(message.sent_at().seconds() + 3600);
    }
    messages[0].mutable_sent_at()->set_seconds(
        EventAt(evidence, TOPIC_CONTACT, id == kAnaTalk ? 100 : 200, id == kAnaTalk ? 2 : 4).time().seconds() + 3600);
  }
  const Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
}

TEST(VerifierTest, AnAgentSeesItsOwnContactOfAConversationAlone) {
  Evidence evidence = CleanHistory();
  auto& messages = evidence.conversations[kAnaTalk];
  for (auto& message : messages) message.set_contact_id("c1");
  messages[0].set_contact_id("c0");
  std::erase_if(evidence.journal.seen,
                [](const SeenMessage& seen) { return seen.conversation_id == kAnaTalk && seen.number == 1; });
  const Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
}

TEST(VerifierTest, WhoWroteBeforeItWasShownWhatCameBeforeIsNoViolation) {
  Evidence evidence = CleanHistory();
  std::erase_if(evidence.journal.seen,
                [](const SeenMessage& seen) { return seen.conversation_id == kAnaTalk && seen.side == Side::kAgent; });
  const Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
}

TEST(VerifierTest, AStreamThatWasTrimmedIsJudgedByWhatIsLeft) {
  Evidence evidence = CleanHistory();
  const Event* second_term = &EventAt(evidence, TOPIC_CONTACT, 200, 1);
  evidence.events.erase(evidence.events.begin(), evidence.events.begin() + (second_term - evidence.events.data()));
  Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 0u) << report.ToString();
  EXPECT_NE(report.ToString().find("trimmed"), std::string::npos);
}

struct Planted {
  const char* name;
  Rule rule;
  const char* says;
  std::function<void(Evidence&)> plant;
};

void PrintTo(const Planted& planted, std::ostream* out) { *out << planted.name; }

class PlantedTest : public testing::TestWithParam<Planted> {};

TEST_P(PlantedTest, IsFound) {
  Evidence evidence = CleanHistory();
  GetParam().plant(evidence);
  Report report = Verify(evidence, kAllEnded);
  bool found = false;
  for (const Violation& violation : report.violations()) {
    found = found || (violation.rule == GetParam().rule && violation.what.find(GetParam().says) != std::string::npos);
  }
  EXPECT_TRUE(found) << report.ToString();
}

INSTANTIATE_TEST_SUITE_P(
    Contacts, PlantedTest,
    testing::Values(
        Planted{"Lost", Rule::kContactLost, "is in no event",
                [](Evidence& e) {
                  e.journal.submitted.push_back({"r9", "c9", "conversation-9"});
                }},
        Planted{"DoubledByARepeat", Rule::kContactLost, "were both acknowledged",
                [](Evidence& e) { e.journal.submitted[1].request_id = e.journal.submitted[0].request_id; }},
        Planted{"OtherConversation", Rule::kContactLost, "and queued in",
                [](Evidence& e) { e.journal.submitted[0].conversation_id = kBobTalk; }},
        Planted{"NoEnd", Rule::kContactLost, "has no end", [](Evidence& e) { RemoveWithoutGap(e, 200, 9); }},
        Planted{"TwoEnds", Rule::kContactLost, "ended a second time", [](Evidence& e) { Append(e, "c2", 5); }},
        Planted{"GoesOnAfterItsEnd", Rule::kContactLost, "events after its end",
                [](Evidence& e) { Append(e, "c2", 5).mutable_contact_held(); }},
        Planted{"CompletionLost", Rule::kContactLost, "of which there is no event",
                [](Evidence& e) { RemoveWithoutGap(e, 200, 9); }},
        Planted{"CancellationLost", Rule::kContactLost, "was canceled, and has no end",
                [](Evidence& e) {
                  RemoveWithoutGap(e, 200, 9);
                  e.journal.commanded.push_back({Commanded::Kind::kCancel, "c2", "", ""});
                }},
        Planted{"AssignedTwice", Rule::kOneAssignment, "while ana had it",
                [](Evidence& e) {
                  Event& event = EventAt(e, TOPIC_CONTACT, 200, 7);
                  event.mutable_contact_assigned()->set_agent("bob");
                  event.mutable_contact_assigned()->set_offer_token("t9");
                }},
        Planted{"OfferedWhileAssigned", Rule::kOneAssignment, "was offered to bob while it was assigned",
                [](Evidence& e) {
                  Event& event = EventAt(e, TOPIC_CONTACT, 200, 7);
                  *event.mutable_contact_offered() = EventAt(e, TOPIC_CONTACT, 200, 5).contact_offered();
                }},
        Planted{"OldTokenAccepted", Rule::kOneAssignment, "under which it was never assigned",
                [](Evidence& e) { e.journal.commanded[0].offer_token = "t1"; }},
        Planted{
            "AssignedByAnotherToken", Rule::kOneAssignment, "by the token t1",
            [](Evidence& e) { EventAt(e, TOPIC_CONTACT, 100, 7).mutable_contact_assigned()->set_offer_token("t1"); }},
        Planted{"PlaceLostInRevision", Rule::kPlaceInLine, "fell back in its line by 5000 ms",
                [](Evidence& e) {
                  auto& body = *EventAt(e, TOPIC_CONTACT, 100, 5).mutable_contact_revised();
                  SetTimestamp(InstantFromProto(body.virtual_start()) + Duration::Seconds(5),
                               body.mutable_virtual_start());
                }},
        Planted{"PlaceLostOnReturn", Rule::kPlaceInLine, "fell back in its line by 3000 ms",
                [](Evidence& e) {
                  for (Event& event : e.events) {
                    if (!event.has_contact_requeued()) continue;
                    auto& start = *event.mutable_contact_requeued()->mutable_virtual_start();
                    start.set_seconds(start.seconds() + 3);
                  }
                }},
        Planted{"PlaceLostInLine", Rule::kPlaceInLine, "700 ms behind its place",
                [](Evidence& e) { e.journal.places[0].virtual_start_ms += 700; }},
        Planted{"Overloaded", Rule::kLoad, "has a load of 2 of 1",
                [](Evidence& e) { EventAt(e, TOPIC_CONTACT, 200, 5).mutable_contact_offered()->set_units(2); }},
        Planted{"OverloadedByTwoContacts", Rule::kLoad, "has a load of 2 of 1",
                [](Evidence& e) {
                  e.config.mutable_agents(0)->set_capacity(1);
                  auto& offer = *EventAt(e, TOPIC_CONTACT, 200, 5).mutable_contact_offered();
                  offer.set_agent("ana");
                  auto& assigned = *EventAt(e, TOPIC_CONTACT, 200, 6).mutable_contact_assigned();
                  assigned.set_agent("ana");
                }},
        Planted{"ChannelFull", Rule::kLoad, "units on chat",
                [](Evidence& e) {
                  e.config.mutable_agents(1)->set_capacity(5);
                  EventAt(e, TOPIC_CONTACT, 200, 5).mutable_contact_offered()->set_units(2);
                }},
        Planted{"NotAlone", Rule::kLoad, "needs an agent alone",
                [](Evidence& e) {
                  EventAt(e, TOPIC_CONTACT, 200, 4).mutable_contact_queued()->set_channel("voice");
                  EventAt(e, TOPIC_CONTACT, 200, 5).mutable_contact_offered()->set_agent("ana");
                }},
        Planted{
            "UnpublishedRevision", Rule::kOneRevision, "which was not published by then",
            [](Evidence& e) {
              EventAt(e, TOPIC_CONTACT, 100, 6).mutable_contact_offered()->mutable_decision()->set_config_revision(2);
            }},
        Planted{
            "NoRevision", Rule::kOneRevision, "under the plan revision 0",
            [](Evidence& e) {
              EventAt(e, TOPIC_CONTACT, 100, 6).mutable_contact_offered()->mutable_decision()->clear_plan_revision();
            }}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Events, PlantedTest,
    testing::Values(
        Planted{"Gap", Rule::kEventOrder, "1 are missing", [](Evidence& e) { RemoveEvent(e, TOPIC_CONTACT, 100, 4); }},
        Planted{"TwoContents", Rule::kEventOrder, "exists with two contents",
                [](Evidence& e) {
                  Event other = EventAt(e, TOPIC_CONTACT, 200, 9);
                  other.mutable_contact_ended()->set_reason("OTHER");
                  e.events.push_back(other);
                }},
        Planted{"TailOfATermLost", Rule::kEventOrder, "but the last seen was 6",
                [](Evidence& e) { RemoveEvent(e, TOPIC_CONTACT, 100, 7); }},
        Planted{"TermWithoutStart", Rule::kEventOrder, "is not TermStarted",
                [](Evidence& e) { RemoveEvent(e, TOPIC_CONTACT, 200, 1); }},
        Planted{"WrongPreviousTerm", Rule::kEventOrder, "names term 99",
                [](Evidence& e) { EventAt(e, TOPIC_CONFIG, 200, 1).mutable_term_started()->set_previous_term(99); }},
        Planted{"OldTermComesBack", Rule::kEventOrder, "came after term 200 had begun",
                [](Evidence& e) {
                  Event late = EventAt(e, TOPIC_CONTACT, 100, 7);
                  late.set_sequence(8);
                  e.events.push_back(late);
                }},
        Planted{"RevisionSkipped", Rule::kEventOrder, "where 4 should follow",
                [](Evidence& e) { EventAt(e, TOPIC_CONTACT, 100, 5).set_entity_revision(5); }},
        Planted{"TimeGoesBack", Rule::kEventOrder, "is older than the event before",
                [](Evidence& e) { EventAt(e, TOPIC_CONTACT, 200, 9).mutable_time()->set_seconds(1767225600); }},
        Planted{"ImpossibleStep", Rule::kEventOrder, "became resumed while it was assigned",
                [](Evidence& e) { EventAt(e, TOPIC_CONTACT, 200, 7).mutable_contact_resumed(); }},
        Planted{"CompletedFromTheLine", Rule::kEventOrder, "became CONTACT_STATE_COMPLETED while it was queued",
                [](Evidence& e) {
                  RemoveWithoutGap(e, 200, 5);
                  RemoveWithoutGap(e, 200, 5);
                }},
        Planted{"NoBeginning", Rule::kEventOrder, "has no ContactQueued before it",
                [](Evidence& e) { RemoveWithoutGap(e, 200, 4); }}),
    [](const auto& planted) { return planted.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Messages, PlantedTest,
    testing::Values(
        Planted{"Lost", Rule::kMessages, "has no message 3", [](Evidence& e) { e.conversations[kAnaTalk].pop_back(); }},
        Planted{"ConversationLost", Rule::kMessages, "cannot be read",
                [](Evidence& e) {
                  e.conversations.erase(kAnaTalk);
                  e.missing_conversations.push_back(kAnaTalk);
                }},
        Planted{"Gap", Rule::kMessages, "has message 3 where 2 should follow",
                [](Evidence& e) {
                  auto& messages = e.conversations[kAnaTalk];
                  messages.erase(messages.begin() + 1);
                }},
        Planted{"Doubled", Rule::kMessages, "doubled or reordered",
                [](Evidence& e) {
                  auto& messages = e.conversations[kAnaTalk];
                  messages.push_back(messages.back());
                  messages.back().set_number(4);
                }},
        Planted{"Reordered", Rule::kMessages, "than the customer had acknowledged",
                [](Evidence& e) {
                  auto& messages = e.conversations[kAnaTalk];
                  std::swap(messages[0], messages[2]);
                  messages[0].set_number(1);
                  messages[2].set_number(3);
                }},
        Planted{"OtherWords", Rule::kMessages, "other words in message 1 than the customer sent",
                [](Evidence& e) { e.conversations[kAnaTalk][0].mutable_parts(0)->mutable_text()->set_text("adiós"); }},
        Planted{"SidesDiffer", Rule::kMessages, "showed the customer other words in message 2",
                [](Evidence& e) { e.journal.seen[1].digest = MessageDigest({"something else"}); }},
        Planted{"SeenButNotThere", Rule::kMessages, "which the customer saw",
                [](Evidence& e) {
                  e.journal.seen.push_back({kAnaTalk, Side::kCustomer, "", 4, ""});
                }},
        Planted{"SeenWithAGap", Rule::kMessages, "did not show ana message 1, but 2",
                [](Evidence& e) { e.journal.seen.erase(e.journal.seen.begin()); }},
        Planted{"SeenWithoutAGrant", Rule::kGrants, "who never had",
                [](Evidence& e) {
                  e.journal.seen.push_back({kAnaTalk, Side::kAgent, "bob", 1, ""});
                }},
        Planted{"SeenAfterTheGrant", Rule::kGrants, "who no longer had",
                [](Evidence& e) { e.conversations[kAnaTalk][2].mutable_sent_at()->set_seconds(1767229200); }},
        Planted{"WrittenWithoutAGrant", Rule::kGrants, "who did not have the contact then",
                [](Evidence& e) { e.conversations[kAnaTalk][1].set_author("bob"); }}),
    [](const auto& planted) { return planted.param.name; });

TEST(VerifierTest, OneRuleBrokenOftenIsCountedAndShownInPart) {
  Evidence evidence = CleanHistory();
  for (int i = 0; i < 200; ++i) evidence.journal.submitted.push_back({"r" + std::to_string(i), "x", "y"});
  Report report = Verify(evidence, kAllEnded);
  EXPECT_EQ(report.total(), 200u);
  EXPECT_EQ(report.violations().size(), 50u);
  EXPECT_NE(report.ToString().find("and 150 more"), std::string::npos);
}

}  // namespace
}  // namespace meridian::verifier
