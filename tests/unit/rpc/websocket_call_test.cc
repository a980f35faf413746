// A bidirectional method over real sockets: frames as JSON, tokens, closing, slow and vanishing clients.
#include "libs/rpc/websocket_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "echo.pb.h"
#include "libs/error/error.h"
#include "libs/http/server.h"
#include "libs/security/token_issuer.h"
#include "tests/unit/http/wire_client.h"

namespace meridian::rpc {
namespace {

using std::chrono_literals::operator""s;
using security::Permission;
using security::Role;
using test::v1::EchoRequest;
using test::v1::EchoResponse;

constexpr char kTalk[] = "/meridian.test.v1.EchoService/Talk";
constexpr int kText = 1;
constexpr int kClose = 8;

Instant Now() { return {std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()}; }

EchoResponse Text(const std::string& text) {
  EchoResponse response;
  response.set_text(text);
  return response;
}

// What the method's handlers saw, of all calls.
struct Seen {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ServerStream<EchoResponse>> streams;
  std::vector<std::string> texts;
  std::vector<absl::Status> ends;
  int opened = 0, closed = 0, destroyed = 0;
  bool sending_here_when_closed = false;

  template <typename Predicate>
  bool Await(Predicate predicate) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, predicate);
  }
};

thread_local bool sending_here = false;

// Echoes; "burst N" sends N frames, "finish CODE" ends the stream, anything else comes back.
class EchoHandler : public StreamHandler<EchoRequest> {
 public:
  EchoHandler(Seen* seen, ServerStream<EchoResponse> stream) : seen_(*seen), stream_(std::move(stream)) {
    std::lock_guard lock(seen_.mutex);
    ++seen_.opened;
    seen_.streams.push_back(stream_);
    seen_.changed.notify_all();
  }
  ~EchoHandler() override {
    Note([&] { ++seen_.destroyed; });
  }

  void OnMessage(EchoRequest message) override {
    const std::string& text = message.text();
    Note([&] { seen_.texts.push_back(text); });
    if (text.starts_with("burst ")) {
      const int count = std::stoi(text.substr(6));
      for (int i = 0; i < count; ++i) stream_.Send(Text(std::to_string(i)));
    } else if (text.starts_with("finish ")) {
      const auto code = static_cast<absl::StatusCode>(std::stoi(text.substr(7)));
      stream_.Send(Text("last"));
      stream_.Finish(code == absl::StatusCode::kOk ? absl::OkStatus() : MakeError(code, "BECAUSE", "for a reason"));
    } else {
      stream_.Send(Text(text));
    }
  }
  void OnHalfClosed() override { stream_.Finish(absl::OkStatus()); }
  void OnClosed(const absl::Status& status) override {
    Note([&] {
      ++seen_.closed;
      seen_.ends.push_back(status);
      seen_.sending_here_when_closed |= sending_here;
    });
  }

 private:
  template <typename Change>
  void Note(Change change) {
    std::lock_guard lock(seen_.mutex);
    change();
    seen_.changed.notify_all();
  }

  Seen& seen_;
  const ServerStream<EchoResponse> stream_;
};

class Outcomes : public CallObserver {
 public:
  struct Ended {
    absl::Status status;
    Duration took;
  };
  void OnCallStarted(std::string_view method) override {
    EXPECT_EQ(method, kTalk);
    ++started;
  }
  void OnCallEnded(std::string_view method, const absl::Status& status, Duration took) override {
    EXPECT_EQ(method, kTalk);
    std::lock_guard lock(mutex);
    ended.push_back({status, took});
    changed.notify_all();
  }
  // The `index`-th call that ended.
  Ended Await(size_t index) {
    std::unique_lock lock(mutex);
    if (!changed.wait_for(lock, 10s, [&] { return ended.size() > index; })) {
      ADD_FAILURE() << "call " << index << " has not ended";
      return {};
    }
    return ended[index];
  }

  std::atomic<int> started = 0;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Ended> ended;
};

