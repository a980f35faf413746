#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "libs/http/server.h"
#include "tests/unit/http/wire_client.h"

namespace meridian {
namespace {

using std::chrono_literals::operator""s;

constexpr int kText = 1;
constexpr int kBinary = 2;
constexpr int kClose = 8;
constexpr int kPing = 9;
constexpr int kPong = 10;

// What the server told about one connection; outlives its handler.
struct Seen {
  std::mutex mutex;
  std::condition_variable changed;
  std::shared_ptr<WebSocketConnection> connection;
  std::string subprotocol;
  std::optional<std::string> token;
  std::vector<std::string> texts;
  int drained = 0;
  std::vector<uint16_t> closed;

  template <typename Predicate>
  bool Await(Predicate predicate) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, predicate);
  }
  bool HasClosed() {
    std::lock_guard lock(mutex);
    return !closed.empty();
  }
  bool AwaitClosed(uint16_t code) {
    return Await([&] { return !closed.empty(); }) && closed == std::vector<uint16_t>{code};
  }
};

class RecordingHandler final : public WebSocketHandler {
 public:
  explicit RecordingHandler(Seen* seen) : seen_(*seen) {}

  void OnText(std::string_view frame) override {
    Note([&] { seen_.texts.emplace_back(frame); });
    if (frame.starts_with("echo ")) seen_.connection->Send(std::string(frame.substr(5)));
  }
  void OnDrained() override {
    Note([&] { ++seen_.drained; });
  }
  void OnClosed(uint16_t code) override {
    Note([&] { seen_.closed.push_back(code); });
  }

 private:
  template <typename Change>
  void Note(Change change) {
    std::lock_guard lock(seen_.mutex);
    change();
    seen_.changed.notify_all();
  }

  Seen& seen_;
};

