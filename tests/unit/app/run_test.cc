#include "libs/app/run.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "google/protobuf/wrappers.pb.h"

namespace meridian {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int kDeadlineMs = 20000;

// What the service under test does; each service tells its steps on standard error.
struct TestOptions {
  std::string behaviour;

  void BindTo(CommandLine& line) { line.Bind("--behaviour", &behaviour, "What to do"); }
};

class TestService final : public Service {
 public:
  explicit TestService(const TestOptions& options) : options_(options) { std::fputs("assembled\n", stderr); }
  ~TestService() override { std::fputs("destroyed\n", stderr); }
  void Drain(Duration limit) override {
    std::fprintf(stderr, "drained within %lld s\n", static_cast<long long>(limit.ToSeconds()));
    while (options_.behaviour == "drain for ever") pause();
  }

 private:
  TestOptions options_;
};

absl::StatusOr<std::unique_ptr<Service>> Assemble(const TestOptions& options, Environment& environment) {
  if (options.behaviour == "fail") return absl::UnavailableError("the store is not there");
  if (options.behaviour == "refuse") return absl::InvalidArgumentError("--behaviour: cannot be refuse");
  if (options.behaviour == "give up") environment.stop.Stop(absl::DataLossError("the store has gone"));
  if (options.behaviour == "parse") EXPECT_FALSE(google::protobuf::StringValue().ParseFromString("\x0a\x02\xff\xfe"));
  if (options.behaviour == "end") environment.stop.Stop(absl::OkStatus());
  environment.listeners.Announce(
      "http", environment.listeners.address() + ":" + std::to_string(environment.listeners.http_port()));
  environment.listeners.Announce("grpc", std::to_string(environment.listeners.grpc_port()));
  return std::make_unique<TestService>(options);
}

// A process of its own that runs app::Run; its standard error is read here.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    int pipe_ends[2];
    EXPECT_EQ(pipe2(pipe_ends, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipe_ends[1], STDERR_FILENO);
      const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
      dup2(nothing, STDOUT_FILENO);
      std::vector<const char*> argv = {"test_service"};
      for (const std::string& argument : arguments) argv.push_back(argument.c_str());
      std::exit(app::Run("test_service", static_cast<int>(argv.size()), argv.data(), Assemble));
    }
    close(pipe_ends[1]);
    stderr_ = pipe_ends[0];
  }
  ~Process() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    close(stderr_);
  }

  void Signal(int signal) { kill(pid_, signal); }

  bool AwaitOutput(std::string_view text) {
    while (output_.find(text) == std::string::npos) {
      if (!ReadMore()) return false;
    }
    return true;
  }

  // The exit code, or 128 + the signal; all its output has been read then.
  int AwaitExit() {
    while (ReadMore()) {
    }
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  const std::string& output() const { return output_; }

 private:
  bool ReadMore() {
    pollfd poll_fd{.fd = stderr_, .events = POLLIN, .revents = 0};
    if (poll(&poll_fd, 1, kDeadlineMs) != 1) return false;
    char buffer[4096];
    const ssize_t bytes = read(stderr_, buffer, sizeof(buffer));
    if (bytes <= 0) return false;
    output_.append(buffer, static_cast<size_t>(bytes));
    return true;
  }

  pid_t pid_ = -1;
  int stderr_ = -1;
  std::string output_;
};

class RunTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(path_); }
  void TearDown() override { fs::remove_all(path_); }

  std::vector<std::string> Arguments(std::string behaviour) {
    return {"--data", path_, "--port", "0", "--behaviour", std::move(behaviour)};
  }

  const std::string path_ =
      ::testing::TempDir() + "run_test_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(RunTest, ReadyThenDrainedThenDestroyed) {
  for (int signal : {SIGTERM, SIGINT}) {
    auto arguments = Arguments("serve");
    arguments.insert(arguments.end(), {"--drain-limit", "3s"});
    Process process(arguments);
    ASSERT_TRUE(process.AwaitOutput("\"message\":\"ready\"")) << process.output();
    std::ifstream in(path_ + "/addresses.json");
    const auto addresses = nlohmann::json::parse(in);
    EXPECT_EQ(addresses["http"], "127.0.0.1:0");
    process.Signal(signal);
    EXPECT_EQ(process.AwaitExit(), 0) << process.output();
    const std::string& output = process.output();
    EXPECT_LT(output.find("assembled"), output.find("drained within 3 s"));
    EXPECT_LT(output.find("drained within 3 s"), output.find("destroyed"));
    EXPECT_LT(output.find("destroyed"), output.find("\"message\":\"stopped\""));
    EXPECT_FALSE(fs::exists(path_ + "/addresses.json"));
  }
}

