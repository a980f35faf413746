// Session and routing as they are, on threads of their own over one SQLite file: a conversation from its first message,
// through offer and accept, to both sides talking; then the process starts anew and nobody has lost anything.
#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "libs/store/sqlite_store.h"
#include "libs/testing/temporary_folder.h"
#include "tests/unit/services/session/installation.h"

namespace meridian {
namespace {

const TenantId& kTenant = Installation::kTenant;
const AgentId& kAna = Installation::kAna;
const GatewayKey& kGateway = Installation::kGateway;

const SystemMonotonicClock kMonotonic;
const SystemWallClock kWall;

std::unique_ptr<SqliteStore> Open(const testing::TemporaryFolder& folder) {
  SqliteOptions options;
  options.path = folder.path() + "/meridian.db";
  options.wall = &kWall;
  options.monotonic = &kMonotonic;
  return *SqliteStore::Open(options);
}

InstallationStores StoresOf(SqliteStore& store) { return {&store, &store.leases(), &store, &store}; }

TEST(SessionWithRoutingTest, OneConversationAndAStartAnew) {
  testing::TemporaryFolder folder;
  conversation::SubmitContact submission;
  {
    const auto store = Open(folder);
    Installation at(StoresOf(*store), 1);
    at.PublishConfig();
    Heard offers;
    OfferToken token;
    auto registration =
        at.routing().RegisterGateway(kGateway, {[&](const TenantId&, GatewayMessage&& message) {
                                                  if (const auto* offer = std::get_if<OfferMade>(&message.body)) {
                                                    token = offer->token;
                                                    offers.Add("offer");
                                                  }
                                                },
                                                [] {}});
    ASSERT_TRUE(at.Do(AttachAgent{kAna, {1}, kGateway, Activity::Available()}).ok());

    submission = Submission(at.Now());
    const auto submitted = at.Submit(submission);
    ASSERT_TRUE(submitted.ok()) << submitted.status();
    EXPECT_EQ(submitted->number, 1u);
    ASSERT_TRUE(offers.Waits("offer"));

    auto customer = std::make_shared<Heard>();
    auto watching = at.session().ReadAsCustomer(kTenant, submitted->conversation, 0, customer);
    auto agent = std::make_shared<Heard>();
    auto following = at.session().ReadAsAgent(kTenant, submitted->conversation, kAna, 0, agent);
    const ContactId contact = submitted->contact;
    ASSERT_TRUE(at.Do(OfferDelivered{kAna, {1}, contact, token}).ok());
    ASSERT_TRUE(at.Do(AcceptOffer{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(agent->Waits("hola"));
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_ASSIGNED Ana Ruiz"));

    ASSERT_TRUE(at.Do(HoldContact{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_HELD Ana Ruiz"));
    ASSERT_TRUE(at.Do(ResumeContact{kAna, {1}, contact, token}).ok());
    EXPECT_TRUE(customer->Waits("CONTACT_STATE_ASSIGNED Ana Ruiz", 2));

    conversation::AppendMessage answer{kTenant, submitted->conversation, conversation::AuthorKind::kAgent, kAna};
    answer.client_number = 1;
    answer.parts = Text("buenos dias");
    const auto appended = at.Append(answer);
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->number, 2u);
    EXPECT_TRUE(customer->Waits("buenos dias"));
    EXPECT_TRUE(customer->Waits("hola"));
  }
  const auto store = Open(folder);
  Installation again(StoresOf(*store), 2);
  const auto repeated = again.Submit(submission);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->repeated);
  EXPECT_EQ(repeated->contact, submission.spec.id);
  EXPECT_EQ(again.Texts(repeated->conversation), (std::vector<std::string>{"hola", "buenos dias"}));
  auto agent = std::make_shared<Heard>();
  auto following = again.session().ReadAsAgent(kTenant, repeated->conversation, kAna, 1, agent);
  EXPECT_TRUE(agent->Waits("buenos dias")) << "the grant is as it was";
}

}  // namespace
}  // namespace meridian