class WebSocketServerTest : public ::testing::Test {
 protected:
  void Serve(HttpServerOptions options = {}) {
    HttpRouter router;
    router.HandleWebSocket(
        {.path = "/ws",
         .subprotocols = {"meridian.ingress.v1"},
         .open = [this](std::shared_ptr<WebSocketConnection> connection,
                        const WebSocketOpening& opening) -> absl::StatusOr<std::unique_ptr<WebSocketHandler>> {
           std::lock_guard lock(seen_.mutex);
           if (opening.bearer_token == "bad") return absl::UnauthenticatedError("this token is not good");
           seen_.connection = std::move(connection);
           seen_.subprotocol = opening.subprotocol;
           seen_.token = opening.bearer_token;
           for (const std::string& frame : greetings_) seen_.connection->Send(frame);
           return std::make_unique<RecordingHandler>(&seen_);
         }});
    options.metrics = &metrics_;
    auto server = HttpServer::Start(options, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Serves, connects and upgrades.
  void Open(HttpServerOptions options = {}, int receive_buffer_bytes = 0) {
    Serve(options);
    client_ = std::make_unique<WireClient>(server_->port(), receive_buffer_bytes);
    const auto response = client_->Upgrade("/ws", "bearer.good, meridian.ingress.v1");
    ASSERT_TRUE(response.has_value());
    ASSERT_EQ(response->status, 101);
  }

  int UpgradeStatus(std::string_view path, std::string_view subprotocols, std::string_view more = "") {
    WireClient client(server_->port());
    const auto response = client.Upgrade(path, subprotocols, more);
    return response ? response->status : 0;
  }

  // The code of the next close frame, other frames left out.
  int ReadCloseCode() {
    while (const auto frame = client_->ReadFrame()) {
      if (frame->opcode == kClose) return frame->close_code();
    }
    return 0;
  }

  // As a client does: the close frame, then the end of the connection.
  void AnswerClose(uint16_t code) {
    client_->SendFrame(kClose, std::string{static_cast<char>(code >> 8), static_cast<char>(code)});
    client_->ShutdownSend();
  }

  // Sends until the backlog refuses, as to a client that does not read.
  void FillBacklog() {
    const std::string frame(4096, 'x');
    for (int i = 0; i < 100000; ++i) {
      if (seen_.connection->Send(frame, FrameKind::kDroppable) == SendResult::kFull) return;
    }
    FAIL() << "the backlog has no bound";
  }

  Metrics metrics_;
  Seen seen_;
  std::vector<std::string> greetings_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<WireClient> client_;
};

TEST_F(WebSocketServerTest, SelectsTheApplicationsSubprotocolAndNeverEchoesTheToken) {
  Serve();
  WireClient client(server_->port());
  const auto response = client.Upgrade("/ws", "meridian.ingress.v1, bearer.a.b.c");
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 101);
  EXPECT_EQ(response->headers.at("sec-websocket-protocol"), "meridian.ingress.v1");
  EXPECT_EQ(response->headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  for (const auto& [name, value] : response->headers) EXPECT_EQ(value.find("a.b.c"), std::string::npos) << name;
  std::lock_guard lock(seen_.mutex);
  EXPECT_EQ(seen_.subprotocol, "meridian.ingress.v1");
  EXPECT_EQ(seen_.token, "a.b.c");
}

TEST_F(WebSocketServerTest, RefusesBadUpgradesBeforeTheyHappen) {
  Serve();
  EXPECT_EQ(UpgradeStatus("/ws", "bearer.bad, meridian.ingress.v1"), 401);
  EXPECT_EQ(UpgradeStatus("/ws", "other"), 400);
  EXPECT_EQ(UpgradeStatus("/ws", ""), 400);
  EXPECT_EQ(UpgradeStatus("/none", "meridian.ingress.v1"), 404);
  EXPECT_EQ(UpgradeStatus("/ws", "meridian.ingress.v1", "Origin: http://evil.test\r\n"), 403);
  EXPECT_EQ(UpgradeStatus("/ws", "meridian.ingress.v1", "Origin: http://meridian.test\r\n"), 101);
  WireClient plain(server_->port());
  plain.Send("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.ReadResponse()->status, 426);
  WireClient twice(server_->port());
  EXPECT_EQ(twice.Upgrade("/ws", "bearer.bad, meridian.ingress.v1")->status, 401);
  EXPECT_EQ(twice.Upgrade("/ws", "bearer.good, meridian.ingress.v1")->status, 101);
}

TEST_F(WebSocketServerTest, TextGoesBothWays) {
  Open();
  client_->SendFrame(kText, "echo hola, ¿qué tal?");
  const auto frame = client_->ReadFrame();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->opcode, kText);
  EXPECT_EQ(frame->payload, "hola, ¿qué tal?");
}

TEST_F(WebSocketServerTest, FramesSentBeforeTheHandshakeGoOutBehindIt) {
  greetings_ = {"first", "second"};
  Open();
  EXPECT_EQ(client_->ReadFrame()->payload, "first");
  EXPECT_EQ(client_->ReadFrame()->payload, "second");
}

TEST_F(WebSocketServerTest, AMessageInFragmentsIsOne) {
  Open();
  client_->SendFrame(kText, "echo one ", /*fin=*/false);
  client_->SendFrame(kPing, "in between");
  client_->SendFrame(0, "message", /*fin=*/true);
  EXPECT_EQ(client_->ReadFrame()->opcode, kPong);
  EXPECT_EQ(client_->ReadFrame()->payload, "one message");
}

TEST_F(WebSocketServerTest, BadFramesCloseWithTheRightCode) {
  struct Case {
    int opcode;
    std::string payload;
    bool masked;
    uint16_t code;
  };
  const Case kCases[] = {
      {kText, "bad \xff\xfe", true, 1007},
      {kText, "\xc3", true, 1007},
      {kText, "\xed\xa0\x80", true, 1007},
      {kBinary, "binary", true, 1003},
      {kText, std::string(64 * 1024 + 1, 'a'), true, 1009},
      {kText, "unmasked", false, 1002},
      {3, "reserved", true, 1002},
      {0, "continues nothing", true, 1002},
      {kPing, std::string(126, 'p'), true, 1002},
  };
  for (const Case& bad : kCases) {
    seen_.closed.clear();
    Open();
    client_->SendFrame(bad.opcode, bad.payload, true, bad.masked);
    EXPECT_EQ(ReadCloseCode(), bad.code) << bad.payload.substr(0, 20);
    AnswerClose(bad.code);
    EXPECT_TRUE(client_->IsClosedByServer());
    EXPECT_TRUE(seen_.AwaitClosed(bad.code)) << bad.payload.substr(0, 20);
    EXPECT_TRUE(seen_.texts.empty());
  }
}

TEST_F(WebSocketServerTest, AFrameOfTheLargestSizeIsTaken) {
  Open();
  client_->SendFrame(kText, std::string(64 * 1024, 'a'));
  EXPECT_TRUE(seen_.Await([&] { return seen_.texts.size() == 1; }));
}

TEST_F(WebSocketServerTest, TheClientsCodeIsToldBeforeTheConnectionEnds) {
  Open();
  client_->SendFrame(kClose, "\x0f\xa1");  // 4001
  EXPECT_EQ(ReadCloseCode(), 4001);
  EXPECT_TRUE(seen_.AwaitClosed(4001));
  EXPECT_EQ(seen_.connection->Send("late"), SendResult::kClosed);
}

TEST_F(WebSocketServerTest, ABrokenConnectionIsAbnormal) {
  Open();
  client_->Drop();
  EXPECT_TRUE(seen_.AwaitClosed(websocket_close::kAbnormal));
}

TEST_F(WebSocketServerTest, AHalfClosedConnectionIsAbnormal) {
  Open();
  client_->ShutdownSend();
  EXPECT_TRUE(seen_.AwaitClosed(websocket_close::kAbnormal));
  EXPECT_TRUE(client_->IsClosedByServer());
}

TEST_F(WebSocketServerTest, CloseSendsWhatIsQueuedFirst) {
  Open();
  for (int i = 0; i < 50; ++i) seen_.connection->Send("frame " + std::to_string(i));
  seen_.connection->Close(websocket_close::kPolicy, "token expired");
  EXPECT_EQ(seen_.connection->Send("late"), SendResult::kClosed);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client_->ReadFrame()->payload, "frame " + std::to_string(i));
  const auto close = client_->ReadFrame();
  ASSERT_TRUE(close.has_value());
  EXPECT_EQ(close->opcode, kClose);
  EXPECT_EQ(close->close_code(), 1008);
  EXPECT_EQ(close->payload.substr(2), "token expired");
  AnswerClose(1008);
  EXPECT_TRUE(seen_.AwaitClosed(1008));
}

TEST_F(WebSocketServerTest, AClientThatDoesNotAnswerACloseIsCut) {
  Open({.close_timeout = Duration::Milliseconds(200)});
  seen_.connection->Close(websocket_close::kNormal, "");
  EXPECT_TRUE(seen_.AwaitClosed(1000));
}

TEST_F(WebSocketServerTest, ABadFrameAtTheSameTimeAsOurCloseIsSurvived) {
  Open({.close_timeout = Duration::Milliseconds(100)});
  for (int i = 0; i < 200; ++i) {
    WireClient client(server_->port());
    ASSERT_EQ(client.Upgrade("/ws", "meridian.ingress.v1")->status, 101);
    std::thread closer([this] { seen_.connection->Close(websocket_close::kPolicy, "now"); });
    client.SendFrame(kText, "\xff");
    closer.join();
    EXPECT_TRUE(client.ReadFrame().has_value());
  }
  EXPECT_TRUE(seen_.Await([&] { return seen_.closed.size() == 200; }));
}

TEST_F(WebSocketServerTest, SeveralThreadsSendAndEachKeepsItsOrder) {
  Open();
  constexpr int kThreads = 4, kFrames = 500;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < kFrames; ++i) seen_.connection->Send(std::to_string(t) + " " + std::to_string(i));
    });
  }
  std::vector<int> next(kThreads, 0);
  for (int n = 0; n < kThreads * kFrames; ++n) {
    const auto frame = client_->ReadFrame();
    ASSERT_TRUE(frame.has_value());
    const int thread = frame->payload[0] - '0';
    EXPECT_EQ(frame->payload.substr(2), std::to_string(next[thread]++));
  }
  for (std::thread& thread : threads) thread.join();
  // The last frame is here a moment before the server counts it as written.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (seen_.connection->backlog_bytes() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  EXPECT_EQ(seen_.connection->backlog_bytes(), 0u);
}

