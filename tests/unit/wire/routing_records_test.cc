#include "libs/wire/routing_records.h"

#include <gtest/gtest.h>

#include "libs/wire/stored_format.h"
#include "meridian/internal/routing/v1/routing_record.pb.h"
#include "tests/unit/wire/random_values.h"

namespace meridian {
namespace {

namespace pb = internal::routing::v1;

constexpr int kRounds = 500;
const TenantId kTenant{"demo"};
const RegionCode kHome = *RegionCode::Parse("eu1");

// The generated class reads the same bytes, knows every field of them, and writes them alike.
template <class Message>
void ExpectWrittenAs(const std::string& value) {
  Message message;
  ASSERT_TRUE(message.ParseFromString(value));
  EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
  EXPECT_EQ(message.SerializeAsString(), value);
}

TEST(RoutingRecordsTest, ContactsComeBack) {
  testing::RandomValues random(1);
  for (int i = 0; i < kRounds; ++i) {
    const ContactRecord record = random.Contact(kHome);
    const RecordKey key = ContactKey(kTenant, record.spec.id);
    const std::string value = EncodeRecord(record);
    const auto split = SplitRoutingKey(key);
    ASSERT_TRUE(split);
    EXPECT_EQ(split->tenant, kTenant);
    const auto decoded = DecodeContact(split->entity, value);
    ASSERT_TRUE(decoded.ok()) << i;
    ASSERT_EQ(*decoded, record) << i;
    ExpectWrittenAs<pb::ContactRecord>(value);
  }
}

TEST(RoutingRecordsTest, AgentsComeBack) {
  testing::RandomValues random(2);
  for (int i = 0; i < kRounds; ++i) {
    const AgentRecord record = random.Agent();
    const std::string value = EncodeRecord(record);
    const RecordKey key = AgentKey(kTenant, record.agent);
    const auto decoded = DecodeAgent(SplitRoutingKey(key)->entity, value);
    ASSERT_TRUE(decoded.ok()) << i;
    ASSERT_EQ(*decoded, record) << i;
    ExpectWrittenAs<pb::AgentRecord>(value);
  }
}

TEST(RoutingRecordsTest, RevisionsOfAgentsComeBack) {
  testing::RandomValues random(3);
  for (int i = 0; i < kRounds; ++i) {
    const AgentRevisionRecord record = random.AgentRevision();
    const std::string value = EncodeRecord(record);
    const auto decoded = DecodeAgentRevision(record.agent.value, value);
    ASSERT_TRUE(decoded.ok()) << i;
    ASSERT_EQ(*decoded, record) << i;
    ExpectWrittenAs<pb::AgentRevisionRecord>(value);
  }
}

TEST(RoutingRecordsTest, HeadsAndChunksComeBack) {
  testing::RandomValues random(4);
  for (int i = 0; i < kRounds; ++i) {
    const ConfigHead head = random.Head();
    const TenantHead tenant = random.Tenant();
    const ConfigChunk chunk{random.Number<uint32_t>(), random.Text(300)};
    ASSERT_EQ(DecodeConfigHead(EncodeRecord(head)).value(), head);
    ASSERT_EQ(DecodeTenantHead(EncodeRecord(tenant)).value(), tenant);
    ASSERT_EQ(DecodeConfigChunk(EncodeRecord(chunk)).value(), chunk);
    ExpectWrittenAs<pb::ConfigHead>(EncodeRecord(head));
    ExpectWrittenAs<pb::TenantHead>(EncodeRecord(tenant));
    ExpectWrittenAs<pb::ConfigChunk>(EncodeRecord(chunk));
  }
}

TEST(RoutingRecordsTest, KeysNameTenantAndEntity) {
  const ConfigChunkId chunk{{1, 2}, 70000};
  const RecordKey key = ConfigChunkKey(kTenant, chunk);
  EXPECT_EQ(key.table, static_cast<uint8_t>(RoutingTable::kConfigChunk));
  EXPECT_EQ(ParseConfigChunkKey(SplitRoutingKey(key)->entity), chunk);
  EXPECT_FALSE(ParseConfigChunkKey("short"));
  EXPECT_FALSE(SplitRoutingKey({1, "no zero byte"}));
  const TenantId longest{std::string(63, 'x')};
  EXPECT_LE(AgentKey(longest, {std::string(63, 'y')}).key.size(), 128u);
  EXPECT_LE(ContactKey(longest, {*RegionCode::Parse("region7"), {1, 2}}).key.size(), 128u);
}

TEST(RoutingRecordsTest, ATypicalContactIsSmall) {
  ContactRecord record;
  record.spec.id = {kHome, {1, 2}};
  record.spec.customer = {kHome, {3, 4}};
  record.spec.conversation = {kHome, {5, 6}};
  record.spec.channel = {"chat"};
  record.spec.language = *LanguageTag::Parse("es");
  record.spec.enqueued_at = Instant::FromUnixMilliseconds(1'750'000'000'000);
  record.state_since = record.queued_at = record.steps_since = record.virtual_start = record.spec.enqueued_at;
  record.expires_at = record.spec.enqueued_at + Duration::Hours(24);
  record.plan_revision = 3;
  EXPECT_LE(EncodeRecord(record).size(), 110u);
}

TEST(RoutingRecordsTest, GarbageIsRefusedAndNeverWorse) {
  testing::RandomValues random(5);
  int refused = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string value = EncodeRecord(random.Contact(kHome));
    for (uint64_t flips = 1 + random.Below(4); flips > 0; --flips) {
      value[random.Below(value.size())] = random.Number<char>();
    }
    value.resize(random.Below(value.size() + 1));
    const std::string entity(16, 'x');
    refused += DecodeContact(entity + "eu1", value).ok() ? 0 : 1;
    (void)DecodeAgent("ana", value);
    (void)DecodeAgentRevision("ana", value);
    (void)DecodeConfigHead(value);
    (void)DecodeConfigChunk(value);
    (void)DecodeTenantHead(value);
  }
  EXPECT_GT(refused, 5000);
}

TEST(RoutingRecordsTest, TheNextFormatIsReadAndTheOneAfterItIsRefused) {
  const TenantHead head{{7, 1, 2, 3}, {{2, 9}}};
  std::string value = EncodeRecord(head);
  ASSERT_EQ(value[1], static_cast<char>(StoredFormat()));
  value[1] = static_cast<char>(StoredFormat() + 1);
  ASSERT_TRUE(DecodeTenantHead(value).ok());
  EXPECT_EQ(*DecodeTenantHead(value), head);
  value[1] = static_cast<char>(StoredFormat() + 2);
  EXPECT_EQ(DecodeTenantHead(value).status().code(), absl::StatusCode::kDataLoss);
  value[1] = 0;
  EXPECT_EQ(DecodeTenantHead(value).status().code(), absl::StatusCode::kDataLoss);
}

TEST(RoutingRecordsTest, FieldsOfALaterWriterAreGivenToWhoeverWritesTheRecordAnew) {
  const std::string fields(
      "\xfa\x06\x03"
      "abc"
      "\x80\x07\x05",
      9);  // 111, three bytes; 112, a number
  testing::RandomValues random(6);
  for (int round = 0; round < 200; ++round) {
    const ContactRecord contact = random.Contact(kHome);
    const RecordKey key = ContactKey({"demo"}, contact.spec.id);
    std::string later;
    const auto decoded = DecodeContact(SplitRoutingKey(key)->entity, EncodeRecord(contact) + fields, &later);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(*decoded, contact);
    EXPECT_EQ(later, fields);
  }
  std::string later;
  ASSERT_TRUE(DecodeTenantHead(EncodeRecord(TenantHead{{7, 1, 2, 3}, {}}), &later).ok());
  EXPECT_EQ(later, "");
}

TEST(RoutingRecordsTest, FieldsOfALaterWriterAreSkipped) {
  const TenantHead head{{7, 1, 2, 3}, {{2, 9}}};
  const std::string value = EncodeRecord(head) + std::string(
                                                     "\xfa\x06\x03"
                                                     "abc",
                                                     6);  // field 111, three bytes
  EXPECT_EQ(DecodeTenantHead(value).value(), head);
}

}  // namespace
}  // namespace meridian
