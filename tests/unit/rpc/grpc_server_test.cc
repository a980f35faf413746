// A real server on a free port and real clients.
#include "libs/rpc/grpc_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "echo.pb.h"
#include "libs/error/error.h"
#include "libs/rpc/client.h"
#include "libs/security/token_issuer.h"

namespace meridian::rpc {
namespace {

using security::Permission;
using security::Role;
using test::v1::CountRequest;
using test::v1::EchoRequest;
using test::v1::EchoResponse;

constexpr char kEcho[] = "/meridian.test.v1.EchoService/Echo";
constexpr char kCount[] = "/meridian.test.v1.EchoService/Count";
constexpr char kTalk[] = "/meridian.test.v1.EchoService/Talk";

// Waits for values that server threads leave.
template <typename T>
class Mailbox {
 public:
  void Put(T value) {
    std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_all();
  }
  std::optional<T> Take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !values_.empty(); })) return std::nullopt;
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

EchoResponse Text(const std::string& text, uint64_t number = 0) {
  EchoResponse response;
  response.set_text(text);
  response.set_number(number);
  return response;
}

// Sends `count` numbers, a slice at a time, as fast as its client takes them.
class Counter : public StreamWatcher {
 public:
  Counter(ServerStream<EchoResponse> stream, uint64_t count, std::atomic<size_t>* peak)
      : stream_(std::move(stream)), count_(count), peak_(peak) {
    SendSlice();
  }
  void OnWritable() override { SendSlice(); }

 private:
  void SendSlice() {
    for (int i = 0; i < 16 && next_ <= count_; ++i) stream_.Send(Text("", next_++));
    if (size_t frames = stream_.backlog().frames; frames > *peak_) *peak_ = frames;
    if (next_ > count_) stream_.Finish(absl::OkStatus());
  }

  const ServerStream<EchoResponse> stream_;
  const uint64_t count_;
  uint64_t next_ = 1;
  std::atomic<size_t>* const peak_;
};

struct Notes {
  Mailbox<std::shared_ptr<ServerStream<EchoResponse>>> opened;
  Mailbox<std::string> closed;
};

class Talker : public StreamHandler<EchoRequest> {
 public:
  Talker(ServerStream<EchoResponse> stream, Notes* notes) : stream_(std::move(stream)), notes_(notes) {}
  void OnMessage(EchoRequest message) override { stream_.Send(Text(message.text())); }
  void OnHalfClosed() override { stream_.Finish(absl::OkStatus()); }
  void OnClosed(const absl::Status&) override { notes_->closed.Put(stream_.Send(Text("late")) ? "open" : "closed"); }

 private:
  const ServerStream<EchoResponse> stream_;
  Notes* const notes_;
};

class Outcomes : public CallObserver {
 public:
  void OnCallStarted(std::string_view) override { ++started_; }
  void OnCallEnded(std::string_view method, const absl::Status& status, Duration took) override {
    EXPECT_GE(took, Duration::Zero());
    ended.Put({std::string(method), status});
  }
  std::atomic<int> started_{0};
  Mailbox<std::pair<std::string, absl::Status>> ended;
};