TEST_F(WebSocketServerTest, ASlowReaderIsToldAboutAndDrains) {
  Open({.max_backlog_bytes = 64 * 1024, .send_buffer_bytes = 8 * 1024}, 8 * 1024);
  FillBacklog();
  EXPECT_GT(seen_.connection->backlog_bytes(), 32u * 1024);
  EXPECT_EQ(seen_.connection->Send("offer", FrameKind::kKept), SendResult::kQueued);
  while (const auto frame = client_->ReadFrame()) {
    if (frame->payload == "offer") break;
    ASSERT_EQ(frame->payload.size(), 4096u);
  }
  EXPECT_TRUE(seen_.Await([&] { return seen_.drained == 1; }));
  EXPECT_EQ(seen_.connection->Send("after", FrameKind::kDroppable), SendResult::kQueued);
  EXPECT_EQ(client_->ReadFrame()->payload, "after");
  EXPECT_FALSE(seen_.HasClosed());
}

TEST_F(WebSocketServerTest, AReaderThatDoesNotDrainIsCut) {
  Open({.max_backlog_bytes = 64 * 1024, .send_buffer_bytes = 8 * 1024, .drain_timeout = Duration::Milliseconds(200)},
       8 * 1024);
  FillBacklog();
  EXPECT_TRUE(seen_.AwaitClosed(websocket_close::kTryAgainLater));
  EXPECT_EQ(seen_.connection->Send("late"), SendResult::kClosed);
  EXPECT_NE(metrics_.RenderPrometheus().find("websocket_cut_slow_readers_total 1\n"), std::string::npos);
}

