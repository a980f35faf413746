#include "libs/app/command_line.h"

#include <gtest/gtest.h>

#include "libs/app/environment.h"

namespace meridian {
namespace {

class CommandLineTest : public ::testing::Test {
 protected:
  CommandLineTest() {
    line_.Bind("--name", &name_, "A name");
    line_.Bind("--port", &port_, "A port");
    line_.Bind("--count", &count_, "A count");
    line_.Bind("--demo", &demo_, "A switch");
    line_.Bind("--wait", &wait_, "A time");
    line_.Bind("--peer", &peers_, "Peers");
  }

  absl::Status Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return line_.Parse(static_cast<int>(arguments.size()), arguments.data());
  }

  std::string name_ = "default";
  uint16_t port_ = 8080;
  int64_t count_ = 0;
  bool demo_ = false;
  Duration wait_ = Duration::Seconds(10);
  std::vector<std::string> peers_;
  CommandLine line_{"program", "A program"};
};

TEST_F(CommandLineTest, WritesWhatWasGivenAndKeepsDefaults) {
  ASSERT_TRUE(Parse({"--port", "0", "--demo", "--wait=500ms", "--peer", "a", "--peer", "b", "--count", "-3"}).ok());
  EXPECT_EQ(name_, "default");
  EXPECT_EQ(port_, 0);
  EXPECT_EQ(count_, -3);
  EXPECT_TRUE(demo_);
  EXPECT_EQ(wait_, Duration::Milliseconds(500));
  EXPECT_EQ(peers_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(CommandLineTest, Durations) {
  const std::pair<const char*, Duration> kGood[] = {{"--wait=7ns", {7}},
                                                    {"--wait=2us", Duration::Microseconds(2)},
                                                    {"--wait=60s", Duration::Seconds(60)},
                                                    {"--wait=2m", Duration::Minutes(2)},
                                                    {"--wait=1h", Duration::Hours(1)}};
  for (const auto& [argument, value] : kGood) {
    EXPECT_TRUE(Parse({argument}).ok()) << argument;
    EXPECT_EQ(wait_, value) << argument;
  }
  for (const char* bad : {"--wait=5", "--wait=s", "--wait=-1s", "--wait=1.5s", "--wait=9999999999h", "--wait="}) {
    EXPECT_EQ(Parse({bad}).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST_F(CommandLineTest, SaysWhatIsWrong) {
  for (std::vector<const char*> bad :
       {std::vector<const char*>{"--port", "70000"}, {"--port", "x"}, {"--port"}, {"--unknown"}, {"stray"}}) {
    const absl::Status status = Parse(bad);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad[0];
    EXPECT_FALSE(status.message().empty());
  }
}

TEST_F(CommandLineTest, ARequiredOption) {
  line_.Require();
  EXPECT_EQ(Parse({}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(Parse({"--peer", "a"}).ok());
}

TEST_F(CommandLineTest, HelpShowsDefaults) {
  const absl::Status status = Parse({"--help"});
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_NE(status.message().find("--wait"), absl::string_view::npos);
  EXPECT_NE(status.message().find("10s"), absl::string_view::npos);
  EXPECT_NE(status.message().find("8080"), absl::string_view::npos);
}

TEST(ListenersTest, Loopback) {
  EXPECT_TRUE(Listeners("127.0.0.1", 0, 0).IsLoopback());
  EXPECT_TRUE(Listeners("127.1.2.3", 0, 0).IsLoopback());
  EXPECT_TRUE(Listeners("::1", 0, 0).IsLoopback());
  EXPECT_FALSE(Listeners("0.0.0.0", 0, 0).IsLoopback());
  EXPECT_FALSE(Listeners("::", 0, 0).IsLoopback());
  EXPECT_FALSE(Listeners("127.evil.example", 0, 0).IsLoopback());
}

}  // namespace
}  // namespace meridian
