#include "libs/telemetry/log.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace meridian {
namespace {

enum class Colour { kRed, kGreen };
const char* ToString(Colour colour) { return colour == Colour::kRed ? "red" : "green"; }
enum class Unnamed { kZero, kOne };

// What can be logged is decided when the program is compiled: nothing that came from outside.
static_assert(!std::is_constructible_v<LogValue, std::string>);
static_assert(!std::is_constructible_v<LogValue, std::string_view>);
static_assert(!std::is_constructible_v<LogValue, const char*>);
static_assert(!std::is_constructible_v<LogValue, absl::Status>);

class LogTest : public ::testing::Test {
 protected:
  std::string path_ =
      ::testing::TempDir() + "log_test_" + ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".jsonl";

  void SetUp() override { std::remove(path_.c_str()); }

  std::unique_ptr<Log> Open(LogLevel level) {
    auto log = Log::Open({.service = "standalone", .level = level, .file = path_});
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  std::vector<nlohmann::json> Lines() {
    std::ifstream in(path_);
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
};

TEST_F(LogTest, AFolderThatIsNotThereIsRefusedAndNotMade) {
  const std::string folder = path_ + ".folder";
  const auto log = Log::Open({.service = "standalone", .file = folder + "/log.jsonl"});
  ASSERT_FALSE(log.ok());
  const std::string message(log.status().message());
  EXPECT_NE(message.find("there is no folder " + folder), std::string::npos) << message;
  EXPECT_FALSE(std::ifstream(folder).good());
}

TEST_F(LogTest, WritesOneJsonObjectALine) {
  auto log = Open(LogLevel::kInfo);
  log->Info("agent attached", {{"shard", 3},
                               {"took", Duration::Microseconds(1500)},
                               {"queue", QueueId{"billing_es"}},
                               {"colour", Colour::kGreen},
                               {"unnamed", Unnamed::kOne},
                               {"code", absl::StatusCode::kUnavailable},
                               {"held", true},
                               {"kind", "human"},
                               {"trace_id", std::array<uint8_t, 16>{0x0a, 0xf7, 0x65}},
                               {"at", Instant::FromUnixMilliseconds(1767601800123)}});
  log->Warning("second");
  log.reset();
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["level"], "info");
  EXPECT_EQ(lines[0]["service"], "standalone");
  EXPECT_EQ(lines[0]["message"], "agent attached");
  EXPECT_EQ(lines[0]["shard"], 3);
  EXPECT_EQ(lines[0]["took"], 1.5);
  EXPECT_EQ(lines[0]["queue"], "billing_es");
  EXPECT_EQ(lines[0]["colour"], "green");
  EXPECT_EQ(lines[0]["unnamed"], 1);
  EXPECT_EQ(lines[0]["code"], "UNAVAILABLE");
  EXPECT_EQ(lines[0]["held"], true);
  EXPECT_EQ(lines[0]["kind"], "human");
  EXPECT_EQ(lines[0]["trace_id"], "0af76500000000000000000000000000");
  EXPECT_EQ(lines[0]["at"], "2026-01-05T08:30:00.123000Z");
  EXPECT_EQ(lines[1]["level"], "warning");
  const std::string ts = lines[1]["ts"];
  EXPECT_EQ(ts.size(), std::string("2026-01-05T08:30:00.000123Z").size()) << ts;
}

TEST_F(LogTest, LevelsBelowTheChosenOneAreNotWritten) {
  auto log = Open(LogLevel::kWarning);
  log->Info("not this");
  log->Error("this");
  log.reset();
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_EQ(Lines()[0]["message"], "this");
}

TEST_F(LogTest, ANameCannotBreakOutOfItsString) {
  auto log = Open(LogLevel::kInfo);
  log->Info("odd", {{"name", AgentId{"a\"b\\c\nd\xff"}}});
  log.reset();
  ASSERT_EQ(Lines().size(), 1u);
  EXPECT_EQ(Lines()[0]["name"], "a\"b\\c\nd\u00ff");
}

TEST_F(LogTest, LinesOfSeveralThreadsAreWhole) {
  auto log = Open(LogLevel::kInfo);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 500; ++i) log->Info("line", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const uint64_t dropped = log->dropped_lines();
  log.reset();
  EXPECT_EQ(dropped, 0u);
  EXPECT_EQ(Lines().size(), 2000u);
}

TEST(LogOpenTest, AFileThatCannotBeOpenedIsAnError) {
  auto log = Log::Open({.service = "standalone", .file = "/proc/nowhere/log"});
  EXPECT_EQ(log.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(LogLevelTest, Parses) {
  EXPECT_EQ(ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace meridian
