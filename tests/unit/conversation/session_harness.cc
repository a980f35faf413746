#include "tests/unit/conversation/session_harness.h"

#include <algorithm>
#include <set>
#include <utility>

namespace meridian::conversation {
namespace {

const RegionCode kRegion = *RegionCode::Parse("eu1");
// As the shard loop asks of a program.
constexpr size_t kMaxBytesOfACommand = 100 * 1024;

const TenantId kDemo{"demo"};

}  // namespace

ContactId ContactNo(uint64_t n) { return {kRegion, Uuid{0xc0, n}}; }
ConversationId ConversationNo(uint64_t n) { return {kRegion, Uuid{0xd0, n}}; }
CustomerId CustomerNo(uint64_t n) { return {kRegion, Uuid{0xe0, n}}; }
Uuid RequestNo(uint64_t n) { return {0xf0, n}; }
std::vector<MessagePart> Text(std::string text) {
  return {TextPart{std::move(text), *LanguageTag::Parse("es"), LanguageOrigin::kDeclared}};
}

SessionHarness::SessionHarness(size_t max_awake)
    : max_awake_(max_awake), now_(Instant::FromUnixSeconds(1'700'000'000)), core_(NewCore()) {
  core_->BeginLoad();
  core_->FinishLoad(now_);
}

// What is packed lies aside; its number is what the core keeps of it.
std::unique_ptr<SessionCore> SessionHarness::NewCore() const {
  auto packed = std::make_shared<std::vector<ConversationRecord>>();
  SessionOptions options;
  options.max_awake = max_awake_;
  return std::make_unique<SessionCore>(options, RecordPacking{[packed](const ConversationRecord& record) {
                                                                packed->push_back(record);
                                                                return std::to_string(packed->size() - 1);
                                                              },
                                                              [packed](std::string_view number) {
                                                                return packed->at(std::stoull(std::string(number)));
                                                              }});
}

Answer SessionHarness::Do(Command command) {
  EffectsSize before = core_->PendingSize();
  Answer answer = core_->Apply(std::move(command), now_);
  EXPECT_LE(core_->PendingSize().bytes, before.bytes + kMaxBytesOfACommand);
  Commit();
  return answer;
}

size_t SessionHarness::PendingBytesOf(Command command) {
  Answer answer = core_->Apply(std::move(command), now_);
  EXPECT_FALSE(std::holds_alternative<Refusal>(answer));
  size_t bytes = core_->PendingSize().bytes;
  Commit();
  return bytes;
}

void SessionHarness::Commit() {
  EffectsSize size = core_->PendingSize();
  Effects effects = core_->TakeEffects();
  EXPECT_LE(size.bytes, 256u * 1024);
  EXPECT_EQ(size.records, effects.conversations.size() + 2 * effects.ended.size() + effects.messages.size() +
                              effects.contact_details.size() + effects.followers.size() + effects.closings.size() +
                              (effects.erasure ? 1 : 0) + effects.erased.size());
  std::set<std::string> keys;
  for (const ConversationRecord* record : effects.conversations) {
    EXPECT_TRUE(keys.insert(ConversationKey(record->id)).second);
    conversations[ConversationKey(record->id)] = *record;
  }
  for (const ConversationRecord& record : effects.ended) {
    EXPECT_TRUE(keys.insert(ConversationKey(record.id)).second);
    EXPECT_EQ(record.state, ConversationState::kClosed);
    conversations.erase(ConversationKey(record.id));
    ended[ConversationKey(record.id)] = record;
  }
  for (const auto& record : effects.messages) {
    auto [known, fresh] = messages.emplace(MessageKey(record->conversation, record->message.number), *record);
    if (fresh) continue;
    // The words of a contact that was not queued go into another one.
    EXPECT_NE(known->second.message.contact, record->message.contact) << record->message.number << " was written twice";
    EXPECT_EQ(known->second.message.author, record->message.author);
    EXPECT_EQ(known->second.message.client_number, record->message.client_number);
    EXPECT_EQ(DigestOf(known->second.message.parts), DigestOf(record->message.parts));
    known->second = *record;
  }
  for (const ContactDetailsRecord& record : effects.contact_details)
    details[ContactDetailsKey(record.contact)] = record;
  for (const FollowerPositionRecord& record : effects.followers) followers[FollowerKey(record.routing_shard)] = record;
  for (const ClosingRecord& record : effects.closings) {
    EXPECT_TRUE(closings.emplace(ClosingKey(record.number), record).second);
  }
  if (effects.erasure) erasure = effects.erasure;
  std::set<std::pair<uint8_t, std::string>> deleted;
  for (const ErasedRecord& record : effects.erased) {
    EXPECT_TRUE(deleted.emplace(record.table, record.key).second) << "deleted twice in one commit";
    EraseRecord(record);
  }
  events.insert(events.end(), effects.events.begin(), effects.events.end());
  for (OutgoingMessage& message : effects.outgoing) outbox_.push_back(std::move(message));
}

// What is deleted was not put by the same commit.
void SessionHarness::EraseRecord(const ErasedRecord& record) {
  switch (record.table) {
    case kMessageTable:
      EXPECT_EQ(messages.erase(record.key), 1u);
      return;
    case kEndedTable:
      EXPECT_EQ(ended.erase(record.key), 1u);
      return;
    case kContactDetailsTable:
      details.erase(record.key);  // not every contact has them
      return;
    case kClosingTable:
      EXPECT_EQ(closings.erase(record.key), 1u);
      return;
    default:
      ADD_FAILURE() << "erased from table " << int{record.table};
  }
}

EraseClosed SessionHarness::NextErasure(size_t most) const {
  const SessionCore::NextErasure next = core_->next_erasure();
  EraseClosed command{next.load, next.first, {}};
  for (uint64_t number = next.first; number < next.first + std::min<uint64_t>(next.count, most); ++number) {
    command.closings.emplace_back();
    const auto closing = closings.find(ClosingKey(number));
    if (closing == closings.end()) continue;
    EraseClosed::Found found{closing->second, 0, {}};
    const ConversationRecord& record = ended.at(ConversationKey(closing->second.conversation));
    found.last_number = record.last_number;
    for (const EndedContactRecord& contact : record.ended_contacts) found.contacts.push_back(contact.id);
    command.closings.back() = std::move(found);
  }
  return command;
}

void SessionHarness::Restart(Duration outage) {
  now_ = now_ + outage;
  core_ = NewCore();
  Reload();
}

void SessionHarness::Reload() {
  core_->BeginLoad();
  // Backwards, because the order of records must not matter.
  for (auto it = conversations.rbegin(); it != conversations.rend(); ++it) {
    EXPECT_EQ(core_->Restore(it->second), absl::OkStatus());
  }
  for (const auto& [key, record] : followers) EXPECT_EQ(core_->Restore(record), absl::OkStatus());
  if (erasure) EXPECT_EQ(core_->Restore(*erasure), absl::OkStatus());
  core_->FinishLoad(now_);
  Commit();
}

void SessionHarness::AdvanceBy(Duration duration) {
  Instant end = now_ + duration;
  while (core_->NextDeadline() <= end) {
    now_ = std::max(now_, core_->NextDeadline());
    bool more = true;
    while (more) {
      more = core_->Advance(now_);
      EXPECT_LE(core_->PendingSize().bytes, kMaxBytesOfACommand);
      Commit();
    }
  }
  now_ = end;
}

SubmitContact SessionHarness::Submission(uint64_t n, uint64_t client_number, std::string text) const {
  SubmitContact command;
  command.tenant = kDemo;
  command.identity = {"web", "visitor-" + std::to_string(n)};
  command.spec.id = ContactNo(n);
  command.spec.conversation = ConversationNo(n);
  command.spec.customer = CustomerNo(n);
  command.spec.channel = ChannelId{"chat"};
  command.spec.language = *LanguageTag::Parse("es");
  command.enqueue_request_id = RequestNo(n);
  command.leave_grace = Duration::Seconds(60);
  command.session_lifetime = Duration::Hours(2);
  command.client_number = client_number;
  command.parts = Text(std::move(text));
  return command;
}

AppendMessage SessionHarness::FromCustomer(uint64_t conversation, uint64_t client_number, std::string text) const {
  AppendMessage command;
  command.tenant = kDemo;
  command.conversation = ConversationNo(conversation);
  command.client_number = client_number;
  command.parts = Text(std::move(text));
  return command;
}

AppendMessage SessionHarness::FromAgent(uint64_t conversation, std::string agent, uint64_t client_number,
                                        std::string text) const {
  AppendMessage command = FromCustomer(conversation, client_number, std::move(text));
  command.author = AuthorKind::kAgent;
  command.agent = AgentId{std::move(agent)};
  return command;
}

OpenReading SessionHarness::ReadingOf(uint64_t conversation, std::string agent, uint64_t after) const {
  return {kDemo, ConversationNo(conversation), AgentId{std::move(agent)}, after};
}

void SessionHarness::Accept(uint64_t contact) {
  const ConversationRecord* record = core_->FindByContact(ContactNo(contact));
  ASSERT_NE(record, nullptr);
  for (const ContactRecord& known : record->contacts) {
    if (known.id != ContactNo(contact)) continue;
    ASSERT_NE(known.pending, nullptr);
    Do(EnqueueAnswered{known.id, known.pending->request_id, std::nullopt});
    return;
  }
}

void SessionHarness::Facts(std::vector<RoutingFact> facts) {
  position_.number += 1;
  Do(ApplyRoutingFacts{kRoutingShard, position_, true, std::move(facts)});
}

void SessionHarness::Participants(uint64_t contact, uint64_t revision, std::vector<Participant> participants) {
  Facts({ParticipantsChangedFact{ContactNo(contact), revision, std::move(participants)}});
}

std::string SessionHarness::TextOf(uint64_t conversation, uint64_t number) const {
  auto found = messages.find(MessageKey(ConversationNo(conversation), number));
  if (found == messages.end()) return "";
  return std::get<TextPart>(found->second.message.parts.at(0)).text;
}

void SessionHarness::ExpectStoredEqualsLive() const {
  EXPECT_EQ(core_->conversations(), conversations.size());
  for (const auto& [key, stored] : conversations) {
    const ConversationRecord* live = core_->Find(stored.id);
    ASSERT_NE(live, nullptr);
    ConversationRecord expected = *live;
    for (size_t i = 0; i < expected.contacts.size() && i < stored.contacts.size(); ++i) {
      EXPECT_LE(stored.contacts[i].acknowledged_edge, expected.contacts[i].acknowledged_edge);
      expected.contacts[i].acknowledged_edge = stored.contacts[i].acknowledged_edge;
    }
    EXPECT_TRUE(expected == stored) << "conversation " << stored.id.ToString();
  }
  for (const auto& [key, stored] : followers) {
    EXPECT_EQ(core_->FollowedTo(stored.routing_shard), stored.position);
  }
}

}  // namespace meridian::conversation