TEST_F(RunTest, TheSecondSignalEndsItAtOnce) {
  Process process(Arguments("drain for ever"));
  ASSERT_TRUE(process.AwaitOutput("\"message\":\"ready\""));
  process.Signal(SIGTERM);
  ASSERT_TRUE(process.AwaitOutput("drained within"));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.AwaitExit(), 128 + SIGTERM);
  EXPECT_EQ(process.output().find("destroyed"), std::string::npos);
}

TEST_F(RunTest, GrpcListensOnThePortBehindHttp) {
  Process process({"--data", path_, "--port", "18080", "--behaviour", "serve"});
  ASSERT_TRUE(process.AwaitOutput("\"message\":\"ready\""));
  std::ifstream in(path_ + "/addresses.json");
  EXPECT_EQ(nlohmann::json::parse(in)["grpc"], "18081");
}

TEST_F(RunTest, ASecondProcessIsRefused) {
  Process first(Arguments("serve"));
  ASSERT_TRUE(first.AwaitOutput("\"message\":\"ready\""));
  Process second(Arguments("serve"));
  EXPECT_EQ(second.AwaitExit(), 1);
  EXPECT_THAT(second.output(), HasSubstr("test_service: the data folder " + path_ + " is in use by process "));
  EXPECT_TRUE(fs::exists(path_ + "/addresses.json"));
}

TEST_F(RunTest, ErrorsAreForPeople) {
  struct Case {
    std::vector<std::string> arguments;
    int code;
    std::string message;
  };
  const Case kCases[] = {
      {Arguments("fail"), 1, "test_service: the store is not there\n"},
      {Arguments("refuse"), 2, "test_service: --behaviour: cannot be refuse\n"},
      {Arguments("give up"), 1, "test_service: the store has gone\n"},
      {{"--port", "many"}, 2, "Try 'test_service --help'."},
      {{"--unknown"}, 2, "--unknown"},
      {{"--data", path_, "--port", "65535"}, 2, "--port"},
      {{"--data", path_, "--log-level", "loud"},
       2,
       "--log-level: must be debug, info, warning, error or off, not loud"},
      {{"--data", path_, "--log-file", path_ + "/none/log"}, 2, "there is no folder " + path_ + "/none"},
      {{"--data", path_, "--port", "many", "--seed", "-1", "--check"},
       2,
       "test_service: --seed: must be a whole number"},
      {{"--data", path_, "--behaviour", "fail", "--check"}, 0, ""},
      {{"--data", "/proc/none"}, 1, "cannot make the data folder /proc/none"},
  };
  for (const Case& each : kCases) {
    Process process(each.arguments);
    EXPECT_EQ(process.AwaitExit(), each.code) << process.output();
    EXPECT_THAT(process.output(), HasSubstr(each.message));
  }
}

TEST_F(RunTest, WhatProtobufSaysIsALineOfTheLogWithoutItsWords) {
  Process process(Arguments("parse"));
  ASSERT_TRUE(process.AwaitOutput("\"message\":\"ready\"")) << process.output();
  EXPECT_THAT(process.output(), HasSubstr("\"level\":\"warning\",\"service\":\"test_service\","
                                          "\"message\":\"protobuf complains\""));
  EXPECT_EQ(process.output().find("libprotobuf"), std::string::npos);
  EXPECT_EQ(process.output().find("UTF-8"), std::string::npos);
}

TEST_F(RunTest, APartOfItMayAskForTheEnd) {
  Process process(Arguments("end"));
  EXPECT_EQ(process.AwaitExit(), 0);
  EXPECT_THAT(process.output(), HasSubstr("destroyed"));
}

TEST_F(RunTest, ACheckStartsNothing) {
  auto arguments = Arguments("fail");
  arguments.push_back("--check");
  Process process(arguments);
  EXPECT_EQ(process.AwaitExit(), 0);
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(RunTest, HelpIsNoFailure) {
  Process process({"--help"});
  EXPECT_EQ(process.AwaitExit(), 0);
}

}  // namespace
}  // namespace meridian
