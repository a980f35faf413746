#include "libs/app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "libs/app/environment.h"
#include "libs/testing/temporary_folder.h"

namespace meridian {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

  // One line each.
  static std::vector<std::string> Lines(const absl::Status& status) {
    std::vector<std::string> lines;
    std::istringstream text(std::string(status.message().data(), status.message().size()));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  // The path of an options file; without it in the message, "FILE" stands for it.
  std::string FileOf(const std::string& yaml) {
    std::ofstream(folder_.path() + "/options.yaml") << yaml;
    return folder_.path() + "/options.yaml";
  }
  std::vector<std::string> ProblemsOfFile(const std::string& yaml) {
    const std::string path = FileOf(yaml);
    std::vector<std::string> lines = Lines(Parse({"--options", path.c_str()}));
    for (std::string& line : lines) {
      if (const size_t at = line.find(path); at != std::string::npos) line.replace(at, path.size(), "FILE");
    }
    return lines;
  }

  testing::TemporaryFolder folder_;

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

TEST_F(CommandLineTest, HelpShowsTypesAndDefaults) {
  line_.Require();
  const absl::Status status = Parse({"--port", "many", "--help"});
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  const std::string help(status.message().data(), status.message().size());
  for (const char* part : {"--name TEXT  (default: default)\n      A name\n", "--port NUMBER  (default: 8080)",
                           "--wait TIME  (default: 10s)", "--demo  (a switch; default: off)",
                           "--peer TEXT  (required)  (may be repeated)", "--options TEXT", "--check"}) {
    EXPECT_THAT(help, HasSubstr(part));
  }
}

TEST_F(CommandLineTest, EverythingThatIsWrongIsNamed) {
  line_.Must(rules::HostAndPort());
  line_.Check([](OptionProblems& problems) { problems.Add("--name", "must go with --demo"); });
  EXPECT_THAT(Lines(Parse({"--port", "70000", "--wait", "soon", "--count", "1", "--count", "2", "--unknown",
                           "--demo=on", "--peer", "a:1", "--peer", "b", "stray"})),
              ElementsAre("--unknown: must be an option of program", "stray: must be an option of program",
                          "--port: must be a whole number, 0 to 65535, not 70000", "--count: must be given once",
                          "--demo: must be true or false, not on",
                          "--wait: must be a length of time such as 500ms, 10s or 2m, not soon",
                          "--peer: must be HOST:PORT, not b", "--name: must go with --demo"));
}

TEST_F(CommandLineTest, AnOptionsFileSaysWhatTheCommandLineDoesNot) {
  const std::string path =
      FileOf("# of this machine\nport: 9000\nname: \"from the file\"\ndemo: true\nwait: 2m\npeer: [a, b]\ncount: -3\n");
  ASSERT_TRUE(Parse({"--options", path.c_str(), "--port", "9001", "--peer", "c"}).ok());
  EXPECT_EQ(port_, 9001);
  EXPECT_EQ(name_, "from the file");
  EXPECT_EQ(count_, -3);
  EXPECT_TRUE(demo_);
  EXPECT_EQ(wait_, Duration::Minutes(2));
  EXPECT_THAT(peers_, ElementsAre("c"));
  EXPECT_FALSE(line_.check_only());
  ASSERT_TRUE(Parse({"--check", "--options", path.c_str()}).ok());
  EXPECT_THAT(peers_, ElementsAre("a", "b"));
  EXPECT_TRUE(line_.check_only());
}

TEST_F(CommandLineTest, WhatIsWrongInAnOptionsFileIsNamedByFileLineOptionAndRule) {
  line_.Must(rules::OneOf({"red", "green", "blue"}));
  const std::pair<const char*, std::vector<std::string>> kCases[] = {
      {"", {}},
      {"port: 9000\n", {}},
      {"port: 70000\n", {"FILE:1: port: must be a whole number, 0 to 65535, not 70000"}},
      {"\nport: many\nwait: 5\n",
       {"FILE:2: port: must be a whole number, 0 to 65535, not many",
        "FILE:3: wait: must be a length of time such as 500ms, 10s or 2m, not 5"}},
      {"demo: yes\n", {"FILE:1: demo: must be true or false, not yes"}},
      {"prot: 9000\n--port: 1\noptions: x\n",
       {"FILE:1: prot: must be an option of program", "FILE:2: --port: must be an option of program",
        "FILE:3: options: must be an option of program"}},
      {"port: 1\nport: 2\n", {"FILE:2: port: must stand once"}},
      {"port:\n", {"FILE:1: port: must have a value"}},
      {"port: [1, 2]\n", {"FILE:1: port: must be given once"}},
      {"port: {http: 1}\n", {"FILE:1: port: must have a value"}},
      {"peer: [red, [blue]]\n", {"FILE:1: peer: must be a list of single values"}},
      {"peer:\n  - red\n  - pink\n", {"FILE:1: peer: must be red, green or blue, not pink"}},
      {"- port\n", {"FILE:1: must be a mapping of options: NAME: VALUE"}},
      {"port: 1\n---\nport: 2\n", {"FILE:3: must be one YAML document: here a second one begins"}},
      {"? [a]\n: 1\n", {"FILE:1: must be the name of an option"}},
  };
  for (const auto& [yaml, problems] : kCases) EXPECT_EQ(ProblemsOfFile(yaml), problems) << yaml;
  EXPECT_THAT(ProblemsOfFile("port: [1\n"), ElementsAre(HasSubstr("FILE:2: must be well-formed YAML: ")));
  EXPECT_THAT(Lines(Parse({"--options", "/none.yaml"})), ElementsAre(HasSubstr("--options: cannot read /none.yaml")));
}

TEST_F(CommandLineTest, RulesOfValues) {
  const std::string file = FileOf("x");
  const struct {
    OptionRule rule;
    std::string good, bad;
  } kCases[] = {
      {rules::Between(1, 9), "9", "10"},
      {rules::Between(Duration::Seconds(10), Duration::Hours(1)), "10s", "9s"},
      {rules::OneOf({"a", "b"}), "b", "c"},
      {rules::File(), file, folder_.path()},
      {rules::Folder(), folder_.path(), file},
      {rules::FolderOrNothing(), folder_.path() + "/new", file},
      {rules::FileToWrite(), folder_.path() + "/new", folder_.path() + "/none/new"},
      {rules::IpAddress(), "::1", "localhost"},
      {rules::HostAndPort(), "localhost:1", "localhost:0"},
      {rules::HostAndPort(), "[::1]:65535", ":65535"},
      {rules::HostAndPortOrSocket(), "/run/redis", "redis"},
      {rules::Region(), "eu1", "EU-1"},
  };
  for (const auto& each : kCases) {
    EXPECT_EQ(each.rule(each.good), "") << each.good;
    EXPECT_THAT(each.rule(each.bad), ::testing::StartsWith("must be ")) << each.bad;
  }
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
