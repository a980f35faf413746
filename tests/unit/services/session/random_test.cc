// Random worlds: customers and agents who write, come and go, a routing that is there or not, crashes anywhere. What
// holds at the end: every acknowledged message is there once, with the number it was answered with; each reader has
// seen messages without gaps and in order, an agent none after its grant; and no contact was queued twice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

constexpr uint64_t kConversations = 6;
const char* const kAgents[] = {"ana", "ben", "robo"};

class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed) : random_(seed) {}

  void Step();
  void Finish();

 private:
  struct Customer {
    uint64_t next_number = 1;
    std::map<uint64_t, std::string> unanswered;  // client number → label of the newest try
    std::map<uint64_t, uint64_t> acknowledged;   // client number → message number
    SessionWorld::OpenReader reader;
    uint64_t seen = 0;
  };

  uint64_t Pick(uint64_t below) { return random_() % below; }
  void Write(uint64_t n, uint64_t client_number);
  void CollectAnswers(uint64_t n);
  void CheckReader(uint64_t n);
  void CloseReader(uint64_t n);
  void Crash();
  void Route();

  std::mt19937_64 random_;
  SessionWorld world_;
  Customer customers_[kConversations];
  uint64_t labels_ = 0;
};

// Every message is a submission, as an integrator's that does not know whether its contact lives.
void RandomWorld::Write(uint64_t n, uint64_t client_number) {
  const std::string label = std::to_string(n) + "/" + std::to_string(client_number) + "/" + std::to_string(++labels_);
  customers_[n].unanswered[client_number] = label;
  auto submission = world_.Submission(n, client_number, "text " + std::to_string(client_number));
  submission.spec.id = SessionWorld::Contact(100 + labels_);  // used when the message opens a contact
  world_.Submit(label, std::move(submission));
}

void RandomWorld::CollectAnswers(uint64_t n) {
  Customer& customer = customers_[n];
  for (auto it = customer.unanswered.begin(); it != customer.unanswered.end();) {
    auto answer = world_.answers.find(it->second);
    if (answer == world_.answers.end() || !answer->second.starts_with("OK ")) {
      ++it;
      continue;
    }
    const uint64_t number = std::stoull(answer->second.substr(3));
    auto [known, added] = customer.acknowledged.emplace(it->first, number);
    EXPECT_EQ(known->second, number) << "message " << it->first << " of " << n;
    it = customer.unanswered.erase(it);
  }
}

void RandomWorld::CheckReader(uint64_t n) {
  Customer& customer = customers_[n];
  if (!customer.reader.reader) return;
  uint64_t expected = customer.seen;
  for (uint64_t number : customer.reader->Numbers()) ASSERT_EQ(number, ++expected) << "reader of " << n;
}

void RandomWorld::CloseReader(uint64_t n) {
  Customer& customer = customers_[n];
  if (!customer.reader.reader) return;
  CheckReader(n);
  customer.seen += customer.reader->Numbers().size();
  customer.reader = {};
}

void RandomWorld::Crash() {
  for (uint64_t n = 0; n < kConversations; ++n) CloseReader(n);
  world_.Crash();
  if (Pick(2) == 0) world_.routing.CatchUp();
  for (uint64_t n = 0; n < kConversations; ++n) CollectAnswers(n);
  world_.Boot();
}

// A contact gets an agent, another one, none, or ends.
void RandomWorld::Route() {
  const std::vector<ContactId> live = world_.routing.live();
  if (live.empty()) return;
  const ContactId& contact = live[Pick(live.size())];
  const uint64_t what = Pick(5);
  if (what == 4) return world_.routing.CloseContact(contact, EndReason::kCompletedByAgent);
  if (what == 3) return world_.routing.SetParticipants(contact, {});
  world_.routing.SetParticipants(contact, {kAgents[what]});
}

void RandomWorld::Step() {
  using Mode = FakeRouting::Mode;
  const uint64_t n = Pick(kConversations);
  Customer& customer = customers_[n];
  switch (Pick(16)) {
    case 0:
    case 1:
    case 2:
      if (customer.unanswered.empty()) Write(n, customer.next_number++);
      break;
    case 3:
      if (!customer.unanswered.empty()) Write(n, customer.unanswered.begin()->first);
      break;
    case 4:
      if (!customer.reader.reader) customer.reader = world_.Watch(n, customer.seen);
      break;
    case 5:
      CloseReader(n);
      break;
    case 6:
      Route();
      break;
    case 7: {
      const Mode modes[] = {Mode::kAnswers, Mode::kAnswers, Mode::kUnreachable, Mode::kLosesAnswer, Mode::kSlow};
      world_.routing.mode = modes[Pick(5)];
      break;
    }
    case 8:
      world_.routing.CatchUp();
      break;
    case 9:
      if (Pick(4) == 0) Crash();
      break;
    case 10:
      world_.Pass(Duration::Milliseconds(static_cast<int64_t>(Pick(500))));
      break;
    case 11:
      ++labels_;
      world_.Say("agent/" + std::to_string(labels_), n, labels_, "agent's", kAgents[Pick(3)]);
      break;
    case 12:
      world_.Settle();
      break;
    default:
      world_.StepShard();
      world_.store().Step();
  }
  CollectAnswers(n);
  CheckReader(n);
}

void RandomWorld::Finish() {
  world_.routing.mode = FakeRouting::Mode::kAnswers;
  world_.routing.CatchUp();
  world_.Pass(Duration::Seconds(20));
  for (uint64_t n = 0; n < kConversations; ++n) {
    CollectAnswers(n);
    for (const auto& [client_number, label] : std::map(customers_[n].unanswered)) Write(n, client_number);
  }
  world_.Pass(Duration::Seconds(20));
  for (const auto& [contact, times] : world_.routing.times_queued()) EXPECT_EQ(times, 1) << contact.ToString();
  for (uint64_t n = 0; n < kConversations; ++n) {
    Customer& customer = customers_[n];
    CollectAnswers(n);
    EXPECT_THAT(customer.unanswered, ::testing::IsEmpty());
    if (customer.acknowledged.empty()) continue;
    if (!customer.reader.reader) customer.reader = world_.Watch(n, customer.seen);
    world_.Settle();
    CheckReader(n);
    std::map<uint64_t, std::set<uint64_t>> stored;  // client number → numbers, of the customer's
    uint64_t after = 0;
    for (auto page = world_.List(n, after, 200); page.ok() && page->messages_size() > 0;
         page = world_.List(n, after, 200)) {
      for (const auto& message : page->messages()) {
        EXPECT_EQ(message.number(), ++after);
        if (message.author_kind() != type::v1::AUTHOR_KIND_CUSTOMER) continue;
        stored[message.client_number()].insert(message.number());
      }
    }
    EXPECT_EQ(customer.seen + customer.reader->Numbers().size(), after) << "what the reader has seen of " << n;
    for (const auto& [client_number, number] : customer.acknowledged) {
      EXPECT_THAT(stored[client_number], ::testing::ElementsAre(number)) << "message " << client_number << " of " << n;
    }
  }
}

class SessionRandomTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SessionRandomTest, NothingIsLostDoubledOrReordered) {
  RandomWorld world(GetParam());
  for (int i = 0; i < 5000 && !HasFatalFailure(); ++i) world.Step();
  world.Finish();
}

INSTANTIATE_TEST_SUITE_P(Seeds, SessionRandomTest, ::testing::Range<uint64_t>(1, 7));

}  // namespace
}  // namespace meridian