TEST_F(WebSocketServerTest, ACloseTowardsASlowReaderIsBounded) {
  Open({.max_backlog_bytes = 64 * 1024, .send_buffer_bytes = 8 * 1024, .close_timeout = Duration::Milliseconds(200)},
       8 * 1024);
  FillBacklog();
  seen_.connection->Close(4008, "too slow");
  EXPECT_TRUE(seen_.AwaitClosed(4008));
}

TEST_F(WebSocketServerTest, PingsASilentClientAndCutsADeadOne) {
  Open({.ping_interval = Duration::Milliseconds(100)});
  const auto ping = client_->ReadFrame();
  ASSERT_TRUE(ping.has_value());
  EXPECT_EQ(ping->opcode, kPing);
  client_->SendFrame(kPong, ping->payload);
  EXPECT_EQ(client_->ReadFrame()->opcode, kPing);
  EXPECT_FALSE(seen_.HasClosed());
  EXPECT_TRUE(seen_.AwaitClosed(websocket_close::kAbnormal));  // this one was not answered
}

TEST_F(WebSocketServerTest, StopClosesAsGoingAway) {
  Open();
  seen_.connection->Send("last words");
  std::thread stopper([this] { server_->Stop(Duration::Seconds(10)); });
  EXPECT_EQ(client_->ReadFrame()->payload, "last words");
  EXPECT_EQ(ReadCloseCode(), websocket_close::kGoingAway);
  AnswerClose(1001);
  stopper.join();
  EXPECT_TRUE(seen_.AwaitClosed(1001));
  EXPECT_EQ(seen_.connection->Send("late"), SendResult::kClosed);
}

TEST_F(WebSocketServerTest, StopDoesNotWaitForAClientThatIsDeaf) {
  Open({.close_timeout = Duration::Seconds(60)});
  server_->Stop(Duration::Milliseconds(50));
  EXPECT_EQ(seen_.closed.size(), 1u);
}

TEST_F(WebSocketServerTest, AConnectionMayBeHeldBeyondTheServersEnd) {
  Open();
  server_.reset();
  EXPECT_EQ(seen_.closed.size(), 1u);
  EXPECT_EQ(seen_.connection->Send("late"), SendResult::kClosed);
  seen_.connection->Close(1000, "");
  EXPECT_EQ(seen_.connection->backlog_bytes(), 0u);
}

}  // namespace
}  // namespace meridian