class GrpcServerTest : public testing::Test {
 protected:
  void StartServer() {
    table_.Unary<EchoRequest, EchoResponse>(
        kEcho, {{Role::kAgent, Role::kAdmin}, Permission::kAgentsConnect},
        [this](const CallContext& context, EchoRequest request, Reply<EchoResponse> reply) {
          EXPECT_EQ(context.peer, "127.0.0.1");
          if (request.text() == "drop") return;
          if (request.text() == "fail") return reply(FieldError("text", "must not fail"));
          if (request.text() == "keep") return kept_.Put(reply);
          reply(Text(context.subject() + ": " + request.text()));
        });
    table_.ServerStreaming<CountRequest, EchoResponse>(
        kCount, {{Role::kAgent}, Permission::kAgentsConnect},
        [this](const CallContext&, CountRequest request,
               ServerStream<EchoResponse> stream) -> absl::StatusOr<std::unique_ptr<StreamWatcher>> {
          if (request.count() == 0) return FieldError("count", "must be positive");
          return std::make_unique<Counter>(std::move(stream), request.count(), &peak_backlog_);
        });
    table_.Bidi<EchoRequest, EchoResponse>(
        kTalk, {{Role::kAgent}, Permission::kAgentsConnect},
        [this](const CallContext&,
               ServerStream<EchoResponse> stream) -> absl::StatusOr<std::unique_ptr<StreamHandler<EchoRequest>>> {
          stream.SetMarker([](const std::string& key, uint64_t resume_after) {
            EchoResponse marker;
            marker.set_resync(key);
            marker.set_number(resume_after);
            return marker;
          });
          notes_.opened.Put(std::make_shared<ServerStream<EchoResponse>>(stream));
          return std::make_unique<Talker>(std::move(stream), &notes_);
        });
    auto server = GrpcServer::Start(options_, table_, gate_, timer_, &outcomes_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    ASSERT_GT(server_->port(), 0);
  }

  std::string Token(security::TokenClaims claims) { return *security::IssueToken(key_, claims, Now()); }
  std::string AgentToken(Duration life = Duration::Hours(1)) {
    return Token({.tenant = "demo", .subject = "ana", .role = Role::kAgent, .expires_at = Now() + life});
  }
  std::unique_ptr<Client> ClientWith(const std::string& token) {
    return Client::Connect({.target = "127.0.0.1:" + std::to_string(server_->port()), .token = token});
  }
  // The handler keeps it until the test answers.
  std::future<absl::Status> CallToKeep() {
    EchoRequest request;
    request.set_text("keep");
    return std::async(std::launch::async, [this, request] { return Echo(AgentToken(), request); });
  }
  absl::Status Echo(const std::string& token, EchoRequest request = {}) {
    EchoResponse response;
    return ClientWith(token)->Call(kEcho, request, &response);
  }
  // How a stream ends for a caller who only listens.
  absl::Status TalkStatus(const std::string& token, const char* method) {
    auto client = ClientWith(token);
    auto stream = client->OpenStream(method);
    stream->HalfClose();
    EchoResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  }

  static Instant Now() {
    return {std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count()};
  }

  const security::SigningKey key_ = *security::SigningKey::Generate();
  DeadlineTimer timer_;
  std::atomic<int64_t> clock_offset_ns_{0};
  CallGate gate_{std::make_shared<security::TokenVerifier>(key_),
                 [this] { return Now() + Duration{clock_offset_ns_.load()}; }};
  GrpcServerOptions options_;
  MethodTable table_;
  Notes notes_;
  Mailbox<Reply<EchoResponse>> kept_;
  std::atomic<size_t> peak_backlog_{0};
  Outcomes outcomes_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(GrpcServerTest, AnswersACallWithItsCaller) {
  StartServer();
  EchoRequest request;
  request.set_text("hola");
  EchoResponse response;
  auto client = ClientWith(AgentToken());
  ASSERT_TRUE(client->Call(kEcho, request, &response).ok());
  EXPECT_EQ(response.text(), "ana: hola");
  auto outcome = outcomes_.ended.Take();
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->first, kEcho);
  EXPECT_TRUE(outcome->second.ok());
  EXPECT_EQ(outcomes_.started_, 1);
}

TEST_F(GrpcServerTest, EveryMethodDeniesByDefault) {
  StartServer();
  security::SigningKey other_key = *security::SigningKey::Generate();
  security::TokenClaims ana{.tenant = "demo", .subject = "ana", .role = Role::kAgent};
  struct Case {
    std::string token;
    absl::StatusCode code;
    std::string_view reason;
  };
  const Case cases[] = {
      {"", absl::StatusCode::kUnauthenticated, security::kTokenMissing},
      {"nonsense", absl::StatusCode::kUnauthenticated, security::kTokenMalformed},
      {*security::IssueToken(other_key, ana, Now()), absl::StatusCode::kUnauthenticated, security::kTokenInvalid},
      {*security::IssueToken(key_, ana, Now() - Duration::Hours(24)), absl::StatusCode::kUnauthenticated,
       security::kTokenExpired},
      {Token({.tenant = "demo", .subject = "v", .role = Role::kCustomer}), absl::StatusCode::kPermissionDenied,
       "ROLE_DENIED"},
  };
  for (const Case& denied : cases) {
    for (const char* method : {kEcho, kCount, kTalk}) {
      absl::Status status = method == kEcho ? Echo(denied.token) : TalkStatus(denied.token, method);
      EXPECT_EQ(status.code(), denied.code) << method << denied.reason;
      EXPECT_EQ(ErrorReason(status), denied.reason) << method;
    }
  }
  // The role is right, the permission is not the operator's.
  EXPECT_EQ(ErrorReason(Echo(Token({.tenant = "demo", .subject = "o", .role = Role::kAdmin}))), "PERMISSION_MISSING");
}

TEST_F(GrpcServerTest, AMethodThatIsNotInTheTableIsNotThere) {
  StartServer();
  EchoResponse response;
  EXPECT_EQ(ClientWith(AgentToken())->Call("/meridian.test.v1.EchoService/Other", EchoRequest(), &response).code(),
            absl::StatusCode::kUnimplemented);
}

TEST_F(GrpcServerTest, RefusesRequestsThatNameAnotherTenant) {
  StartServer();
  EchoRequest own, other, nested, resource;
  own.set_tenant("demo");
  own.set_name("tenants/demo/agents/ana");
  EXPECT_TRUE(Echo(AgentToken(), own).ok());
  other.set_tenant("other");
  nested.mutable_nested()->set_tenant("other");
  resource.set_name("tenants/other/agents/eva");
  for (const EchoRequest& request : {other, nested, resource}) {
    absl::Status status = Echo(AgentToken(), request);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(ErrorReason(status), "TENANT_DENIED");
  }
}

TEST_F(GrpcServerTest, FailuresArriveWithTheirFields) {
  StartServer();
  EchoRequest request;
  request.set_text("fail");
  absl::Status status = Echo(AgentToken(), request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorReason(status), "INVALID_FIELD");
  EXPECT_EQ(FieldViolations(status), (std::vector<FieldViolation>{{"text", "must not fail"}}));
}

TEST_F(GrpcServerTest, AHandlerThatForgetsToAnswerDoesNotHangItsCaller) {
  StartServer();
  EchoRequest request;
  request.set_text("drop");
  EXPECT_EQ(Echo(AgentToken(), request).code(), absl::StatusCode::kInternal);
}

TEST_F(GrpcServerTest, AnAnswerMayComeLaterFromAnotherThreadAndAfterTheCallerLeft) {
  StartServer();
  EchoRequest request;
  request.set_text("keep");
  auto impatient = Client::Connect({.target = "127.0.0.1:" + std::to_string(server_->port()),
                                    .token = AgentToken(),
                                    .timeout = Duration::Milliseconds(200)});
  EchoResponse response;
  EXPECT_EQ(impatient->Call(kEcho, request, &response).code(), absl::StatusCode::kDeadlineExceeded);
  auto reply = kept_.Take();
  ASSERT_TRUE(reply.has_value());
  (*reply)(Text("too late"));
  (*reply)(Text("twice"));
}

TEST_F(GrpcServerTest, RefusesMessagesBeyondTheLimit) {
  options_.max_request_bytes = 1000;
  StartServer();
  EchoRequest request;
  request.set_text(std::string(2000, 'x'));
  EXPECT_EQ(Echo(AgentToken(), request).code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(GrpcServerTest, AServerStreamSendsAsFastAsItsClientTakes) {
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kCount);
  CountRequest request;
  request.set_count(20000);
  ASSERT_TRUE(stream->Write(request));
  stream->HalfClose();
  EchoResponse response;
  uint64_t expected = 0;
  while (stream->Read(&response)) ASSERT_EQ(response.number(), ++expected);
  EXPECT_EQ(expected, 20000u);
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_LE(peak_backlog_, 16u);
}

TEST_F(GrpcServerTest, AServerStreamNeedsAGoodRequest) {
  StartServer();
  EXPECT_EQ(TalkStatus(AgentToken(), kCount).code(), absl::StatusCode::kInvalidArgument);
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kCount);
  stream->Write(CountRequest());
  stream->HalfClose();
  EchoResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(FieldViolations(stream->Finish()).at(0).field, "count");
}

TEST_F(GrpcServerTest, ATalkGoesBothWaysAndEndsWithItsClient) {
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kTalk);
  EchoRequest request;
  EchoResponse response;
  for (const char* text : {"uno", "dos", "tres"}) {
    request.set_text(text);
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.text(), text);
  }
  auto handle = notes_.opened.Take();
  ASSERT_TRUE(handle.has_value());
  EXPECT_TRUE((*handle)->Send(Text("from another thread")));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.text(), "from another thread");
  stream->HalfClose();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(notes_.closed.Take(), "closed");
  EXPECT_FALSE((*handle)->Send(Text("late")));
}