class WebSocketCallTest : public testing::Test {
 protected:
  void Serve(HttpServerOptions options = {}) {
    methods_.Bidi<EchoRequest, EchoResponse>(
        kTalk, {{Role::kAgent}, Permission::kAgentsConnect},
        [this](const CallContext&,
               ServerStream<EchoResponse> stream) -> absl::StatusOr<std::unique_ptr<StreamHandler<EchoRequest>>> {
          if (!open_status_.ok()) return open_status_;
          return std::make_unique<EchoHandler>(&seen_, std::move(stream));
        });
    HttpRouter router;
    router.HandleWebSocket(RouteForMethod({methods_, gate_, timer_, &outcomes_, stream_options_}, kTalk, "/v1/talk",
                                          "meridian.test.v1", [](std::string_view) { return true; }));
    auto server = HttpServer::Start(options, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::string Token(Instant expires_at = Now() + Duration::Hours(1), Role role = Role::kAgent) {
    security::TokenClaims claims{.tenant = "demo", .subject = "ana", .role = role, .expires_at = expires_at};
    return *security::IssueToken(key_, claims, std::min(Now(), expires_at - Duration::Hours(1)));
  }
  int UpgradeStatus(const std::string& token) {
    WireClient client(server_->port());
    auto response =
        client.Upgrade("/v1/talk", token.empty() ? "meridian.test.v1" : "meridian.test.v1, bearer." + token);
    return response ? response->status : 0;
  }
  std::unique_ptr<WireClient> Open(int receive_buffer_bytes = 0) {
    auto client = std::make_unique<WireClient>(server_->port(), receive_buffer_bytes);
    auto response = client->Upgrade("/v1/talk", "meridian.test.v1, bearer." + Token());
    EXPECT_TRUE(response.has_value());
    EXPECT_EQ(response ? response->status : 0, 101);
    return client;
  }
  ServerStream<EchoResponse> StreamOf(size_t call) {
    EXPECT_TRUE(seen_.Await([&] { return seen_.streams.size() > call; }));
    std::lock_guard lock(seen_.mutex);
    return seen_.streams.at(call);
  }
  // The text of the next frame; "close CODE REASON" for a close frame, "end" when there is none.
  static std::string Read(WireClient& client) {
    auto frame = client.ReadFrame();
    if (!frame) return "end";
    if (frame->opcode == kClose) return "close " + std::to_string(frame->close_code()) + " " + frame->payload.substr(2);
    auto json = nlohmann::json::parse(frame->payload, nullptr, false);
    if (json.is_discarded()) return "not JSON: " + frame->payload;
    return json.contains("resync") ? "resync " + json["resync"].get<std::string>() : json.value("text", "");
  }
  static void Say(WireClient& client, const std::string& text) {
    client.SendFrame(kText, nlohmann::json{{"text", text}}.dump());
  }
  bool AwaitAllGone() {
    return seen_.Await([&] { return seen_.opened == seen_.destroyed && seen_.closed == seen_.opened; });
  }

  const security::SigningKey key_ = *security::SigningKey::Generate();
  DeadlineTimer timer_;
  CallGate gate_{std::make_shared<security::TokenVerifier>(key_), Now};
  StreamOptions stream_options_;
  MethodTable methods_;
  Seen seen_;
  Outcomes outcomes_;
  absl::Status open_status_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(WebSocketCallTest, CarriesMessagesAsJsonBothWays) {
  Serve();
  auto client = Open();
  Say(*client, "¿hablas español?");
  EXPECT_EQ(Read(*client), "¿hablas español?");
  EXPECT_TRUE(StreamOf(0).Send(Text("sí")));
  EXPECT_EQ(Read(*client), "sí");
  EXPECT_EQ(StreamOf(0).context().subject(), "ana");
}

TEST_F(WebSocketCallTest, RefusesBadTokensBeforeTheUpgrade) {
  Serve();
  EXPECT_EQ(UpgradeStatus(""), 401);
  EXPECT_EQ(UpgradeStatus("a.b.c"), 401);
  EXPECT_EQ(UpgradeStatus(Token(Now() - Duration::Seconds(1))), 401);
  EXPECT_EQ(UpgradeStatus(Token(Now() + Duration::Minutes(10), Role::kCustomer)), 403);
  std::lock_guard lock(seen_.mutex);
  EXPECT_EQ(seen_.opened, 0);
}

TEST_F(WebSocketCallTest, FramesThatAreNoMessagesCloseItWithTheReason) {
  Serve();
  for (const char* bad : {"{", "[]", "7", R"({"text": 7, "text": {}})", R"({"noSuchField": 1})", "\"text\"", ""}) {
    auto client = Open();
    client->SendFrame(kText, bad);
    EXPECT_EQ(Read(*client), "close 1008 MALFORMED_MESSAGE") << bad;
  }
}

TEST_F(WebSocketCallTest, AnotherTenantsMessageClosesIt) {
  Serve();
  auto client = Open();
  client->SendFrame(kText, R"({"tenant": "other"})");
  EXPECT_EQ(Read(*client), "close 1008 TENANT_DENIED");
}

TEST_F(WebSocketCallTest, ClosesAsTheStreamEndsAfterWhatWasSent) {
  Serve();
  const std::pair<absl::StatusCode, std::string> kEnds[] = {
      {absl::StatusCode::kOk, "close 1000 "},
      {absl::StatusCode::kUnauthenticated, "close 1008 BECAUSE"},
      {absl::StatusCode::kPermissionDenied, "close 1008 BECAUSE"},
      {absl::StatusCode::kResourceExhausted, "close 1013 BECAUSE"},
      {absl::StatusCode::kUnavailable, "close 1001 BECAUSE"},
  };
  for (const auto& [code, close] : kEnds) {
    auto client = Open();
    Say(*client, "finish " + std::to_string(static_cast<int>(code)));
    EXPECT_EQ(Read(*client), "last");
    EXPECT_EQ(Read(*client), close);
  }
  EXPECT_TRUE(AwaitAllGone());
}

TEST_F(WebSocketCallTest, CallsAreObservedAsTheyEndAndWithTheirTime) {
  Serve();
  const auto begun = std::chrono::steady_clock::now();
  auto failing = Open();
  Say(*failing, "finish 14");
  EXPECT_EQ(Read(*failing), "last");
  EXPECT_EQ(Read(*failing), "close 1001 BECAUSE");
  const Outcomes::Ended failed = outcomes_.Await(0);
  EXPECT_EQ(ErrorReason(failed.status), "BECAUSE");
  EXPECT_GT(failed.took, Duration::Zero());
  EXPECT_LE(failed.took.ns, std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun).count());

  auto leaving = Open();
  leaving->SendFrame(kClose, std::string("\x03\xe8", 2));
  EXPECT_TRUE(outcomes_.Await(1).status.ok());

  auto vanishing = Open();
  StreamOf(2);
  vanishing->Drop();
  EXPECT_EQ(outcomes_.Await(2).status.code(), absl::StatusCode::kCancelled);

  EXPECT_EQ(UpgradeStatus("a.b.c"), 401);
  EXPECT_EQ(outcomes_.Await(3).status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(outcomes_.started, 4);
}

TEST_F(WebSocketCallTest, AnOpenerThatRefusesClosesItWithTheReason) {
  Serve();
  open_status_ = MakeError(absl::StatusCode::kResourceExhausted, "TOO_MANY_STREAMS", "too many");
  auto client = Open();
  EXPECT_EQ(Read(*client), "close 1013 TOO_MANY_STREAMS");
}

TEST_F(WebSocketCallTest, ABurstCostsNoDepthOfCalls) {
  constexpr int kFrames = 50000;
  stream_options_.backlog = {.frames = 2 * kFrames, .bytes = 64 << 20};
  Serve();
  auto client = Open();
  Say(*client, "burst " + std::to_string(kFrames));
  for (int i = 0; i < kFrames; ++i) ASSERT_EQ(Read(*client), std::to_string(i));
}

TEST_F(WebSocketCallTest, ASlowReaderGetsAMarkerForWhatWasDropped) {
  stream_options_.backlog = {.frames = 16, .bytes = 1 << 20};
  HttpServerOptions options;
  options.max_backlog_bytes = 16 * 1024;
  options.send_buffer_bytes = 8 * 1024;
  Serve(options);
  auto client = Open(4096);
  auto stream = StreamOf(0);
  stream.SetMarker([](const std::string& key, uint64_t resume_after) {
    EchoResponse marker;
    marker.set_resync(key + " " + std::to_string(resume_after));
    return marker;
  });
  const std::string padding(1000, 'x');
  uint64_t number = 0;
  for (; stream.backlog().frames < 15 && number < 10000; ++number) {
    ASSERT_TRUE(stream.Send(Text(std::to_string(number + 1) + padding), Droppable{"c1", number}));
  }
  for (int i = 0; i < 100; ++i, ++number) {
    ASSERT_TRUE(stream.Send(Text(std::to_string(number + 1) + padding), Droppable{"c1", number}));
  }
  ASSERT_TRUE(stream.Send(Text("offer")));
  uint64_t last = 0;
  std::string resync;
  for (std::string text = Read(*client); text != "offer"; text = Read(*client)) {
    ASSERT_NE(text, "end");
    if (text.starts_with("resync")) {
      resync = text;
    } else {
      ASSERT_EQ(std::stoull(text), ++last) << "in order, none lost before the marker";
    }
  }
  EXPECT_EQ(resync, "resync c1 " + std::to_string(last));
}

TEST_F(WebSocketCallTest, AReaderThatStaysSlowIsClosed) {
  stream_options_.backlog = {.frames = 16, .bytes = 1 << 20};
  stream_options_.drain_timeout = Duration::Milliseconds(50);
  HttpServerOptions options;
  options.max_backlog_bytes = 16 * 1024;
  options.send_buffer_bytes = 8 * 1024;
  options.close_timeout = Duration::Milliseconds(200);  // this client does not answer a close
  Serve(options);
  auto client = Open(4096);
  auto stream = StreamOf(0);
  const std::string padding(1000, 'x');
  for (int i = 0; i < 10000 && stream.backlog().frames < 17; ++i) stream.Send(Text(padding));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (stream.Send(Text("")) && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  std::string text = Read(*client);
  while (!text.starts_with("close") && text != "end") text = Read(*client);
  EXPECT_EQ(text, "close 1013 SLOW_READER");
  EXPECT_TRUE(AwaitAllGone());
  EXPECT_EQ(ErrorReason(outcomes_.Await(0).status), "SLOW_READER");
}

// The connection's own time may run out before the stream's.
TEST_F(WebSocketCallTest, AReaderWhomTheConnectionCutsWasSlowToo) {
  stream_options_.backlog = {.frames = 100000, .bytes = 64 << 20};
  HttpServerOptions options;
  options.max_backlog_bytes = 16 * 1024;
  options.send_buffer_bytes = 8 * 1024;
  options.drain_timeout = Duration::Milliseconds(50);
  Serve(options);
  auto client = Open(4096);
  auto stream = StreamOf(0);
  const std::string padding(1000, 'x');
  for (int i = 0; i < 10000 && stream.backlog().frames < 17; ++i) stream.Send(Text(padding));
  EXPECT_TRUE(AwaitAllGone());
  std::lock_guard lock(seen_.mutex);
  ASSERT_EQ(seen_.ends.size(), 1u);
  EXPECT_EQ(ErrorReason(seen_.ends[0]), "SLOW_READER");
}

TEST_F(WebSocketCallTest, ABacklogThatIsReadGoesOn) {
  stream_options_.backlog = {.frames = 100000, .bytes = 256 << 20};
  HttpServerOptions options;
  options.max_backlog_bytes = 4 * 1024;  // full at every step
  Serve(options);
  auto client = Open();
  auto stream = StreamOf(0);
  constexpr int kFrames = 5000;
  const std::string padding(500, 'x');
  std::thread sender([&] {
    for (int i = 0; i < kFrames; ++i) stream.Send(Text(std::to_string(i) + padding));
  });
  for (int i = 0; i < kFrames; ++i) {
    const std::string text = Read(*client);
    if (text == std::to_string(i) + padding) continue;
    ADD_FAILURE() << "frame " << i << ": " << text.substr(0, 20);
    break;
  }
  sender.join();
}

TEST_F(WebSocketCallTest, AStreamEndsWhenItsTokenHasExpired) {
  stream_options_.token_grace = Duration::Zero();
  Serve();
  auto client = std::make_unique<WireClient>(server_->port());
  ASSERT_EQ(client->Upgrade("/v1/talk", "meridian.test.v1, bearer." + Token(Now() + Duration::Seconds(2)))->status,
            101);
  EXPECT_EQ(Read(*client), "close 1008 TOKEN_EXPIRED");
}

TEST_F(WebSocketCallTest, StoppingTheServerEndsCallsBeforeItReturns) {
  Serve();
  auto client = Open();
  Say(*client, "hola");
  EXPECT_EQ(Read(*client), "hola");
  auto stream = StreamOf(0);
  server_->Stop(Duration::Milliseconds(100));
  {
    std::lock_guard lock(seen_.mutex);
    EXPECT_EQ(seen_.closed, 1);
    EXPECT_EQ(seen_.destroyed, 1);
  }
  EXPECT_FALSE(stream.Send(Text("too late")));
}

// Two senders and a client that goes at any moment, by a reset, a close frame or silence: each call ends exactly once,
// never inside a Send, and leaves nothing behind.
TEST_F(WebSocketCallTest, ClientsMayVanishAtAnyMoment) {
  HttpServerOptions options;
  options.max_backlog_bytes = 8 * 1024;
  stream_options_.backlog = {.frames = 64, .bytes = 64 * 1024};
  Serve(options);
  constexpr size_t kCalls = 200;
  for (size_t call = 0; call < kCalls; ++call) {
    auto client = Open(call % 3 == 0 ? 2048 : 0);
    auto stream = StreamOf(call);
    auto send = [&] {
      sending_here = true;
      const std::string padding(200, 'x');
      while (stream.Send(Text(padding))) {
      }
      sending_here = false;
    };
    std::thread first(send);
    std::thread second(send);
    for (size_t i = 0; i < call % 7; ++i) Read(*client);
    if (call % 2 == 0) Say(*client, "burst 3");
    if (call % 5 == 0) client->SendFrame(kClose, std::string("\x03\xe8", 2));
    if (call % 5 == 1) client->SendFrame(kText, "not JSON");
    if (call % 5 != 2) client->Drop();
    client.reset();
    first.join();
    second.join();
  }
  EXPECT_TRUE(AwaitAllGone());
  std::lock_guard lock(seen_.mutex);
  EXPECT_EQ(seen_.opened, static_cast<int>(kCalls));
  EXPECT_FALSE(seen_.sending_here_when_closed);
}

TEST_F(WebSocketCallTest, ATokenWithAnOriginNeedsExactlyThatOne) {
  Serve();
  security::TokenClaims claims{
      .tenant = "demo", .subject = "ana", .role = Role::kAgent, .origin = "https://shop.example"};
  const std::string token = *security::IssueToken(key_, claims, Now());
  const auto status = [&](const std::string& origins) {
    WireClient client(server_->port());
    auto response = client.Upgrade("/v1/talk", "meridian.test.v1, bearer." + token, origins);
    return response ? response->status : 0;
  };
  EXPECT_EQ(status("Origin: https://shop.example\r\n"), 101);
  EXPECT_EQ(status(""), 401);
  EXPECT_EQ(status("Origin: \r\n"), 401);
  EXPECT_EQ(status("Origin: https://evil.example\r\n"), 401);
  EXPECT_EQ(status("Origin: https://shop.example\r\nOrigin: https://evil.example\r\n"), 403);
  EXPECT_EQ(status("Origin: https://shop.example\r\nOrigin: https://shop.example\r\n"), 403);
}

}  // namespace
}  // namespace meridian::rpc
