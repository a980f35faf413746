// Every command, answer and gateway's message comes back as it was, in the bytes that the protos describe.
#include "libs/wire/routing_command.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <variant>

#include "libs/wire/gateway_message.h"
#include "meridian/internal/routing/v1/gateway_message.pb.h"
#include "meridian/internal/routing/v1/routing_command.pb.h"
#include "tests/unit/wire/random_values.h"

namespace meridian {
namespace {

namespace pb = internal::routing::v1;

constexpr int kRounds = 200;
const RegionCode kHome = *RegionCode::Parse("eu1");

// The generated class reads the same bytes, knows every field of them, and writes them alike.
template <class Message>
void ExpectWrittenAs(const std::string& value) {
  Message message;
  ASSERT_TRUE(message.ParseFromString(value));
  EXPECT_TRUE(message.GetReflection()->GetUnknownFields(message).empty());
  EXPECT_EQ(message.SerializeAsString(), value);
}

// One function per alternative of the variants: one that is missing does not compile.
class Maker {
 public:
  explicit Maker(uint64_t seed) : random_(seed) {}

  CommandBody Make(std::type_identity<PublishConfig>) { return PublishConfig(); }
  CommandBody Make(std::type_identity<ReviseAgent>) {
    ReviseAgent command{random_.Number<uint64_t>(), random_.Name<AgentId>(), std::nullopt};
    if (random_.Flip()) command.config = random_.Config(command.agent);
    return command;
  }
  CommandBody Make(std::type_identity<EnqueueContact>) { return EnqueueContact{random_.Spec(Contact())}; }
  CommandBody Make(std::type_identity<ReviseContact>) {
    ReviseContact command{Contact(), random_.Language(), random_.Number<uint16_t>(), std::nullopt};
    if (random_.Flip()) command.attributes = random_.Attributes();
    return command;
  }
  CommandBody Make(std::type_identity<CancelContact>) { return CancelContact{Contact(), random_.Enum<CancelBy>(2)}; }
  CommandBody Make(std::type_identity<CustomerLeft>) {
    return CustomerLeft{Contact(), random_.Enum<CustomerLeftReason>(kCustomerLeftReasonCount)};
  }
  CommandBody Make(std::type_identity<CustomerWaits>) { return CustomerWaits{Contact(), random_.Time()}; }
  CommandBody Make(std::type_identity<AgentAnswered>) { return AgentAnswered{Contact()}; }
  CommandBody Make(std::type_identity<AttachAgent>) {
    AttachAgent command{random_.Name<AgentId>(), Attachment(), {random_.Text()}, std::nullopt};
    if (random_.Flip()) command.activity = random_.Doing();
    return command;
  }
  CommandBody Make(std::type_identity<DetachAgent>) {
    return DetachAgent{random_.Name<AgentId>(), Attachment(), random_.Enum<DetachCause>(3)};
  }
  CommandBody Make(std::type_identity<SetActivity>) {
    return SetActivity{random_.Name<AgentId>(), Attachment(), random_.Doing()};
  }
  CommandBody Make(std::type_identity<MediaConnected>) { return MediaConnected{Contact(), random_.Token()}; }
  CommandBody Make(std::type_identity<MediaFailed>) { return MediaFailed{Contact(), random_.Token()}; }
  CommandBody Make(std::type_identity<TransferContact>) {
    return TransferContact{random_.Name<AgentId>(),
                           Attachment(),
                           Contact(),
                           random_.Token(),
                           random_.Enum<TransferTarget>(kTransferTargetCount),
                           random_.Name<QueueId>(),
                           random_.Name<AgentId>()};
  }
  // The commands about an offer, which have the same four fields.
  template <class T>
  CommandBody Make(std::type_identity<T>) {
    return T{random_.Name<AgentId>(), Attachment(), Contact(), random_.Token()};
  }

  GatewayMessageBody Tell(std::type_identity<OfferMade>) {
    return OfferMade{Contact(),
                     random_.EntityIdOf<ConversationId>(kHome),
                     random_.Token(),
                     random_.Span(),
                     random_.Name<QueueId>(),
                     random_.Name<ChannelId>(),
                     random_.Language(),
                     random_.Country(),
                     random_.Enum<CustomerKind>(3),
                     random_.Number<int16_t>(),
                     random_.Attributes(),
                     random_.Time(),
                     random_.Enum<RequeueReason>(kRequeueReasonCount)};
  }
  GatewayMessageBody Tell(std::type_identity<OfferRescinded>) {
    return OfferRescinded{Contact(), random_.Token(), random_.Enum<RescindReason>(kRescindReasonCount)};
  }
  GatewayMessageBody Tell(std::type_identity<AssignmentStarted>) {
    return AssignmentStarted{Contact(),
                             random_.EntityIdOf<ConversationId>(kHome),
                             random_.Token(),
                             random_.Enum<ContactState>(kContactStateCount),
                             random_.Name<QueueId>(),
                             random_.Name<ChannelId>(),
                             random_.Language(),
                             random_.Flip()};
  }
  GatewayMessageBody Tell(std::type_identity<AssignmentChanged>) {
    return AssignmentChanged{Contact(), random_.Token(), random_.Enum<ContactState>(kContactStateCount),
                             random_.Time()};
  }
  GatewayMessageBody Tell(std::type_identity<AssignmentEnded>) {
    return AssignmentEnded{Contact(), random_.Token(), random_.Enum<EndReason>(kEndReasonCount),
                           random_.Enum<RequeueReason>(kRequeueReasonCount)};
  }
  GatewayMessageBody Tell(std::type_identity<CoolDownStarted>) { return CoolDownStarted{random_.Time()}; }
  GatewayMessageBody Tell(std::type_identity<CoolDownEnded>) { return CoolDownEnded(); }
  GatewayMessageBody Tell(std::type_identity<AttachmentEnded>) {
    return AttachmentEnded{random_.Enum<AbsenceReason>(kAbsenceReasonCount)};
  }

