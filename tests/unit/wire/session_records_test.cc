// The session's records: random values come back as they were, and no bytes crash the reader.
#include "libs/wire/session_records.h"

#include <gtest/gtest.h>

#include <random>

#include "libs/wire/messages.h"
#include "libs/wire/session_log.h"

namespace meridian {
namespace {

using namespace conversation;  // NOLINT: records by the dozen

class RandomValues {
 public:
  explicit RandomValues(uint64_t seed) : random_(seed) {}

  uint64_t Number(uint64_t below) { return random_() % below; }
  bool Coin() { return Number(2) == 0; }
  std::string Text(size_t most) {
    std::string text;
    for (size_t i = Number(most + 1); i > 0; --i) text.push_back(static_cast<char>('a' + Number(26)));
    return text;
  }
  template <typename Enum>
  Enum Of(Enum first, Enum last) {
    const uint64_t from = static_cast<uint64_t>(first);
    return static_cast<Enum>(from + Number(static_cast<uint64_t>(last) - from + 1));
  }
  template <typename Id>
  Id Any() {
    return {*RegionCode::Parse(Coin() ? "eu1" : "a"), {random_() | 1, random_() | 1}};
  }
  Instant When() { return {static_cast<int64_t>(random_())}; }
  Duration Long() { return {static_cast<int64_t>(Number(1u << 30))}; }
  LanguageTag Language() { return Coin() ? LanguageTag() : *LanguageTag::Parse(Coin() ? "es-MX" : "zh-Hant-TW"); }

  CommandOrigin Origin() {
    if (Coin()) return {};
    CommandOrigin origin;
    origin.actor = {Of(ActorRole::kSystem, ActorRole::kService), Text(44)};
    if (Coin()) {
      for (uint8_t& byte : origin.trace.trace_id) byte = static_cast<uint8_t>(random_());
      for (uint8_t& byte : origin.trace.span_id) byte = static_cast<uint8_t>(random_());
      origin.trace.flags = static_cast<uint8_t>(random_());
    }
    return origin;
  }

  std::shared_ptr<const EnqueueRequest> Pending(const ConversationRecord& record, const ContactRecord& contact) {
    auto request = std::make_shared<EnqueueRequest>();
    request->tenant = record.tenant;
    request->request_id = {random_(), random_()};
    ContactSpec& spec = request->spec;
    spec.id = contact.id;
    spec.customer = record.customer;
    spec.conversation = record.id;
    spec.channel = contact.channel;
    spec.direction = Of(Direction::kInbound, Direction::kOutbound);
    spec.customer_kind = Of(CustomerKind::kAnonymous, CustomerKind::kVerified);
    if (Coin()) spec.country = *CountryCode::Parse("MX");
    spec.language = Language();
    spec.language_confidence_permille = static_cast<uint16_t>(Number(1001));
    if (Coin()) spec.utc_offset_minutes = static_cast<int16_t>(Number(1681)) - 840;
    spec.priority = static_cast<int16_t>(static_cast<int>(Number(201)) - 100);
    spec.preferred_agent = AgentId{Text(20)};
    spec.attributes.Set(AttributeName{"n"}, static_cast<int64_t>(random_()));
    spec.attributes.Set(AttributeName{"b"}, Coin());
    spec.attributes.Set(AttributeName{"t"}, Text(32));
    spec.enqueued_at = When();
    request->origin = Origin();
    return request;
  }

  ContactRecord Contact(const ConversationRecord& record) {
    ContactRecord contact;
    contact.id = Any<ContactId>();
    contact.channel = ChannelId{Text(10)};
    contact.phase = Of(ContactPhase::kPending, ContactPhase::kClosing);
    contact.first_number = Number(1000);
    contact.submitted_at = When();
    contact.leave_grace = Long();
    contact.session_lifetime = Long();
    if (contact.phase == ContactPhase::kPending) contact.pending = Pending(record, contact);
    contact.grants_revision = Number(5);
    for (uint64_t i = Number(kMaxGrants + 1); i > 0; --i) {
      contact.grants.push_back({AgentId{Text(20)}, Of(AgentKind::kHuman, AgentKind::kExpert),
                                Of(AssignmentRole::kPrimary, AssignmentRole::kMonitoring), Coin(), Number(100)});
    }
    contact.customer_waits = Coin();
    contact.on_hold = Coin();
    contact.edge = {static_cast<uint32_t>(Number(9)), Of(EdgeKind::kNone, EdgeKind::kWithdrawn),
                    Of(CustomerLeftReason::kNone, CustomerLeftReason::kConnectionLost), When(), Origin()};
    contact.acknowledged_edge = static_cast<uint32_t>(Number(9));
    return contact;
  }

