// Agents' messages come in their order, and wait for the grant that routing has told the agent of already.
#include "services/session/agent_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "services/session/session_errors.h"
#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AgentMessagesTest : public ::testing::Test {
 protected:
  void Say(std::string agent, uint64_t conversation, uint64_t number) {
    conversation::AppendMessage command;
    command.agent = AgentId{agent};
    command.conversation = SessionWorld::Conversation(conversation);
    command.client_number = number;
    const std::string label = agent + std::to_string(conversation) + "/" + std::to_string(number);
    messages_.Append(std::move(command), [this, label](absl::StatusOr<conversation::Appended> appended) {
      answers_.push_back(label + (appended.ok() ? " OK" : " refused"));
    });
  }
  // The client numbers that the core has been given and not answered.
  std::vector<uint64_t> Posted() const {
    std::vector<uint64_t> numbers;
    for (const auto& [command, done] : posted_) numbers.push_back(command.client_number);
    return numbers;
  }
  void Answer(absl::StatusOr<conversation::Appended> appended) {
    auto done = std::move(posted_.front().second);
    posted_.pop_front();
    done(std::move(appended));
  }
  void FollowLogs() {
    for (auto& done : std::exchange(awaiting_, {})) done();
  }
  static absl::Status NoGrant() {
    return ToStatus(conversation::Refusal{conversation::RefusalCode::kNoGrant, "agent"});
  }

  CatchUpGate gate_;
  std::deque<std::pair<conversation::AppendMessage, SessionClient::Done<conversation::Appended>>> posted_;
  std::vector<absl::AnyInvocable<void()>> awaiting_;
  std::vector<std::string> answers_;
  AgentMessages messages_{
      {[this](conversation::AppendMessage command, SessionClient::Done<conversation::Appended> done) {
         posted_.emplace_back(std::move(command), std::move(done));
       },
       [this](absl::AnyInvocable<void()> done) { awaiting_.push_back(std::move(done)); }, &gate_}};
};

TEST_F(AgentMessagesTest, OneAtATimeInEachConversation) {
  gate_.Open();
  Say("ana", 1, 1);
  Say("ana", 1, 2);
  Say("ana", 2, 7);
  Say("ben", 1, 9);
  EXPECT_THAT(Posted(), ElementsAre(1, 7, 9));
  Answer(conversation::Appended{});
  EXPECT_THAT(Posted(), ElementsAre(7, 9, 2));
  while (!posted_.empty()) Answer(conversation::Appended{});
  EXPECT_EQ(messages_.waiting(), 0u);
}

TEST_F(AgentMessagesTest, KeepTheirOrderWhenTheGateOpens) {
  Say("ana", 1, 1);
  EXPECT_THAT(Posted(), IsEmpty());
  gate_.Open();
  Say("ana", 1, 2);
  EXPECT_THAT(Posted(), ElementsAre(1));
  Answer(conversation::Appended{});
  EXPECT_THAT(Posted(), ElementsAre(2));
}

TEST_F(AgentMessagesTest, WithoutAGrantTriedOnceMoreWhenTheLogsHaveBeenFollowed) {
  gate_.Open();
  Say("ana", 1, 1);
  Say("ana", 1, 2);
  Answer(NoGrant());
  EXPECT_THAT(Posted(), IsEmpty());
  EXPECT_THAT(answers_, IsEmpty());
  FollowLogs();
  EXPECT_THAT(Posted(), ElementsAre(1));
  Answer(NoGrant());
  EXPECT_THAT(answers_, ElementsAre("ana1/1 refused"));
  EXPECT_THAT(Posted(), ElementsAre(2));
  Answer(conversation::Appended{});
  EXPECT_THAT(answers_, ElementsAre("ana1/1 refused", "ana1/2 OK"));
  EXPECT_THAT(awaiting_, IsEmpty());
}

TEST_F(AgentMessagesTest, AreAllAnsweredInTheEnd) {
  gate_.Open();
  Say("ana", 1, 1);
  Say("ana", 1, 2);
  Say("ana", 2, 1);
  Answer(NoGrant());
  messages_.Fail(absl::UnavailableError("gone"));
  EXPECT_EQ(answers_.size(), 3u);
  Answer(conversation::Appended{});
  FollowLogs();
  EXPECT_EQ(answers_.size(), 3u);
  EXPECT_EQ(messages_.waiting(), 0u);
}

TEST(SessionAgentTest, RepliesAtOnceThoughTheLogIsBehind) {
  SessionWorld world;
  for (uint64_t n : {1, 2}) world.Submit("open " + std::to_string(n), world.Submission(n, 1, "hola"));
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world.Say("first", 1, 1, "buenos dias", "ana");
  world.Say("second", 1, 2, "en que puedo ayudar", "ana");
  world.Say("elsewhere", 2, 1, "hola", "ana");
  world.Settle();
  EXPECT_EQ(world.answers["first"], "OK 2");
  EXPECT_EQ(world.answers["second"], "OK 3");
  EXPECT_EQ(world.answers["elsewhere"], "NO_GRANT");
}

TEST(SessionAgentTest, NobodyWritesAfterAnEndThatTheLogHeldAtTheStart) {
  SessionWorld world;
  world.Submit("open", world.Submission(1, 1, "hola"));
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(1), {"ana"});
  world.Settle();
  world.Crash();
  world.routing.SetParticipants(SessionWorld::Contact(1), {});
  world.Boot();
  world.Say("late", 1, 1, "sigo aqui", "ana");
  world.Settle();
  EXPECT_EQ(world.answers["late"], "NO_GRANT");
}

}  // namespace
}  // namespace meridian
