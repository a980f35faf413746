#include "tests/unit/conversation/model_world.h"

#include <algorithm>

namespace meridian::conversation {
namespace {

const TenantId kDemo{"demo"};
const std::vector<AgentId> kAgents{{"ana"}, {"bob"}, {"faq"}};
constexpr size_t kCustomers = 4;

std::string NameOf(const Author& author) {
  return author.agent.empty() ? std::string(ToString(author.kind)) : author.agent.value;
}

}  // namespace

ModelWorld::ModelWorld(uint64_t seed) : random_(seed), customers_(kCustomers) {}

void ModelWorld::Step() {
  switch (Roll(12)) {
    case 0:
    case 1:
      CustomerWrites();
      break;
    case 2:
    case 3:
      AgentWrites();
      break;
    case 4:
      CustomerMoves();
      break;
    case 5:
      RoutingActs();
      break;
    case 6:
    case 7:
      NetworkDelivers(/*faulty=*/true);
      break;
    case 8:
    case 9:
      FollowLog(/*faulty=*/true);
      break;
    case 10: {
      Release();
      static constexpr int64_t kMilliseconds[] = {0, 50, 50, 1000, 1000, 30'000, 61'000, 200'000, 8'000'000};
      session_.AdvanceBy(Duration::Milliseconds(kMilliseconds[Roll(std::size(kMilliseconds))]));
      break;
    }
    case 11:
      if (Roll(4) == 0) Crash();
      break;
  }
  if (Roll(3) != 0) Release();
}

Answer ModelWorld::Tell(Command command) { return session_.DoUncommitted(std::move(command)); }

void ModelWorld::CustomerWrites() {
  size_t who = Roll(kCustomers);
  Customer& customer = customers_[who];
  // A repeat of something sent before (its answer may have been lost), or something new.
  bool repeat = !customer.sent.empty() && Roll(3) == 0;
  uint64_t number = customer.next_number;
  if (repeat) number = std::next(customer.sent.begin(), static_cast<int64_t>(Roll(customer.sent.size())))->first;
  bool submits = repeat ? customer.sent[number] : customer.conversation.IsNil() || Roll(2) == 0;
  if (!repeat) customer.next_number += 1 + Roll(2);
  customer.sent[number] = submits;
  std::string text = TextBy("customer", number);
  Answer answer;
  if (submits) {
    SubmitContact command = session_.Submission(next_id_++, number, text);
    command.identity.address = "visitor-" + std::to_string(who);
    answer = Tell(command);
  } else {
    AppendMessage command = session_.FromCustomer(0, number, text);
    command.conversation = customer.conversation;
    answer = Tell(command);
  }
  if (const auto* submitted = std::get_if<Submitted>(&answer)) {
    held_.push_back({{submitted->conversation, "customer", number}, submitted->number, text});
    customer.conversation = submitted->conversation;
    if (!submitted->contact.IsNil()) customer.contact = submitted->contact;
  } else if (const auto* appended = std::get_if<Appended>(&answer)) {
    held_.push_back({{customer.conversation, "customer", number}, appended->number, text});
  }
}

void ModelWorld::AgentWrites() {
  const Customer& customer = customers_[Roll(kCustomers)];
  if (customer.conversation.IsNil()) return;
  const AgentId& agent = kAgents[Roll(kAgents.size())];
  uint64_t& numbers = agent_numbers_[{agent, customer.conversation}];
  bool repeat = numbers > 0 && Roll(3) == 0;
  uint64_t number = repeat ? 1 + Roll(numbers) : ++numbers;
  std::string text = TextBy(agent.value, number);
  AppendMessage command = session_.FromAgent(0, agent.value, number, text);
  command.conversation = customer.conversation;
  const ConversationRecord* record = session_.core().Find(customer.conversation);
  bool may_write = false;
  for (const ContactRecord& contact : record == nullptr ? std::vector<ContactRecord>{} : record->contacts) {
    may_write |= routing_.After(LiveEntry(), contact.id).MayWrite(agent) && !WasWithdrawn(contact.id);
  }
  Answer answer = Tell(command);
  if (const auto* appended = std::get_if<Appended>(&answer)) {
    EXPECT_TRUE(appended->repeated || may_write) << agent.value << " wrote without a grant";
    held_.push_back({{customer.conversation, agent.value, number}, appended->number, text});
  } else {
    RefusalCode code = std::get<Refusal>(answer).code;
    bool for_want_of_a_grant = code == RefusalCode::kNoGrant || code == RefusalCode::kReadOnly;
    EXPECT_FALSE(may_write && for_want_of_a_grant) << agent.value << " was refused in spite of a grant";
  }
}

void ModelWorld::CustomerMoves() {
  Customer& customer = customers_[Roll(kCustomers)];
  if (customer.conversation.IsNil()) return;
  uint64_t what = Roll(12);
  if (what < 6) {
    Tell(WatchConversation{kDemo, customer.conversation, Roll(3)});
  } else if (what < 10) {
    Tell(UnwatchConversation{kDemo, customer.conversation, Roll(3)});
  } else if (what < 11) {
    Tell(CancelContact{kDemo, customer.conversation, customer.contact});
  } else {
    Tell(CloseConversation{kDemo, customer.conversation});
  }
}

void ModelWorld::RoutingActs() {
  std::vector<ContactId> live = routing_.Live();
  if (live.empty()) return;
  const ContactId& contact = live[Roll(live.size())];
  if (Roll(6) == 0) {
    routing_.Close(contact, EndReason::kCompletedByAgent);
    return;
  }
  std::vector<Participant> participants;
  size_t count = Roll(3);
  size_t first = Roll(kAgents.size());
  for (size_t i = 0; i < count; ++i) {
    const AgentId& agent = kAgents[(first + i) % kAgents.size()];
    participants.push_back({agent, agent.value == "faq" ? AgentKind::kBot : AgentKind::kHuman,
                            i == 0 ? AssignmentRole::kPrimary : AssignmentRole::kMonitoring, Roll(5) != 0});
  }
  routing_.SetParticipants(contact, std::move(participants));
}

void ModelWorld::NetworkDelivers(bool faulty) {
  size_t deliveries = faulty ? 1 + Roll(3) : to_routing_.size();
  for (size_t i = 0; i < deliveries && !to_routing_.empty(); ++i) {
    size_t at = faulty ? Roll(to_routing_.size()) : 0;
    auto [sent_at, message] = to_routing_[at];
    // Left in the queue it comes again.
    if (!faulty || Roll(10) != 0) to_routing_.erase(to_routing_.begin() + static_cast<int64_t>(at));
    // Routing refuses what is older as too old, which is no answer.
    if (session_.now() - sent_at > Duration::Seconds(30) || (faulty && Roll(6) == 0)) continue;
    if (const auto* enqueue = std::get_if<EnqueueContact>(&message)) {
      from_routing_.push_back(routing_.On(*enqueue, Roll(8) == 0));
    } else {
      from_routing_.push_back(routing_.On(std::get<TellRouting>(message)));
    }
  }
  while (!from_routing_.empty() && (!faulty || Roll(3) != 0)) {
    size_t at = faulty ? Roll(from_routing_.size()) : 0;
    auto answer = from_routing_[at];
    if (!faulty || Roll(10) != 0) from_routing_.erase(from_routing_.begin() + static_cast<int64_t>(at));
    if (faulty && Roll(6) == 0) continue;
    std::visit([&](const auto& body) { Tell(body); }, answer);
  }
}

void ModelWorld::FollowLog(bool faulty) {
  if (faulty && LiveEntry() > 0 && Roll(4) == 0) Tell(routing_.Entry(1 + Roll(LiveEntry())));
  while (LiveEntry() < routing_.log_size()) {
    Tell(routing_.Entry(LiveEntry() + 1));
    if (faulty && Roll(2) == 0) return;
  }
}

void ModelWorld::Release() {
  session_.Commit();
  for (const OutgoingMessage& message : session_.TakeOutbox()) {
    std::visit([&](const auto& body) { Receive(body); }, message);
  }
  for (const auto& [key, number, text] : std::exchange(held_, {})) Journal(key, number, text);
}

void ModelWorld::Journal(const JournalKey& key, uint64_t number, const std::string& text) {
  auto [known, fresh] = journal_.emplace(key, std::pair(number, text));
  EXPECT_EQ(known->second.first, number) << text << " was acknowledged under two numbers";
}

void ModelWorld::Crash() {
  trace_.push_back("crash");
  // What was applied but not committed is lost, or it became durable and nobody was told.
  if (Roll(2) == 0) {
    session_.Commit();
    session_.TakeOutbox();
  }
  held_.clear();
  session_.Restart(Duration::Milliseconds(static_cast<int64_t>(Roll(20'000))));
  released_entry_ = LiveEntry();
  session_.ExpectStoredEqualsLive();
  ReadAgain();
}

void ModelWorld::Heal() {
  Release();
  for (int round = 0; round < 60; ++round) {
    if (round == 30) {
      for (const ContactId& contact : routing_.Live()) routing_.Finish(contact);
    }
    NetworkDelivers(/*faulty=*/false);
    FollowLog(/*faulty=*/false);
    for (const ContactId& contact : routing_.Live()) {
      if (routing_.IsClosed(contact)) routing_.SetParticipants(contact, {});
    }
    Release();
    session_.AdvanceBy(Duration::Seconds(10));
    Release();
  }
  session_.AdvanceBy(Duration::Hours(3));
  Release();
  EXPECT_TRUE(session_.conversations.empty()) << session_.conversations.size() << " conversations never ended";
  EXPECT_EQ(session_.core().NextDeadline(), Instant::Never());
}

void ModelWorld::ExpectNothingLostDoubledOrReordered() {
  for (const auto& [key, record] : session_.ended) {
    std::map<std::string, uint64_t> last_by_author;
    for (uint64_t number = 1; number <= record.last_number; ++number) {
      auto stored = session_.messages.find(MessageKey(record.id, number));
      ASSERT_NE(stored, session_.messages.end()) << "a gap at " << number;
      const Message& message = stored->second.message;
      uint64_t& last = last_by_author[NameOf(message.author)];
      EXPECT_GT(message.client_number, last) << "doubled or reordered";
      last = message.client_number;
      EXPECT_EQ(std::get<TextPart>(message.parts[0]).text, TextBy(NameOf(message.author), message.client_number));
    }
    EXPECT_EQ(session_.messages.count(MessageKey(record.id, record.last_number + 1)), 0u);
  }
  for (const auto& [key, value] : journal_) {
    const auto& [conversation, author, client_number] = key;
    auto stored = session_.messages.find(MessageKey(conversation, value.first));
    ASSERT_NE(stored, session_.messages.end()) << "an acknowledged message was lost";
    EXPECT_EQ(std::get<TextPart>(stored->second.message.parts[0]).text, value.second);
    EXPECT_EQ(NameOf(stored->second.message.author), author);
  }
  std::map<ContactId, std::pair<int, int>> lives;
  for (const Event& event : session_.events) {
    if (const auto* submitted = std::get_if<ContactSubmittedEvent>(&event.body)) ++lives[submitted->contact].first;
    if (const auto* closed = std::get_if<ContactClosedEvent>(&event.body)) ++lives[closed->contact].second;
  }
  for (const auto& [contact, counts] : lives) EXPECT_EQ(counts, std::pair(1, 1)) << "each contact ends exactly once";
  for (const auto& [contact, standing] : outcomes_) {
    if (standing.kind == ContactStanding::Kind::kAcknowledged) EXPECT_TRUE(routing_.Queued(contact));
    if (standing.kind == ContactStanding::Kind::kRefused) EXPECT_FALSE(routing_.Queued(contact));
  }
}

}  // namespace meridian::conversation