TEST_F(GrpcServerTest, ACanceledStreamIsClosedOnceWhileOthersStillSend) {
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kTalk);
  auto handle = notes_.opened.Take();
  ASSERT_TRUE(handle.has_value());
  std::vector<std::thread> senders;
  for (int i = 0; i < 3; ++i) {
    senders.emplace_back([handle = *handle] {
      while (handle->Send(Text("x"), Droppable{"c", 0})) {
      }
    });
  }
  EchoResponse response;
  ASSERT_TRUE(stream->Read(&response));
  stream->Cancel();
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(notes_.closed.Take(), "closed");
  EXPECT_EQ(outcomes_.ended.Take()->second.code(), absl::StatusCode::kCancelled);
}

TEST_F(GrpcServerTest, ASlowReaderGetsAMarkerThenResourceExhausted) {
  options_.stream.backlog = {.frames = 8, .bytes = 1 << 20};
  options_.stream.drain_timeout = Duration::Seconds(60);
  options_.stream.finish_timeout = Duration::Seconds(60);
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kTalk);
  auto handle = notes_.opened.Take();
  ASSERT_TRUE(handle.has_value());
  // 200 MB to a client that does not read: far more than its flow-control windows hold, so that frames stay with us and
  // a marker must stand for the dropped ones.
  const std::string big(100'000, 'x');
  for (uint64_t number = 0; number < 2000; ++number) {
    ASSERT_TRUE((*handle)->Send(Text(big, number + 1), Droppable{"c1", number}));
  }
  EchoResponse response;
  uint64_t last = 0, resync_after = 0;
  while (resync_after == 0 && stream->Read(&response)) {
    if (response.resync().empty()) {
      EXPECT_EQ(response.number(), last + 1) << "in order, without a hole before the marker";
      last = response.number();
    } else {
      resync_after = response.number();
    }
  }
  EXPECT_EQ(resync_after, last) << "the marker names what was seen last";
  // It drained in time and goes on; now it is sent what must not be dropped, until no more may wait.
  ASSERT_TRUE((*handle)->Send(Text("after", 1)));
  while ((*handle)->Send(Text(big, 1))) {
  }
  while (stream->Read(&response)) {
  }
  absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(status), "SLOW_READER");
  EXPECT_EQ(notes_.closed.Take(), "closed");
}

