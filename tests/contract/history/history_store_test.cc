// What HistoryStore promises, whatever keeps it.
#include "libs/history/history_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "libs/history/sqlite_history.h"
#include "libs/testing/temporary_folder.h"

namespace meridian::history {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId kTenant{"acme"};
const TenantId kOther{"zeta"};
const ShardId kSource{ShardKind::kRouting, 3};
const ShardId kSecondSource{ShardKind::kSession, 3};

// A store under the suite, over a folder that outlives it.
struct Kind {
  std::string name;
  absl::StatusOr<std::unique_ptr<HistoryStore>> (*open)(const std::string& folder);
};

std::vector<Kind> AllKinds() {
  return {{"Sqlite", [](const std::string& folder) -> absl::StatusOr<std::unique_ptr<HistoryStore>> {
             auto opened = SqliteHistory::Open({folder + "/history.db", "the test", {}});
             if (!opened.ok()) return opened.status();
             return std::unique_ptr<HistoryStore>(*std::move(opened));
           }}};
}

template <typename Id>
Id IdOf(int number) {
  char text[64];
  std::snprintf(text, sizeof(text), "eu1-01932c07-209c-7b5e-8f2e-%012d", number);
  return *Id::Parse(text);
}
ContactId ContactOf(int number) { return IdOf<ContactId>(number); }
ConversationId ConversationOf(int number) { return IdOf<ConversationId>(number); }
Instant At(int64_t second) { return Instant::FromUnixSeconds(1'750'000'000 + second); }

ContactUpdate Queued(int number, int64_t second) {
  ContactUpdate update{kTenant, ContactOf(number)};
  update.conversation = ConversationOf(number % 10);
  update.customer = IdOf<CustomerId>(number % 3);
  update.channel = "chat";
  update.queue = number % 2 == 0 ? "even" : "odd";
  update.queued_at = At(second);
  update.timeline = "q";
  return update;
}

ContactUpdate Ended(int number, int64_t second) {
  ContactUpdate update{kTenant, ContactOf(number)};
  update.state = ContactState::kCompleted;
  update.reason = "COMPLETED_BY_AGENT";
  update.ended_at = At(second);
  update.timeline = "e";
  return update;
}

class HistoryStoreTest : public ::testing::TestWithParam<Kind> {
 protected:
  HistoryStoreTest() { Reopen(); }
  void Reopen() {
    store_.reset();
    auto opened = GetParam().open(folder_.path());
    ASSERT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }
  // The next batch of kSource.
  absl::Status Apply(std::vector<ContactUpdate> contacts, std::vector<ConversationUpdate> conversations = {}) {
    Batch batch;
    batch.progress = {{kSource, reached_, {1, reached_.number + 1}}};
    batch.contacts = std::move(contacts);
    batch.conversations = std::move(conversations);
    absl::Status applied = store_->Apply(batch);
    if (applied.ok()) reached_ = batch.progress[0].to;
    return applied;
  }
  // Ended contacts `from` to `to` exclusive, each at its own second.
  void ApplyEnded(int from, int to) {
    std::vector<ContactUpdate> updates;
    for (int i = from; i < to; ++i) {
      updates.push_back(Queued(i, i));
      updates.back().Absorb(Ended(i, i));
    }
    ASSERT_TRUE(Apply(std::move(updates)).ok());
  }
  std::vector<ContactId> EndedPages(const Filter& filter, size_t page_size, int* pages = nullptr) {
    std::vector<ContactId> all;
    std::string next;
    do {
      auto page = store_->EndedContacts(kTenant, filter, page_size, next);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return all;
      EXPECT_LE(page->items.size(), page_size);
      for (const Contact& contact : page->items) all.push_back(contact.id);
      next = page->next;
      if (pages != nullptr) ++*pages;
    } while (!next.empty());
    return all;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<HistoryStore> store_;
  LogPosition reached_;
};

TEST_P(HistoryStoreTest, AContactGathersWhatIsAppliedToIt) {
  ASSERT_TRUE(Apply({Queued(1, 10)}).ok());
  ContactUpdate offered{kTenant, ContactOf(1)};
  offered.agent = "ana";
  offered.offers = 1;
  offered.timeline = "o";
  ASSERT_TRUE(Apply({offered}).ok());
  ContactUpdate again = offered;
  again.agent = "bea";
  again.assigned_at = At(12);
  ASSERT_TRUE(Apply({again}).ok());
  ContactUpdate reassigned{kTenant, ContactOf(1)};
  reassigned.assigned_at = At(13);
  ASSERT_TRUE(Apply({reassigned}).ok());
  ASSERT_TRUE(Apply({Ended(1, 20)}).ok());

  auto found = store_->FindContact(kTenant, ContactOf(1));
  ASSERT_TRUE(found.ok() && *found) << found.status();
  Contact expected{
      ContactOf(1), ConversationOf(1),        IdOf<CustomerId>(1), "chat", "odd", "", "", "", "bea", 2, At(10), At(12),
      At(20),       ContactState::kCompleted, "COMPLETED_BY_AGENT"};
  EXPECT_EQ((*found)->contact, expected);
  EXPECT_EQ((*found)->timeline, "qooe");
}

TEST_P(HistoryStoreTest, WhatIsAbsorbedBeforeEqualsWhatIsAppliedOneByOne) {
  ContactUpdate at_once = Queued(1, 10);
  ContactUpdate offered{kTenant, ContactOf(1)};
  offered.offers = 1;
  offered.assigned_at = At(11);
  ContactUpdate later = offered;
  later.assigned_at = At(15);
  at_once.Absorb(offered);
  at_once.Absorb(later);
  at_once.Absorb(Ended(1, 20));
  ASSERT_TRUE(Apply({at_once}).ok());
  auto one = store_->FindContact(kTenant, ContactOf(1));
  ASSERT_TRUE(one.ok() && *one);

  ContactUpdate other = Queued(1, 10);
  const auto elsewhere = [](ContactUpdate update) {
    update.tenant = kOther;
    return update;
  };
  for (const ContactUpdate& update : {Queued(1, 10), offered, later, Ended(1, 20)}) {
    ASSERT_TRUE(Apply({elsewhere(update)}).ok());
  }
  auto two = store_->FindContact(kOther, ContactOf(1));
  ASSERT_TRUE(two.ok() && *two);
  EXPECT_EQ((*one)->contact, (*two)->contact);
  EXPECT_EQ((*one)->timeline, (*two)->timeline);
}

TEST_P(HistoryStoreTest, PositionsMoveWithTheirBatchesAndSurviveAReopening) {
  EXPECT_EQ(*store_->Position(kSource), std::nullopt);
  Batch batch;
  batch.progress = {{kSource, {0, 0}, {5, 9}}, {kSecondSource, {7, 7}, {7, 8}}};  // a first `from` may be any
  ASSERT_TRUE(store_->Apply(batch).ok());
  Reopen();
  EXPECT_EQ(*store_->Position(kSource), (LogPosition{5, 9}));
  EXPECT_EQ(*store_->Position(kSecondSource), (LogPosition{7, 8}));
}

TEST_P(HistoryStoreTest, ABatchFromElsewhereIsRefusedWhole) {
  ASSERT_TRUE(Apply({Queued(1, 1)}).ok());
  Batch batch;
  batch.progress = {{kSecondSource, {0, 0}, {1, 1}}, {kSource, {0, 0}, {1, 9}}};
  batch.contacts = {Queued(2, 2)};
  EXPECT_EQ(store_->Apply(batch).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*store_->Position(kSource), reached_);
  EXPECT_EQ(*store_->Position(kSecondSource), std::nullopt);
  EXPECT_EQ(*store_->FindContact(kTenant, ContactOf(2)), std::nullopt);
  EXPECT_TRUE(Apply({Queued(2, 2)}).ok()) << "and the store goes on";
}

TEST_P(HistoryStoreTest, EndedContactsComeNewestFirstInPages) {
  ApplyEnded(0, 25);
  ASSERT_TRUE(Apply({Queued(99, 99)}).ok());  // lives
  int pages = 0;
  std::vector<ContactId> expected;
  for (int i = 24; i >= 0; --i) expected.push_back(ContactOf(i));
  EXPECT_EQ(EndedPages({}, 10, &pages), expected);
  EXPECT_EQ(pages, 3);
}

TEST_P(HistoryStoreTest, ContactsThatEndedTogetherAreEachOnOnePage) {
  std::vector<ContactUpdate> updates;
  for (int i = 0; i < 7; ++i) updates.push_back(Ended(i, 5));
  ASSERT_TRUE(Apply(std::move(updates)).ok());
  EXPECT_THAT(EndedPages({}, 2), ElementsAre(ContactOf(6), ContactOf(5), ContactOf(4), ContactOf(3), ContactOf(2),
                                             ContactOf(1), ContactOf(0)));
}

TEST_P(HistoryStoreTest, FiltersRestrict) {
  ApplyEnded(0, 12);
  Filter filter;
  filter.ended_from = At(3);
  filter.ended_before = At(6);
  EXPECT_THAT(EndedPages(filter, 100), ElementsAre(ContactOf(5), ContactOf(4), ContactOf(3)));
  filter.queue = "odd";
  EXPECT_THAT(EndedPages(filter, 100), ElementsAre(ContactOf(5), ContactOf(3)));
  Filter of_customer;
  of_customer.customer = IdOf<CustomerId>(2);
  EXPECT_THAT(EndedPages(of_customer, 3), ElementsAre(ContactOf(11), ContactOf(8), ContactOf(5), ContactOf(2)));
  Filter nobody;
  nobody.agent = "nobody";
  EXPECT_THAT(EndedPages(nobody, 3), IsEmpty());
  Filter elsewhere;
  elsewhere.channel = "voice";
  EXPECT_THAT(EndedPages(elsewhere, 3), IsEmpty());
}

TEST_P(HistoryStoreTest, AnUnknownPageIsRefused) {
  for (const char* page : {"x", "12", "12.", "12.eu1", ".eu1-01932c07-209c-7b5e-8f2e-000000000001"}) {
    EXPECT_EQ(store_->EndedContacts(kTenant, {}, 10, page).status().code(), absl::StatusCode::kInvalidArgument) << page;
    EXPECT_EQ(store_->ClosedConversations(kTenant, {}, 10, page).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_P(HistoryStoreTest, TenantsSeeTheirOwn) {
  ApplyEnded(0, 2);
  EXPECT_EQ(*store_->FindContact(kOther, ContactOf(1)), std::nullopt);
  EXPECT_THAT(store_->EndedContacts(kOther, {}, 10, "")->items, IsEmpty());
  EXPECT_THAT(*store_->ContactsOf(kOther, ConversationOf(1)), IsEmpty());
  EXPECT_THAT(*store_->ContactsOf(kTenant, ConversationOf(1)), SizeIs(1));
}

TEST_P(HistoryStoreTest, ConversationsGatherAndAreListedWhenClosed) {
  ConversationUpdate opened{kTenant, ConversationOf(1)};
  opened.customer = IdOf<CustomerId>(1);
  opened.opened_at = At(1);
  opened.contacts = 1;
  ConversationUpdate said{kTenant, ConversationOf(1)};
  said.customer_messages = 2;
  said.other_messages = 1;
  ConversationUpdate closed{kTenant, ConversationOf(1)};
  closed.closed_at = At(9);
  closed.reason = "EXPIRED";
  closed.refused_contacts = 1;
  ASSERT_TRUE(Apply({}, {opened}).ok());
  EXPECT_THAT(store_->ClosedConversations(kTenant, {}, 10, "")->items, IsEmpty());
  said.Absorb(closed);
  ASSERT_TRUE(Apply({}, {said}).ok());
  const Conversation expected{ConversationOf(1), IdOf<CustomerId>(1), 1, 1, 2, 1, At(1), At(9), "EXPIRED"};
  EXPECT_EQ(*store_->FindConversation(kTenant, ConversationOf(1)), expected);
  EXPECT_THAT(store_->ClosedConversations(kTenant, {}, 10, "")->items, ElementsAre(expected));
}

TEST_P(HistoryStoreTest, OldWorkOfAllTenantsIsRemovedInSlices) {
  ApplyEnded(0, 10);
  ContactUpdate other = Ended(1, 1);
  other.tenant = kOther;
  ConversationUpdate closed{kTenant, ConversationOf(1)};
  closed.closed_at = At(1);
  ASSERT_TRUE(Apply({other, Queued(50, 0)}, {closed}).ok());
  EXPECT_EQ(*store_->Expire(At(5), 4), 4u);
  EXPECT_EQ(*store_->Expire(At(5), 4), 2u);
  EXPECT_EQ(*store_->Expire(At(5), 4), 0u);
  EXPECT_THAT(EndedPages({}, 100), ElementsAre(ContactOf(9), ContactOf(8), ContactOf(7), ContactOf(6), ContactOf(5)));
  EXPECT_EQ(*store_->FindContact(kOther, ContactOf(1)), std::nullopt);
  EXPECT_EQ(*store_->FindConversation(kTenant, ConversationOf(1)), std::nullopt);
  EXPECT_TRUE((*store_->FindContact(kTenant, ContactOf(50))).has_value()) << "it lives, however old";
}

TEST_P(HistoryStoreTest, ASecondUserOfTheSameHistoryIsRefused) {
  auto second = GetParam().open(folder_.path());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()), ::testing::HasSubstr("the test"));
}

INSTANTIATE_TEST_SUITE_P(All, HistoryStoreTest, ::testing::ValuesIn(AllKinds()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace meridian::history
