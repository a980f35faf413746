// What the commands say and return without a platform.
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "libs/config/tenant_file.h"
#include "libs/error/error.h"
#include "libs/security/signing_key.h"
#include "libs/testing/temporary_folder.h"
#include "libs/wire/contact_types.h"
#include "services/meridianctl/command_tree.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/event_line.h"
#include "services/meridianctl/token_commands.h"

namespace meridian::ctl {
namespace {

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome Ctl(std::vector<std::string> words) {
  std::ostringstream out;
  std::ostringstream err;
  std::vector<const char*> argv = {"meridianctl"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  Outcome outcome;
  outcome.code = RunMeridianctl(static_cast<int>(argv.size()), argv.data(), {out, err});
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

std::string FileText(const std::string& path) {
  std::ifstream in(path);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

TEST(CommandsTest, HelpIsDoneAndWrongArgumentsAreTwo) {
  EXPECT_EQ(Ctl({"--help"}).code, kDone);
  EXPECT_NE(Ctl({"--help"}).out.find("demo agent --language es"), std::string::npos);
  EXPECT_EQ(Ctl({}).code, kWrongUse);
  EXPECT_EQ(Ctl({"frobnicate"}).code, kWrongUse);
  EXPECT_EQ(Ctl({"apply"}).code, kWrongUse);
  EXPECT_EQ(Ctl({"token", "create", "--role", "agent", "--subject", "ana", "--ttl", "soon"}).code, kWrongUse);
}

TEST(CommandsTest, WithoutAPlatformTheErrorSaysHowToStartOne) {
  testing::TemporaryFolder folder;
  for (std::vector<std::string> command :
       {std::vector<std::string>{"agents"}, {"watch"}, {"events", "verify"}, {"demo", "agent"}, {"demo", "customer"}}) {
    command.insert(command.end(), {"--data", folder.path()});
    Outcome outcome = Ctl(command);
    EXPECT_EQ(outcome.code, kFailed);
    EXPECT_NE(outcome.err.find("NOT_RUNNING"), std::string::npos) << command[0] << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("deploy/dev/up"), std::string::npos);
  }
}

TEST(CommandsTest, WhatTheServerDoesNotHaveIsNamedWithWhoServesIt) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  const auto server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  const std::string target = "127.0.0.1:" + std::to_string(port);
  const Outcome unary = Ctl({"agents", "--target", target, "--token", "any"});
  EXPECT_EQ(unary.code, kFailed);
  EXPECT_EQ(unary.err, "error: UNIMPLEMENTED: " + target +
                           " does not have /meridian.admin.v1.AdminService/ListAgents: either it is not a process that "
                           "serves it (admin, or a platform in one process), or it is older than this meridianctl\n");
  const Outcome stream = Ctl({"events", "--target", target, "--token", "any"});
  EXPECT_EQ(stream.code, kFailed);
  EXPECT_NE(stream.err.find("EventService/Stream: either it is not a process that serves it (replicator,"),
            std::string::npos)
      << stream.err;
}

TEST(CommandsTest, VerifyAndReplayInsistAndSayOnWhat) {
  for (std::vector<std::string> command :
       {std::vector<std::string>{"events", "verify"}, {"events", "replay", "--kafka-brokers", "127.0.0.1:1"}}) {
    command.insert(command.end(), {"--target", "127.0.0.1:1", "--token", "any", "--wait", "300ms"});
    const Outcome outcome = Ctl(command);
    EXPECT_EQ(outcome.code, kFailed);
    EXPECT_NE(outcome.err.find("waiting for the events: UNAVAILABLE: "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("error: UNAVAILABLE: "), std::string::npos) << outcome.err;
  }
}

TEST(CommandsTest, OptionsOfATenantAndOfAShardDoNotGoTogether) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"acme", "--routing", "3", "--to", "any"},
                                                {"acme", "--session", "3", "--to", "any"},
                                                {"acme", "--routing", "3", "--wait", "2s"},
                                                {"routing/3", "--session", "3", "--wait", "2s"}}) {
    std::vector<std::string> command = {"shards", "move"};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), {"--redis", "127.0.0.1:1"});
    const Outcome outcome = Ctl(command);
    EXPECT_EQ(outcome.code, kWrongUse) << words[0] << words[1];
    EXPECT_NE(outcome.err.find("excludes"), std::string::npos) << outcome.err;
  }
}