TEST_F(GrpcServerTest, AReaderThatNeverReadsAgainIsLetGo) {
  options_.stream.backlog = {.frames = 8, .bytes = 1 << 20};
  options_.stream.drain_timeout = Duration::Milliseconds(50);
  options_.stream.finish_timeout = Duration::Milliseconds(50);
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kTalk);
  auto handle = notes_.opened.Take();
  ASSERT_TRUE(handle.has_value());
  const std::string big(100'000, 'x');
  while ((*handle)->Send(Text(big))) {
  }
  EXPECT_EQ(notes_.closed.Take(), "closed");
  EXPECT_EQ(ErrorReason(outcomes_.ended.Take()->second), "SLOW_READER");
}

TEST_F(GrpcServerTest, AStreamEndsWithItsTokenUnlessRenewed) {
  options_.stream.token_grace = Duration::Milliseconds(100);
  StartServer();
  auto client = ClientWith(AgentToken(Duration::Hours(1)));
  auto lapsing = client->OpenStream(kTalk);
  auto lapsing_handle = notes_.opened.Take();
  auto renewed = client->OpenStream(kTalk);
  auto renewed_handle = notes_.opened.Take();
  ASSERT_TRUE(lapsing_handle && renewed_handle);
  // Tokens of two to three seconds from here: the lease takes the latest word.
  ASSERT_TRUE((*lapsing_handle)->RenewToken(AgentToken(Duration::Seconds(3))).ok());
  ASSERT_TRUE((*renewed_handle)->RenewToken(AgentToken(Duration::Seconds(3))).ok());
  ASSERT_TRUE((*renewed_handle)->RenewToken(AgentToken(Duration::Hours(2))).ok());
  EchoResponse response;
  EXPECT_FALSE(lapsing->Read(&response));
  absl::Status status = lapsing->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorReason(status), security::kTokenExpired);
  EchoRequest request;
  request.set_text("still here");
  EXPECT_TRUE(renewed->Write(request));
  EXPECT_TRUE(renewed->Read(&response));
}

TEST_F(GrpcServerTest, ADrainEndsStreamsAfterWhatWasSentAndWaitsForCalls) {
  StartServer();
  auto client = ClientWith(AgentToken());
  auto stream = client->OpenStream(kTalk);
  auto handle = notes_.opened.Take();
  ASSERT_TRUE(handle.has_value());
  auto call = CallToKeep();
  auto reply = kept_.Take();
  ASSERT_TRUE(reply.has_value());
  for (uint64_t i = 1; i <= 100; ++i) (*handle)->Send(Text("", i));
  auto drained = std::async(std::launch::async, [&] { server_->Drain(Duration::Seconds(20)); });
  EchoResponse response;
  uint64_t last = 0;
  while (stream->Read(&response)) last = response.number();
  EXPECT_EQ(last, 100u);
  absl::Status status = stream->Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  (*reply)(Text("done"));
  EXPECT_TRUE(call.get().ok());
  drained.get();
  EXPECT_EQ(Echo(AgentToken()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(GrpcServerTest, ADrainCancelsTheCallsThatAreNotAnsweredInTime) {
  StartServer();
  auto call = CallToKeep();
  auto reply = kept_.Take();
  ASSERT_TRUE(reply.has_value());
  server_->Drain(Duration::Milliseconds(50));
  EXPECT_FALSE(call.get().ok());
  (*reply)(Text("too late"));
}

TEST_F(GrpcServerTest, APortInUseIsRefused) {
  StartServer();
  GrpcServerOptions options;
  options.port = server_->port();
  auto second = GrpcServer::Start(options, table_, gate_, timer_, nullptr);
  EXPECT_EQ(ErrorReason(second.status()), "ADDRESS_IN_USE");
}

}  // namespace
}  // namespace meridian::rpc