  ContactId Contact() { return random_.EntityIdOf<ContactId>(kHome); }
  AttachmentNumber Attachment() { return {random_.Number<uint64_t>()}; }
  testing::RandomValues& random() { return random_; }

 private:
  testing::RandomValues random_;
};

void ExpectComesBack(const Command& command, const std::optional<RequestKey>& key) {
  const auto bytes = Encode(command, key);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = DecodeRoutingCommand(*bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->command, command);
  ASSERT_EQ(read->key.has_value(), key.has_value());
  if (key) {
    EXPECT_EQ(read->key->tenant, key->tenant);
    EXPECT_EQ(read->key->request_id, key->request_id);
    EXPECT_EQ(read->key->digest, key->digest);
  }
  ExpectWrittenAs<pb::RoutingCommand>(*bytes);
}

template <class... Ts>
void ForEachCommand(Maker& maker, std::variant<Ts...>*, auto use) {
  (use(Command{maker.random().Origin(), maker.Make(std::type_identity<Ts>{}), maker.random().Session()}), ...);
}
template <class... Ts>
void ForEachMessage(Maker& maker, std::variant<Ts...>*, auto use) {
  (use(maker.Tell(std::type_identity<Ts>{})), ...);
}

TEST(RoutingCommandTest, EveryCommandComesBack) {
  Maker maker(1);
  for (int i = 0; i < kRounds; ++i) {
    ForEachCommand(maker, static_cast<CommandBody*>(nullptr), [&](const Command& command) {
      if (std::holds_alternative<PublishConfig>(command.body)) return;
      std::optional<RequestKey> key;
      if (maker.random().Flip())
        key = RequestKey{maker.random().Text(), maker.random().Id(), maker.random().Number<uint64_t>()};
      ExpectComesBack(command, key);
    });
  }
}

TEST(RoutingCommandTest, WhatALaterReleaseSaysBehindTheBodyIsSkipped) {
  const Command command{{}, CancelContact{}, {3, 7}};
  const auto bytes = Encode(command, std::nullopt);
  ASSERT_TRUE(bytes.ok());
  const auto read = DecodeRoutingCommand(*bytes + "\xa2\x06\x01x");  // field 100
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->command, command);
}

TEST(RoutingCommandTest, AWholeConfigurationIsRefused) {
  const Command command{{}, PublishConfig()};
  EXPECT_TRUE(absl::IsInvalidArgument(Encode(command, std::nullopt).status()));
}

TEST(RoutingCommandTest, AnswersComeBack) {
  testing::RandomValues random(2);
  for (int i = 0; i < kRounds; ++i) {
    Answer answer{random.Enum<Refusal>(kRefusalCount), random.Text(), random.Flip(), {}, random.Number<uint64_t>()};
    if (random.Flip()) answer.contact_state = random.Enum<ContactState>(kContactStateCount);
    const std::string bytes = Encode(answer);
    const auto read = DecodeRoutingAnswer(bytes);
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(*read, answer);
    ExpectWrittenAs<pb::RoutingAnswer>(bytes);
  }
}

TEST(RoutingCommandTest, EveryMessageToAGatewayComesBack) {
  Maker maker(3);
  for (int i = 0; i < kRounds; ++i) {
    ForEachMessage(maker, static_cast<GatewayMessageBody*>(nullptr), [&](const GatewayMessageBody& body) {
      const TenantId tenant{"demo"};
      const GatewayMessage message{{}, maker.random().Name<AgentId>(), maker.Attachment(), body};
      const std::string bytes = Encode(tenant, message);
      const auto read = DecodeGatewayDelivery(bytes);
      ASSERT_TRUE(read.ok());
      EXPECT_EQ(read->tenant, tenant);
      ASSERT_EQ(read->message, message);
      EXPECT_FALSE(read->term_began);
      ExpectWrittenAs<pb::GatewayItem>(bytes);
    });
  }
  const auto term = DecodeGatewayDelivery(EncodeTermBegan());
  ASSERT_TRUE(term.ok());
  EXPECT_TRUE(term->term_began);
}

TEST(RoutingCommandTest, WhatHoldsNoCommandIsRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeRoutingCommand("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeRoutingCommand("\xff\xff").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeGatewayDelivery("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(DecodeRoutingAnswer("\x08\x7f").status()));  // no such refusal
}

}  // namespace
}  // namespace meridian