TEST(CommandsTest, ApplyNamesFileLineAndRuleWithoutAPlatform) {
  testing::TemporaryFolder folder;
  const std::string file = folder.path() + "/tenant.yaml";
  std::ofstream(file) << "tenant: demo\nqueues:\n  - {name: help, offer_timeout: 1s}\n";
  Outcome outcome = Ctl({"apply", file});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_EQ(outcome.err.substr(0, file.size() + 6), file + ":3:33:");
  EXPECT_NE(outcome.err.find("queues[0].offer_timeout must be"), std::string::npos) << outcome.err;
}

TEST(CommandsTest, TokensAreMadeWithThePlatformsKeyAndAKeyIsNeverMade) {
  testing::TemporaryFolder folder;
  Outcome outcome = Ctl({"token", "create", "--role", "integrator", "--subject", "shop", "--data", folder.path()});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_NE(outcome.err.find("NO_SIGNING_KEY"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/keys"));
  std::filesystem::create_directory(folder.path() + "/keys");
  ASSERT_TRUE(security::SigningKey::LoadOrCreate(folder.path() + "/keys").ok());
  outcome = Ctl({"token", "create", "--role", "integrator", "--subject", "shop", "--data", folder.path()});
  EXPECT_EQ(outcome.code, kDone);
  EXPECT_EQ(outcome.out.substr(0, 3), "eyJ");
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '.'), 2);
  for (const auto& [flag, value] : {std::pair{"--permission", "config.write"}, {"--permission", "fly"}}) {
    outcome = Ctl({"token", "create", "--role", "integrator", "--subject", "s", flag, value, "--data", folder.path()});
    EXPECT_EQ(outcome.code, kWrongUse) << value;
    EXPECT_NE(outcome.err.find("INVALID_FIELD"), std::string::npos);
  }
}

TEST(CommandsTest, ATokenThatTheServerWouldNotTakeIsRefusedByItsOption) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() + "/keys");
  ASSERT_TRUE(security::SigningKey::LoadOrCreate(folder.path() + "/keys").ok());
  struct Case {
    std::vector<std::string> options;
    const char* expected;
  };
  for (const Case& c :
       {Case{{"--role", "agent", "--subject", "ana", "--ttl", "0s"}, "--ttl: must be at least 1s"},
        Case{{"--role", "agent", "--subject", "ana", "--ttl", "9000h"}, "--ttl must be within 366 days"},
        Case{{"--role", "agent", "--subject", "A B"}, "--subject must be 1 to 63 characters"},
        Case{{"--role", "agent", "--subject", ""}, "--subject must be 1 to 63 characters"},
        Case{{"--role", "agent", "--subject", "ana", "--agent", "A B"}, "--agent must be 1 to 63"},
        Case{{"--role", "agent", "--subject", "ana", "--tenant", "A B"}, "--tenant must be 1 to 63"},
        Case{{"--role", "customer", "--subject", "v"}, "--session must be the id of"},
        Case{{"--role", "customer", "--subject", "v", "--session", "x"}, "--session must be the id of"},
        Case{{"--role", "king", "--subject", "v"}, "--role must be customer, agent"}}) {
    std::vector<std::string> words = {"token", "create", "--data", folder.path()};
    words.insert(words.end(), c.options.begin(), c.options.end());
    const Outcome outcome = Ctl(words);
    EXPECT_EQ(outcome.code, kWrongUse) << c.expected;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(c.expected), std::string::npos) << outcome.err;
  }
}

TEST(CommandsTest, ADemoAgentOfNoKindIsNamedAsSuch) {
  EXPECT_EQ(Ctl({"demo", "agent", "--kind", "zzz"}).code, kWrongUse);
  EXPECT_NE(Ctl({"demo", "agent", "--kind", "zzz"}).err.find("--kind: must be human, bot or expert"), std::string::npos)
      << Ctl({"demo", "agent", "--kind", "zzz"}).err;
  EXPECT_NE(Ctl({"demo", "agent", "--language", "Spanish!"}).err.find("--language: must be a BCP 47"),
            std::string::npos);
}

