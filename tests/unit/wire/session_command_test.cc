#include "libs/wire/session_command.h"

#include <gtest/gtest.h>

#include "meridian/internal/session/v1/session_command.pb.h"
#include "tests/unit/wire/random_values.h"

namespace meridian {
namespace {

namespace pb = internal::session::v1;

constexpr int kRounds = 300;
const RegionCode kHome = *RegionCode::Parse("eu1");
const TenantId kTenant{"demo"};

template <class Message>
void ExpectWrittenAs(const std::string& value) {
  Message message;
  ASSERT_TRUE(message.ParseFromString(value));
  EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
  EXPECT_EQ(message.SerializeAsString(), value);
}

template <class Proto, class T>
void ExpectCommandComesBack(const T& command) {
  const std::string bytes = Encode(command);
  const auto read = DecodeSessionCommand<T>(bytes, kTenant);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(*read, command);
  ExpectWrittenAs<Proto>(bytes);
}
template <class Proto, class T>
void ExpectAnswerComesBack(const T& answer) {
  const std::string bytes = Encode(answer);
  const auto read = DecodeSessionAnswer<T>(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(*read, answer);
  ExpectWrittenAs<Proto>(bytes);
}

std::vector<conversation::MessagePart> Parts(testing::RandomValues& random) {
  std::vector<conversation::MessagePart> parts;
  for (uint64_t i = random.Below(4); i > 0; --i) {
    parts.push_back(
        conversation::TextPart{random.Text(300), random.Language(), random.Enum<conversation::LanguageOrigin>(3)});
  }
  return parts;
}

TEST(SessionCommandTest, SubmissionsComeBack) {
  testing::RandomValues random(1);
  for (int i = 0; i < kRounds; ++i) {
    conversation::SubmitContact command;
    command.new_contacts = {7, 9};
    command.patience = Duration::Seconds(3);
    command.tenant = kTenant;
    command.identity = {random.Text(), random.Text()};
    command.spec = random.Spec(random.EntityIdOf<ContactId>(kHome));
    command.conversation_named_before = random.Flip();
    if (random.Flip()) command.not_ended_as_of = random.Number<uint64_t>() / 2;
    command.enqueue_request_id = random.Id();
    command.leave_grace = random.Span();
    command.session_lifetime = random.Span();
    command.client_number = random.Number<uint64_t>();
    command.parts = Parts(random);
    for (uint64_t n = random.Below(3); n > 0; --n)
      command.personal_attributes.push_back({{random.Text()}, random.Text()});
    command.origin = random.Origin();
    command.may_only_join = random.Flip();
    ExpectCommandComesBack<pb::SubmitContactCommand>(command);
  }
}

TEST(SessionCommandTest, MessagesAndEndsComeBack) {
  testing::RandomValues random(2);
  for (int i = 0; i < kRounds; ++i) {
    conversation::AppendMessage append;
    append.tenant = kTenant;
    append.conversation = random.EntityIdOf<ConversationId>(kHome);
    append.author = static_cast<conversation::AuthorKind>(1 + random.Below(4));
    append.agent = random.Name<AgentId>();
    append.channel = random.Name<ChannelId>();
    if (random.Flip()) append.contact = random.EntityIdOf<ContactId>(kHome);
    append.client_number = random.Number<uint64_t>();
    append.parts = Parts(random);
    ExpectCommandComesBack<pb::AppendMessageCommand>(append);
    ExpectCommandComesBack<pb::CancelContactCommand>(conversation::CancelContact{
        kTenant, append.conversation, random.EntityIdOf<ContactId>(kHome), random.Origin()});
    ExpectCommandComesBack<pb::CloseConversationCommand>(
        conversation::CloseConversation{kTenant, append.conversation, random.Origin()});
  }
}

TEST(SessionCommandTest, AnswersComeBack) {
  testing::RandomValues random(3);
  for (int i = 0; i < kRounds; ++i) {
    conversation::Submitted submitted;
    submitted.conversation = random.EntityIdOf<ConversationId>(kHome);
    submitted.customer = random.EntityIdOf<CustomerId>(kHome);
    if (random.Flip()) submitted.contact = random.EntityIdOf<ContactId>(kHome);
    submitted.number = random.Number<uint64_t>();
    submitted.joined = random.Flip();
    submitted.repeated = random.Flip();
    submitted.standing = {static_cast<conversation::ContactStanding::Kind>(1 + random.Below(4)), random.Text()};
    ExpectAnswerComesBack<pb::SubmittedAnswer>(submitted);
    ExpectAnswerComesBack<pb::AppendedAnswer>(conversation::Appended{random.Number<uint64_t>(), random.Flip()});
  }
}

TEST(SessionCommandTest, MalformedBytesAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeSessionCommand<conversation::SubmitContact>("\xff", kTenant).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeSessionCommand<conversation::AppendMessage>("", kTenant).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeSessionAnswer<conversation::Submitted>("").status()));
}

}  // namespace
}  // namespace meridian