  ConversationRecord Conversation() {
    ConversationRecord record;
    record.tenant = TenantId{Text(20)};
    record.id = Any<ConversationId>();
    record.customer = Any<CustomerId>();
    record.identity = {Text(10), Text(100)};
    record.state = Of(ConversationState::kOpen, ConversationState::kClosed);
    record.close_reason = Of(CloseReason::kNone, CloseReason::kClosedByCustomer);
    record.opened_at = When();
    record.last_activity_at = When();
    record.session_lifetime = Long();
    record.last_number = Number(1'000'000);
    for (uint64_t i = Number(kMaxLiveContacts + 1); i > 0; --i) record.contacts.push_back(Contact(record));
    for (uint64_t i = Number(kMaxEndedContacts + 1); i > 0; --i) {
      record.ended_contacts.push_back({Any<ContactId>(), ChannelId{Text(10)}, Number(100), Number(100),
                                       Of(ContactClosing::kEnded, ContactClosing::kNotQueued),
                                       Of(EndReason::kNone, EndReason::kSuperseded), Text(64)});
    }
    for (uint64_t i = Number(5); i > 0; --i) {
      AuthorRecord author{{Of(AuthorKind::kCustomer, AuthorKind::kSystem), AgentId{Text(20)}}, {}};
      uint64_t client_number = 0;
      uint64_t number = 0;
      for (uint64_t j = Number(100); j > 0; --j) {
        author.numbers.Add(client_number += 1 + Number(1'000'000), number += 1 + Number(1000),
                           static_cast<uint32_t>(random_()));
      }
      record.authors.push_back(std::move(author));
    }
    for (uint64_t i = Number(kMaxEmptySubmissions + 1); i > 0; --i) {
      record.empty_submissions.push_back({{random_(), random_()}, Any<ContactId>(), Coin()});
    }
    return record;
  }

  MessageRecord Message() {
    MessageRecord record;
    record.conversation = Any<ConversationId>();
    record.message.number = Number(1'000'000);
    if (Coin()) record.message.contact = Any<ContactId>();
    record.message.author = {Of(AuthorKind::kCustomer, AuthorKind::kSystem), AgentId{Text(20)}};
    record.message.client_number = Number(uint64_t{1} << 32);
    record.message.sent_at = When();
    for (uint64_t i = 1 + Number(4); i > 0; --i) {
      record.message.parts.push_back(
          TextPart{Text(200), Language(), Of(LanguageOrigin::kUnknown, LanguageOrigin::kDetected)});
    }
    return record;
  }

  std::string Damaged(std::string bytes) {
    for (uint64_t i = 1 + Number(4); i > 0 && !bytes.empty(); --i) {
      if (Number(4) == 0) bytes.resize(Number(bytes.size()));
      if (!bytes.empty()) bytes[Number(bytes.size())] = static_cast<char>(random_());
    }
    return bytes;
  }

 private:
  std::mt19937_64 random_;
};

TEST(SessionRecordsTest, RandomConversationsComeBack) {
  RandomValues random(1);
  for (int i = 0; i < 500; ++i) {
    const ConversationRecord record = random.Conversation();
    const auto decoded = DecodeConversation(Encode(record));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, record);
  }
}

TEST(SessionRecordsTest, RandomMessagesComeBack) {
  RandomValues random(2);
  for (int i = 0; i < 1000; ++i) {
    const MessageRecord record = random.Message();
    const auto decoded = DecodeMessage(Encode(record));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, record);
  }
}

TEST(SessionRecordsTest, SmallRecordsComeBack) {
  RandomValues random(3);
  for (int i = 0; i < 100; ++i) {
    ContactDetailsRecord details{random.Any<ContactId>(), random.Any<ConversationId>(), {}};
    details.attributes.push_back({AttributeName{random.Text(10)}, random.Text(1000) + "\xff"});
    const auto decoded = DecodeContactDetails(Encode(details));
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, details);
    const FollowerPositionRecord position{static_cast<uint32_t>(random.Number(9)),
                                          {random.Number(uint64_t{1} << 60), random.Number(1000)}};
    ASSERT_TRUE(DecodeFollowerPosition(Encode(position)).ok());
    EXPECT_EQ(*DecodeFollowerPosition(Encode(position)), position);
    const ClosingRecord closing{random.Number(uint64_t{1} << 60), random.Any<ConversationId>(), random.When()};
    ASSERT_TRUE(DecodeClosing(Encode(closing)).ok());
    EXPECT_EQ(*DecodeClosing(Encode(closing)), closing);
    ErasureRecord erasure{random.Number(1000), random.Number(1000), {}, random.Number(1000)};
    if (random.Coin()) erasure.erasing = random.Any<ConversationId>();
    ASSERT_TRUE(DecodeErasure(Encode(erasure)).ok());
    EXPECT_EQ(*DecodeErasure(Encode(erasure)), erasure);
  }
}