TEST(CommandsTest, AFolderIsNoTenantFile) {
  testing::TemporaryFolder folder;
  const Outcome outcome = Ctl({"apply", folder.path()});
  EXPECT_EQ(outcome.code, kFailed);
  EXPECT_NE(outcome.err.find("cannot read " + folder.path() + ": Is a directory"), std::string::npos) << outcome.err;
}

int64_t TimeOf(const std::string& request_id) {
  return std::stoll(request_id.substr(0, 8) + request_id.substr(9, 4), nullptr, 16);
}

TEST(CommandsTest, AWrongClockIsCorrectedByTheShardsOnce) {
  for (const char* reason : {"REQUEST_TOO_OLD", "REQUEST_FROM_FUTURE"}) {
    std::vector<std::string> ids;
    const absl::Status status = CallWithRequestId([&](const std::string& id) {
      ids.push_back(id);
      return MakeError(absl::StatusCode::kFailedPrecondition, reason, "", {{"shard_time_ms", "1795310806000"}});
    });
    EXPECT_EQ(ErrorReason(status), reason);
    ASSERT_EQ(ids.size(), 2u);
    EXPECT_NE(TimeOf(ids[0]), 1795310806000);
    EXPECT_EQ(TimeOf(ids[1]), 1795310806000);
  }
}

TEST(CommandsTest, OtherAnswersStandAsTheyAre) {
  for (const absl::Status& answer :
       {absl::OkStatus(), MakeError(absl::StatusCode::kAborted, "ETAG_MISMATCH", ""),
        MakeError(absl::StatusCode::kFailedPrecondition, "REQUEST_TOO_OLD", "", {{"shard_time_ms", "soon"}})}) {
    int calls = 0;
    const absl::Status status = CallWithRequestId([&](const std::string&) {
      ++calls;
      return answer;
    });
    EXPECT_EQ(ErrorReason(status), ErrorReason(answer));
    EXPECT_EQ(calls, 1);
  }
}

TEST(CommandsTest, TheSchemaInTheDocsIsTheOneThatTheCommandPrints) {
  EXPECT_EQ(Ctl({"schema"}).out, FileText(MERIDIAN_ROOT "/docs/tenant_file.schema.json"))
      << "write it anew: meridianctl schema > docs/tenant_file.schema.json";
}

TEST(CommandsTest, SomebodyWhoSpeaksSpanishIsOnShiftAtThreeInTheMorning) {
  const admin::v1::TenantConfig demo = ReadTenantFile(FileText(MERIDIAN_ROOT "/deploy/dev/demo_tenant.yaml")).config;
  const Instant three_in_madrid = Instant::FromUnixSeconds(1767232800);  // 2026-01-01 02:00 UTC
  const auto names = OnShiftSpeakers(demo, "es", "human", three_in_madrid);
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names[0], "ximena");  // a Wednesday evening in Mexico City
  EXPECT_EQ(OnShiftSpeakers(demo, "es", "bot", three_in_madrid),
            (std::vector<std::string>{"faq-bot", "faq-bot-spare"}));
  EXPECT_TRUE(OnShiftSpeakers(demo, "sw", "human", three_in_madrid).empty());
  EXPECT_TRUE(OnShiftSpeakers(demo, "es", "ghost", three_in_madrid).empty());
}

TEST(EventLineTest, SaysWhatHappenedInOneLine) {
  event::v1::Event event;
  SetTimestamp(Instant::FromUnixMilliseconds(1767232800250), event.mutable_time());
  event.set_topic(event::v1::TOPIC_CONTACT);
  event.set_entity("eu1-c1");
  event.mutable_contact_requeued()->set_reason(type::v1::REQUEUE_REASON_TIMED_OUT);
  event.mutable_contact_requeued()->set_agent("ana");
  event.mutable_contact_requeued()->set_strike(true);
  EXPECT_EQ(EventLine(event), "02:00:00.250  contact  eu1-c1  requeued  timed out  agent=ana  (a strike)");
}

}  // namespace
}  // namespace meridian::ctl
