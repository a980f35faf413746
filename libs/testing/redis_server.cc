#include "libs/testing/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "libs/base/check.h"

namespace meridian::testing {
namespace {

constexpr std::chrono::seconds kPatience(30);

// A port that nobody has at the moment.
uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  MERIDIAN_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  socklen_t size = sizeof address;
  MERIDIAN_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(fd);
  return ntohs(address.sin_port);
}

std::string TextOf(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return std::to_string(reply.integer);
    case REDIS_REPLY_NIL:
      return "";
    case REDIS_REPLY_ERROR:
      return "-" + std::string(reply.str, static_cast<size_t>(reply.len));
    case REDIS_REPLY_ARRAY: {
      std::string lines;
      for (size_t i = 0; i < reply.elements; ++i) lines += TextOf(*reply.element[i]) + "\n";
      return lines;
    }
    default:
      return {reply.str, static_cast<size_t>(reply.len)};
  }
}

}  // namespace

RedisServer::RedisServer(Options options) : options_(std::move(options)), socket_path_(folder_.path() + "/socket") {
  // Somebody may take a free port before the server does.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = FreePort();
    if (TryStart()) return;
    std::filesystem::remove(folder_.path() + "/sentinel.conf");
  }
  MERIDIAN_CHECK(pid_ >= 0);
}

RedisServer::~RedisServer() { Kill(); }

std::vector<std::string> RedisServer::Arguments() const {
  std::vector<std::string> arguments = {"redis-server"};
  if (options_.sentinel) {
    const std::string file = folder_.path() + "/sentinel.conf";
    if (!std::filesystem::exists(file)) {
      std::ofstream config(file);
      config << "port " << port_ << "\nbind 127.0.0.1\nunixsocket " << socket_path_ << "\ndir " << folder_.path()
             << "\n";
      for (const std::string& line : options_.settings) config << line << "\n";
    }
    arguments.insert(arguments.end(), {file, "--sentinel"});
    return arguments;
  }
  arguments.insert(arguments.end(), {options_.tls ? "--tls-port" : "--port",
                                     std::to_string(port_),
                                     "--bind",
                                     "127.0.0.1",
                                     "--unixsocket",
                                     socket_path_,
                                     "--dir",
                                     folder_.path(),
                                     "--save",
                                     "",
                                     "--appendonly",
                                     "yes",
                                     "--maxmemory-policy",
                                     "noeviction",
                                     "--repl-diskless-sync-delay",
                                     "0",
                                     "--repl-ping-replica-period",
                                     "1",
                                     "--hz",
                                     "50"});
  if (!options_.admin_password.empty()) {
    arguments.insert(arguments.end(), {"--user", "default", "off", "--user", "admin", "on",
                                       ">" + options_.admin_password, "~*", "&*", "+@all"});
  }
  if (options_.tls) arguments.insert(arguments.end(), {"--port", "0"});
  arguments.insert(arguments.end(), options_.settings.begin(), options_.settings.end());
  return arguments;
}

void RedisServer::Start() { MERIDIAN_CHECK(TryStart()); }

bool RedisServer::TryStart() {
  MERIDIAN_CHECK(pid_ < 0);
  std::vector<std::string> arguments = Arguments();
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int output[2];
  MERIDIAN_CHECK(pipe2(output, O_CLOEXEC) == 0);
  const pid_t parent = getpid();
  pid_ = fork();
  MERIDIAN_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    dup2(output[1], 1);
    dup2(output[1], 2);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(output[1]);
  output_ = output[0];
  return AwaitReady();
}

// Reads what the server logs until it says that it is ready; false when it ended. The pipe stays open: it holds far
// more than a server logs in a test, and a full one would only stop what is written to it from being read.
bool RedisServer::AwaitReady() {
  const auto by = std::chrono::steady_clock::now() + kPatience;
  std::string log;
  const std::string ready = options_.sentinel ? "Sentinel ID is" : "accept connections at " + socket_path_;
  while (log.find(ready) == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(by - std::chrono::steady_clock::now());
    pollfd watched{output_, POLLIN, 0};
    MERIDIAN_CHECK(left.count() > 0 && poll(&watched, 1, static_cast<int>(left.count())) >= 0);
    char bytes[4096];
    const ssize_t count = read(output_, bytes, sizeof bytes);
    if (count <= 0) {
      std::fprintf(stderr, "redis-server ended:\n%s\n", log.c_str());
      Kill();
      return false;
    }
    log.append(bytes, static_cast<size_t>(count));
  }
  fcntl(output_, F_SETPIPE_SZ, 1 << 20);
  return true;
}

void RedisServer::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
  close(output_);
  std::filesystem::remove(socket_path_);
}

void RedisServer::Freeze(bool freeze) {
  kill(pid_, freeze ? SIGSTOP : SIGCONT);
  int status = 0;
  if (freeze) MERIDIAN_CHECK(waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status));
}

void RedisServer::StartEmpty() {
  Kill();
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) std::filesystem::remove_all(entry);
  Start();
}

std::string RedisServer::Command(const std::vector<std::string>& arguments) {
  redisContext* context = redisConnectUnix(socket_path_.c_str());
  MERIDIAN_CHECK(context != nullptr);
  if (context->err == 0 && !options_.admin_password.empty()) {
    freeReplyObject(redisCommand(context, "AUTH admin %s", options_.admin_password.c_str()));
  }
  std::string text;
  std::vector<const char*> argv;
  std::vector<size_t> sizes;
  for (const std::string& argument : arguments) {
    argv.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  if (context->err == 0) {
    void* reply = redisCommandArgv(context, static_cast<int>(argv.size()), argv.data(), sizes.data());
    if (reply != nullptr) {
      text = TextOf(*static_cast<redisReply*>(reply));
      freeReplyObject(reply);
    }
  }
  redisFree(context);
  return text;
}

void RedisServer::AwaitReply(const std::vector<std::string>& arguments, const std::string& wanted) {
  const auto by = std::chrono::steady_clock::now() + kPatience;
  while (Command(arguments).find(wanted) == std::string::npos) {
    MERIDIAN_CHECK(std::chrono::steady_clock::now() < by);
    poll(nullptr, 0, 2);
  }
}

void RedisServer::ReplicateFrom(RedisServer& primary) {
  Command({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
  primary.AwaitReply({"INFO", "replication"}, "port=" + std::to_string(port_) + ",state=online");
  // A replica is `online` up to a second before the stream of commands to it begins.
  const std::string mark = std::to_string(port_);
  primary.Command({"SET", "attached", mark});
  AwaitReply({"GET", "attached"}, mark);
}

void RedisServer::Promote() { Command({"REPLICAOF", "NO", "ONE"}); }

}  // namespace meridian::testing
