#include "services/ingress/submission.h"

#include <gtest/gtest.h>

#include "libs/error/error.h"

namespace meridian {
namespace {

class FixedWallClock : public WallClock {
 public:
  Instant Now() const override { return Instant::FromUnixSeconds(1767225600); }
};

constexpr char kRequestId[] = "019b7693-9c00-7000-8000-000000000001";

class SubmissionTest : public testing::Test {
 protected:
  SubmissionTest() : ids_(*RegionCode::Parse("eu1"), 7, clock_) {
    config_.add_channels()->set_name("chat");
    admin::v1::AttributeDeclaration& topic = *config_.add_attributes();
    topic.set_name("topic");
    topic.mutable_one_of()->add_values("billing");
    config_.add_attributes()->set_name("age");
    config_.mutable_attributes(1)->mutable_number()->set_min(0);
    integrator_.tenant = "demo";
    integrator_.subject = "shop";
    integrator_.role = security::Role::kIntegrator;
    visitor_ = integrator_;
    visitor_.role = security::Role::kCustomer;
    visitor_.subject = "eu1-019b7693-9c00-7000-8000-00000000000a";
    visitor_.session = "eu1-019b7693-9c00-7000-8000-00000000000b";
  }

  static ingress::v1::SubmitContactRequest Valid() {
    ingress::v1::SubmitContactRequest request;
    request.set_request_id(kRequestId);
    request.mutable_identity()->set_kind("phone");
    request.mutable_identity()->set_address("+34600111222");
    request.set_channel("chat");
    request.add_parts()->mutable_text()->set_text("Hola, tengo un problema con mi última factura.");
    return request;
  }

  FixedWallClock clock_;
  IdSource ids_;
  admin::v1::TenantConfig config_;
  security::TokenClaims integrator_;
  security::TokenClaims visitor_;
};

TEST_F(SubmissionTest, RecognisesTheLanguageOfTheText) {
  auto submission = MakeSubmission(Valid(), integrator_, config_, ids_, clock_.Now());
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->command.spec.language.ToString(), "es");
  EXPECT_GT(submission->language_confidence_permille, 500);
  EXPECT_EQ(submission->command.client_number, 1u);
  EXPECT_EQ(submission->command.identity.address, "+34600111222");
}

TEST_F(SubmissionTest, ADeclaredLocaleWins) {
  auto request = Valid();
  request.set_locale("pt-BR");
  auto submission = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->command.spec.language.ToString(), "pt-BR");
  EXPECT_EQ(submission->language_confidence_permille, 1000);
}

TEST_F(SubmissionTest, AVisitorIsWhoItsTokenSays) {
  auto request = Valid();
  request.clear_identity();
  auto submission = MakeSubmission(request, visitor_, config_, ids_, clock_.Now());
  ASSERT_TRUE(submission.ok()) << submission.status();
  EXPECT_EQ(submission->command.spec.conversation.ToString(), visitor_.session);
  EXPECT_EQ(submission->command.identity.kind, "web");
  EXPECT_EQ(submission->command.identity.address, visitor_.subject);
  EXPECT_FALSE(MakeSubmission(Valid(), visitor_, config_, ids_, clock_.Now()).ok())
      << "a visitor may not name an identity";
}

TEST_F(SubmissionTest, OnlyAVisitorLeavesByLosingItsConnection) {
  auto request = Valid();
  auto of_integrator = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
  request.clear_identity();
  auto of_visitor = MakeSubmission(request, visitor_, config_, ids_, clock_.Now());
  ASSERT_TRUE(of_integrator.ok() && of_visitor.ok());
  EXPECT_EQ(of_integrator->command.leave_grace, Duration::Zero()) << "never";
  EXPECT_EQ(of_visitor->command.leave_grace, Duration::Seconds(60)) << "the channel's default";
}

TEST_F(SubmissionTest, UndeclaredAttributesStayInTheSession) {
  auto request = Valid();
  (*request.mutable_attributes())["topic"] = "billing";
  (*request.mutable_attributes())["note"] = "my cat is called Tom";
  auto submission = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
  ASSERT_TRUE(submission.ok()) << submission.status();
  ASSERT_EQ(submission->command.personal_attributes.size(), 1u);
  EXPECT_EQ(submission->command.personal_attributes[0].name.value, "note");
  EXPECT_TRUE(submission->command.spec.attributes.Find("topic").has_value());
  EXPECT_FALSE(submission->command.spec.attributes.Find("note").has_value());
}

