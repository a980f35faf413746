// However much happens, what is written of it fits into a commit.
#include <gtest/gtest.h>

#include "tests/unit/conversation/session_harness.h"

namespace meridian::conversation {
namespace {

TEST(SizeTest, TheLargestCommandsFitIntoOneCommit) {
  SessionHarness session;
  SubmitContact largest = session.Submission(1, 1, "hola");
  largest.parts = std::vector<MessagePart>(4, TextPart{std::string(8192, 'x'), {}, {}});
  for (int i = 0; i < 8; ++i) {
    largest.personal_attributes.push_back({AttributeName{"a" + std::to_string(i)}, std::string(1024, 'x')});
  }
  session.Get<Submitted>(largest);  // the harness checks the size
}

TEST(SizeTest, AConversationInWhichMuchHappensStaysSmall) {
  SessionHarness session;
  const std::string name(63, 'n');
  for (uint64_t i = 1; i <= kMaxLiveContacts; ++i) {
    SubmitContact command = session.Submission(1, i, "hola");
    command.identity.address = std::string(kMaxAddressBytes, 'a');
    command.spec.id = ContactNo(i);
    command.spec.channel = ChannelId{name.substr(1) + std::to_string(i)};
    command.enqueue_request_id = RequestNo(i);
    command.leave_grace = Duration::Zero();
    std::vector<Attribute> attributes;
    for (char c = 'a'; c < 'a' + 16; ++c)
      attributes.push_back({AttributeName{c + name.substr(1)}, std::string(32, 'v')});
    command.spec.attributes = AttributeSet(attributes);
    session.Get<Submitted>(command);
  }
  EXPECT_LE(session.PendingBytesOf(session.FromCustomer(1, 10, "a")), kMaxConversationBytes);
  session.Facts({ContactQueuedFact{ContactNo(1)}});
  for (uint64_t agent = 1; agent <= 40; ++agent) {
    std::string id = name.substr(2) + std::to_string(agent + 10);
    session.Assign(1, agent, id);
    for (uint64_t i = 1; i <= 64; ++i) session.Get<Appended>(session.FromAgent(1, id, i, "a"));
  }
  for (uint64_t i = 11; i <= 80; ++i) session.Get<Appended>(session.FromCustomer(1, i, "a"));
  SubmitContact empty = session.Submission(1, 0, "");
  empty.parts.clear();
  empty.identity.address = std::string(kMaxAddressBytes, 'a');
  empty.spec.channel = ChannelId{name.substr(1) + "1"};
  for (uint64_t i = 1; i <= 20; ++i) {
    empty.enqueue_request_id = RequestNo(100 + i);
    session.Get<Submitted>(empty);
  }
  EXPECT_LE(session.PendingBytesOf(session.FromCustomer(1, 81, "a")), kMaxConversationBytes);
}

}  // namespace
}  // namespace meridian::conversation
