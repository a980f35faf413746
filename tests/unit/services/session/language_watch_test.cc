#include "services/session/language_watch.h"

#include <gtest/gtest.h>

#include "tests/unit/services/session/session_world.h"

namespace meridian {
namespace {

TEST(SessionLanguageTest, JudgedAgainAsTheTextGrows) {
  SessionWorld world;
  auto submission = world.Submission(1, 1, "ok");
  submission.spec.language_confidence_permille = 0;
  world.Submit("a", submission);
  world.Settle();
  auto customer = world.Watch(1);
  world.Say("b", 1, 2, "necesito ayuda con la factura de este mes, porque no entiendo el importe que me cobran");
  world.Settle();
  const auto revised = world.routing.Received<ReviseContact>();
  ASSERT_EQ(revised.size(), 1u);
  EXPECT_EQ(revised[0].contact, SessionWorld::Contact(1));
  EXPECT_EQ(revised[0].language.language(), "es");
  EXPECT_GT(revised[0].language_confidence_permille, 0);
}

TEST(SessionLanguageTest, NeitherDeclaredOnesNorAfterAssignment) {
  SessionWorld world;
  world.Submit("declared", world.Submission(1, 1, "ok"));
  auto submission = world.Submission(2, 1, "ok");
  submission.spec.language_confidence_permille = 0;
  world.Submit("assigned", submission);
  world.Settle();
  world.routing.SetParticipants(SessionWorld::Contact(2), {"ana"});
  world.Settle();
  for (uint64_t n : {1, 2}) {
    world.Say(std::to_string(n), n, 2, "necesito ayuda con la factura de este mes, no entiendo el importe");
  }
  world.Settle();
  EXPECT_TRUE(world.routing.Received<ReviseContact>().empty());
}

TEST(SessionLanguageTest, KeepsABoundedHeadOfTheText) {
  LanguageWatch watch;
  SessionWorld world;
  auto request = std::make_shared<conversation::EnqueueRequest>();
  request->tenant = SessionWorld::Tenant();
  request->spec.id = SessionWorld::Contact(1);
  watch.On(conversation::EnqueueContact{request});
  auto message = std::make_shared<conversation::MessageRecord>();
  message->message.contact = request->spec.id;
  message->message.parts = {conversation::TextPart{std::string(8000, 'a')}};
  EXPECT_FALSE(watch.On(conversation::Deliver{SessionWorld::Tenant(), {}, message}));
  message->message.parts = {conversation::TextPart{"necesito ayuda con la factura de este mes"}};
  EXPECT_FALSE(watch.On(conversation::Deliver{SessionWorld::Tenant(), {}, message})) << "the head is full";
  conversation::ContactChanged closed;
  closed.contact = request->spec.id;
  closed.closing = conversation::ContactClosing::kEnded;
  EXPECT_FALSE(watch.On(closed));
  EXPECT_EQ(watch.size(), 0u);
}

TEST(SessionLanguageTest, WhoLeavesWhileQueuedIsForgotten) {
  SessionWorld world;
  for (const FakeRouting::Mode mode : {FakeRouting::Mode::kAnswers, FakeRouting::Mode::kUnreachable}) {
    world.routing.mode = mode;
    const uint64_t n = mode == FakeRouting::Mode::kAnswers ? 1 : 2;
    auto submission = world.Submission(n, 1, "ok");
    submission.spec.language_confidence_permille = 0;
    world.Submit(std::to_string(n), submission);
    world.Settle();
    EXPECT_EQ(world.shard().languages().size(), 1u);
    world.service().Close({SessionWorld::Tenant(), SessionWorld::Conversation(n)}, [](auto) {});
    world.Pass(Duration::Seconds(10));  // what routing has not taken is sent again meanwhile
    EXPECT_EQ(world.shard().languages().size(), 0u);
  }
}

}  // namespace
}  // namespace meridian