TEST(SessionRecordsTest, GarbageIsRefusedOrReadButNeverCrashes) {
  RandomValues random(4);
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    if (!DecodeConversation(random.Damaged(Encode(random.Conversation()))).ok()) ++refused;
    if (!DecodeMessage(random.Damaged(Encode(random.Message()))).ok()) ++refused;
    (void)DecodeContactDetails(random.Text(50));
    (void)DecodeFollowerPosition(random.Text(50));
    (void)DecodeClosing(random.Text(50));
    (void)DecodeErasure(random.Text(50));
    (void)DecodeSessionLogEntry(random.Text(50));
  }
  EXPECT_GT(refused, 1000);
  EXPECT_EQ(DecodeConversation("").status().code(), absl::StatusCode::kDataLoss) << "no format version";
  EXPECT_EQ(DecodeMessage("\x08\x03").status().code(), absl::StatusCode::kDataLoss) << "a format after the next";
  EXPECT_EQ(DecodeMessage("").status().code(), absl::StatusCode::kDataLoss);
}

TEST(SessionRecordsTest, TheNextFormatIsReadAndItsFieldsAreGivenBack) {
  const std::string fields(
      "\xfa\x06\x03"
      "abc",
      6);  // 111, three bytes
  RandomValues random(6);
  for (int round = 0; round < 100; ++round) {
    const ConversationRecord record = random.Conversation();
    std::string value = Encode(record) + fields;
    ASSERT_EQ(value.substr(0, 2), "\x08\x01");
    value[1] = 2;
    std::string later;
    const auto decoded = DecodeConversation(value, &later);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, record);
    EXPECT_EQ(later, fields);
  }
  std::string later;
  const FollowerPositionRecord position{3, {7, 8}};
  ASSERT_TRUE(DecodeFollowerPosition(Encode(position) + fields, &later).ok());
  EXPECT_EQ(later, fields);
  later.clear();
  ASSERT_TRUE(DecodeErasure(Encode(ErasureRecord{3, 4, {}, 0}) + fields, &later).ok());
  EXPECT_EQ(later, fields);
}

TEST(SessionRecordsTest, LogEntriesComeBack) {
  RandomValues random(5);
  const TenantId tenant{"acme"};
  const auto conversation = random.Any<ConversationId>();
  const auto contact = random.Any<ContactId>();
  const std::vector<Event> events = {
      {tenant, random.When(), ConversationOpenedEvent{conversation, random.Any<CustomerId>()}},
      {tenant, random.When(), ContactSubmittedEvent{conversation, contact, ChannelId{"chat"}}},
      {tenant, random.When(), MessageAppendedEvent{conversation, contact, 7, AuthorKind::kBot}},
      {tenant, random.When(),
       ContactClosedEvent{conversation, contact, ContactClosing::kRefused, EndReason::kNone, "QUEUE_FULL"}},
      {tenant, random.When(), ConversationClosedEvent{conversation, CloseReason::kExpired}}};
  const auto decoded = DecodeSessionLogEntry(EncodeSessionLogEntry(events));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  ASSERT_EQ(decoded->size(), events.size());
  EXPECT_EQ(EncodeSessionLogEntry(*decoded), EncodeSessionLogEntry(events));
  EXPECT_EQ(std::get<ContactClosedEvent>((*decoded)[3].body).refusal, "QUEUE_FULL");
  EXPECT_EQ(std::get<MessageAppendedEvent>((*decoded)[2].body).number, 7u);
  EXPECT_EQ(EncodeSessionLogEntry({}), "");
}

TEST(SessionMessagesTest, PartsFromClients) {
  google::protobuf::RepeatedPtrField<type::v1::MessagePart> parts;
  parts.Add()->mutable_text()->set_text("hola");
  parts[0].mutable_text()->set_language("es");
  const auto read = MessagePartsFromProto(parts);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<TextPart>(read->front()).language.language(), "es");
  parts[0].mutable_text()->set_language("not a tag");
  EXPECT_EQ(MessagePartsFromProto(parts).status().code(), absl::StatusCode::kInvalidArgument);
  parts[0].mutable_text()->clear_language();
  parts.Add();
  EXPECT_EQ(MessagePartsFromProto(parts).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace meridian