TEST_F(SubmissionTest, BadInputNamesFieldAndRule) {
  struct Case {
    const char* field;
    void (*spoil)(ingress::v1::SubmitContactRequest&);
  };
  using Request = ingress::v1::SubmitContactRequest;
  for (const Case& c : {
           Case{"request_id", [](Request& r) { r.set_request_id("1"); }},
           Case{"request_id", [](Request& r) { r.set_request_id("019b7693-9c00-4000-8000-000000000001"); }},
           Case{"identity.kind", [](Request& r) { r.mutable_identity()->clear_kind(); }},
           Case{"identity.address", [](Request& r) { r.mutable_identity()->clear_address(); }},
           Case{"identity.kind", [](Request& r) { r.mutable_identity()->set_kind("e\nm"); }},
           Case{"identity.address", [](Request& r) { r.mutable_identity()->set_address("x\x1b[31my"); }},
           Case{"channel", [](Request& r) { r.set_channel("fax"); }},
           Case{"locale", [](Request& r) { r.set_locale("not a language"); }},
           Case{"country", [](Request& r) { r.set_country("Spain"); }},
           Case{"time_zone", [](Request& r) { r.set_time_zone("Mars/Olympus"); }},
           Case{"time_zone", [](Request& r) { r.set_time_zone("/usr/share/zoneinfo/Europe/Madrid"); }},
           Case{"time_zone", [](Request& r) { r.set_time_zone("file:/usr/share/zoneinfo/Europe/Madrid"); }},
           Case{"preferred_agent", [](Request& r) { r.set_preferred_agent("Ana García"); }},
           Case{"attributes", [](Request& r) { (*r.mutable_attributes())[""] = "x"; }},
           Case{"attributes", [](Request& r) { (*r.mutable_attributes())["a\nb"] = "x"; }},
           Case{"attributes", [](Request& r) { (*r.mutable_attributes())[std::string(64, 'z')] = "x"; }},
           Case{"parts[0]",
                [](Request& r) {
                  r.clear_parts();
                  r.add_parts();
                  r.add_parts()->mutable_text()->set_language("?");
                }},
           Case{"attributes.topic", [](Request& r) { (*r.mutable_attributes())["topic"] = "cats"; }},
           Case{"attributes.age", [](Request& r) { (*r.mutable_attributes())["age"] = "old"; }},
           Case{"attributes.age", [](Request& r) { (*r.mutable_attributes())["age"] = "-1"; }},
       }) {
    auto request = Valid();
    c.spoil(request);
    auto submission = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
    ASSERT_FALSE(submission.ok()) << c.field;
    EXPECT_EQ(submission.status().code(), absl::StatusCode::kInvalidArgument);
    auto violations = FieldViolations(submission.status());
    ASSERT_FALSE(violations.empty()) << c.field;
    EXPECT_EQ(violations[0].field, c.field);
    EXPECT_FALSE(violations[0].rule.empty());
  }
}

TEST_F(SubmissionTest, TheOffsetOfAZoneIsThatOfTheMoment) {
  auto request = Valid();
  request.set_time_zone("Europe/Madrid");
  auto in_winter = MakeSubmission(request, integrator_, config_, ids_, Instant::FromUnixSeconds(1767225600));
  auto in_summer = MakeSubmission(request, integrator_, config_, ids_, Instant::FromUnixSeconds(1782864000));
  ASSERT_TRUE(in_winter.ok() && in_summer.ok()) << in_winter.status() << in_summer.status();
  EXPECT_EQ(in_winter->command.spec.utc_offset_minutes, 60);
  EXPECT_EQ(in_summer->command.spec.utc_offset_minutes, 120);
}

TEST_F(SubmissionTest, OneAnswerNamesEverythingThatIsWrong) {
  auto request = Valid();
  request.set_request_id("");
  request.set_channel("fax");
  request.set_country("Spain");
  auto submission = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
  ASSERT_FALSE(submission.ok());
  EXPECT_EQ(FieldViolations(submission.status()).size(), 3u);
}

TEST_F(SubmissionTest, OneAnswerNamesEachPart) {
  auto request = Valid();
  request.add_parts();
  request.add_parts()->mutable_text()->set_language("?");
  auto submission = MakeSubmission(request, integrator_, config_, ids_, clock_.Now());
  ASSERT_FALSE(submission.ok());
  const auto violations = FieldViolations(submission.status());
  ASSERT_EQ(violations.size(), 2u);
  EXPECT_EQ(violations[0].field, "parts[1]");
  EXPECT_EQ(violations[1].field, "parts[2].text.language");
}

}  // namespace
}  // namespace meridian
