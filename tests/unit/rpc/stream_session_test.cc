#include "libs/rpc/stream_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "echo.pb.h"
#include "libs/error/error.h"
#include "libs/security/token_issuer.h"

namespace meridian::rpc {
namespace {

using security::Permission;
using security::Role;
using test::v1::EchoRequest;
using test::v1::EchoResponse;
using testing::ElementsAre;

// A transport under the test's hand: it notes what it is told and finishes writes when the test says so.
class NotingSink : public FrameSink {
 public:
  void StartWrite(std::string frame, bool more) override {
    std::lock_guard lock(mutex_);
    EchoResponse response;
    response.ParseFromString(frame);
    written_.push_back(response.resync().empty() ? response.text() : "resync " + response.resync());
    last_has_more_ = more;
  }
  void StartFinish(const absl::Status& status) override {
    std::lock_guard lock(mutex_);
    finished_.push_back(status);
    changed_.notify_all();
  }
  void Abort() override {
    std::lock_guard lock(mutex_);
    ++aborts_;
    changed_.notify_all();
  }

  std::vector<std::string> written() {
    std::lock_guard lock(mutex_);
    return written_;
  }
  bool last_has_more() {
    std::lock_guard lock(mutex_);
    return last_has_more_;
  }
  std::vector<absl::Status> finished() {
    std::lock_guard lock(mutex_);
    return finished_;
  }
  bool WaitForFinish() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return !finished_.empty(); });
  }
  bool WaitForAbort() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return aborts_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> written_;
  bool last_has_more_ = false;
  std::vector<absl::Status> finished_;
  int aborts_ = 0;
};

struct Seen {
  std::vector<std::string> messages;
  int half_closed = 0, writable = 0, closed = 0;
  absl::Status ended_as;
};

class NotingHandler : public StreamHandler<EchoRequest> {
 public:
  explicit NotingHandler(Seen* seen) : seen_(seen) {}
  void OnMessage(EchoRequest message) override { seen_->messages.push_back(message.text()); }
  void OnHalfClosed() override { ++seen_->half_closed; }
  void OnWritable() override { ++seen_->writable; }
  void OnClosed(const absl::Status& status) override {
    ++seen_->closed;
    seen_->ended_as = status;
  }

 private:
  Seen* const seen_;
};

std::string Encode(const Message& message) { return message.SerializeAsString(); }

EchoResponse Text(const std::string& text) {
  EchoResponse response;
  response.set_text(text);
  return response;
}

class StreamSessionTest : public testing::Test {
 protected:
  StreamSessionTest() {
    options_.backlog = {.frames = 4, .bytes = 1 << 20, .hard_factor = 2};
    table_.Bidi<EchoRequest, EchoResponse>(
        "/t.T/Talk", {{Role::kAgent}, Permission::kAgentsConnect},
        [this](const CallContext&,
               ServerStream<EchoResponse> stream) -> absl::StatusOr<std::unique_ptr<StreamHandler<EchoRequest>>> {
          if (!open_status_.ok()) return open_status_;
          stream_ = std::make_unique<ServerStream<EchoResponse>>(stream);
          return std::make_unique<NotingHandler>(&seen_);
        });
  }

  void Open(Instant expires_at = kNow + Duration::Hours(1)) {
    CallContext context;
    context.claims = std::make_shared<security::TokenClaims>(Ana(expires_at));
    session_ = StreamSession::Create(options_, gate_, timer_, context, Encode, &sink_);
    session_->Open(*table_.Find("/t.T/Talk"));
  }

  static security::TokenClaims Ana(Instant expires_at) {
    return {.tenant = "demo", .subject = "ana", .role = Role::kAgent, .expires_at = expires_at};
  }

  void MarkWithResync() {
    stream_->SetMarker([](const std::string& key, uint64_t resume_after) {
      EchoResponse marker;
      marker.set_resync(key + " " + std::to_string(resume_after));
      return marker;
    });
  }

  static constexpr Instant kNow = Instant::FromUnixSeconds(1'800'000'000);

  const security::SigningKey key_ = *security::SigningKey::Generate();
  std::atomic<int64_t> now_ns_{kNow.ns};
  DeadlineTimer timer_;
  CallGate gate_{std::make_shared<security::TokenVerifier>(key_), [this] { return Instant{now_ns_.load()}; }};
  StreamOptions options_;
  MethodTable table_;
  NotingSink sink_;
  Seen seen_;
  absl::Status open_status_;
  std::unique_ptr<ServerStream<EchoResponse>> stream_;
  std::shared_ptr<StreamSession> session_;
};

TEST_F(StreamSessionTest, WritesOneFrameAtATimeInOrderThenFinishesOnce) {
  Open();
  EXPECT_TRUE(stream_->Send(Text("1")));
  EXPECT_TRUE(stream_->Send(Text("2")));
  stream_->Finish(absl::OkStatus());
  stream_->Finish(absl::AbortedError("late"));
  EXPECT_FALSE(stream_->Send(Text("3")));
  EXPECT_THAT(sink_.written(), ElementsAre("1"));
  session_->OnWriteDone(true);
  EXPECT_THAT(sink_.written(), ElementsAre("1", "2"));
  EXPECT_TRUE(sink_.finished().empty());
  session_->OnWriteDone(true);
  EXPECT_THAT(sink_.finished(), ElementsAre(absl::OkStatus()));
  session_->OnDone();
  EXPECT_EQ(seen_.closed, 1);
  EXPECT_FALSE(stream_->Send(Text("4")));
  stream_->Finish(absl::OkStatus());
  EXPECT_EQ(sink_.finished().size(), 1u);
  EXPECT_THAT(sink_.written(), ElementsAre("1", "2"));
}

TEST_F(StreamSessionTest, SaysOfAFrameWhetherOthersWaitBehindIt) {
  Open();
  for (const char* text : {"1", "2", "3"}) EXPECT_TRUE(stream_->Send(Text(text)));
  EXPECT_FALSE(sink_.last_has_more());
  session_->OnWriteDone(true);
  EXPECT_TRUE(sink_.last_has_more());
  session_->OnWriteDone(true);
  EXPECT_FALSE(sink_.last_has_more()) << "the last frame must not wait for another";
  session_->OnWriteDone(true);
  stream_->Finish(absl::OkStatus());
  session_->OnDone();
}

TEST_F(StreamSessionTest, AFailedOpenEndsTheCall) {
  open_status_ = absl::NotFoundError("no such conversation");
  Open();
  EXPECT_THAT(sink_.finished(), ElementsAre(open_status_));
  EXPECT_FALSE(session_->OnRead(std::make_unique<EchoRequest>()));
  session_->OnDone();
}

TEST_F(StreamSessionTest, HandsMessagesOverAndRefusesAnotherTenants) {
  Open();
  auto message = std::make_unique<EchoRequest>();
  message->set_text("hola");
  message->set_tenant("demo");
  EXPECT_TRUE(session_->OnRead(std::move(message)));
  message = std::make_unique<EchoRequest>();
  message->mutable_nested()->set_tenant("other");
  EXPECT_FALSE(session_->OnRead(std::move(message)));
  EXPECT_THAT(seen_.messages, ElementsAre("hola"));
  ASSERT_EQ(sink_.finished().size(), 1u);
  EXPECT_EQ(ErrorReason(sink_.finished()[0]), "TENANT_DENIED");
  session_->OnDone();
}

TEST_F(StreamSessionTest, SaysWhenAllIsWritten) {
  Open();
  stream_->Send(Text("1"));
  stream_->Send(Text("2"));
  session_->OnWriteDone(true);
  EXPECT_EQ(seen_.writable, 0);
  EXPECT_EQ(stream_->backlog().frames, 0u);
  session_->OnWriteDone(true);
  EXPECT_EQ(seen_.writable, 1);
  session_->OnDone();
}

TEST_F(StreamSessionTest, AFullBacklogDropsMessagesForAMarkerAndKeepsOffers) {
  Open();
  MarkWithResync();
  stream_->Send(Text("first"));  // in flight
  for (uint64_t i = 1; i <= 3; ++i) stream_->Send(Text("m" + std::to_string(i)), Droppable{"c1", i - 1});
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(stream_->Send(Text("offer")));
  EXPECT_TRUE(stream_->Send(Text("m4"), Droppable{"c1", 3}));
  EXPECT_TRUE(stream_->Send(Text("m5"), Droppable{"c1", 4}));
  for (int i = 0; i < 4; ++i) session_->OnWriteDone(true);
  EXPECT_THAT(sink_.written(), ElementsAre("first", "offer", "offer", "resync c1 0"));
  EXPECT_TRUE(stream_->Send(Text("m6"), Droppable{"c1", 5}));
  EXPECT_EQ(sink_.written().back(), "m6");
  session_->OnBroken();
  session_->OnWriteDone(false);
  session_->OnDone();
}

TEST_F(StreamSessionTest, AReaderThatDoesNotDrainInTimeIsEndedThenAborted) {
  options_.drain_timeout = Duration::Milliseconds(20);
  options_.finish_timeout = Duration::Milliseconds(20);
  Open();
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(stream_->Send(Text("offer")));
  ASSERT_TRUE(sink_.WaitForAbort());  // the write in flight never ends by itself
  EXPECT_FALSE(stream_->Send(Text("offer")));
  session_->OnWriteDone(false);
  ASSERT_EQ(sink_.finished().size(), 1u);
  EXPECT_EQ(sink_.finished()[0].code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorReason(sink_.finished()[0]), "SLOW_READER");
  session_->OnDone();
  EXPECT_EQ(session_->final_status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(StreamSessionTest, AStuckReaderIsEndedEvenWhenAMarkerMadeRoom) {
  options_.drain_timeout = Duration::Milliseconds(20);
  Open();
  MarkWithResync();
  for (uint64_t i = 0; i < 8; ++i) stream_->Send(Text("m"), Droppable{"c1", i});
  EXPECT_EQ(stream_->backlog().frames, 1u);  // the marker
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (stream_->Send(Text("m"), Droppable{"c1", 9}) && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  session_->OnWriteDone(false);
  EXPECT_EQ(ErrorReason(sink_.finished().at(0)), "SLOW_READER");
  session_->OnDone();
}

TEST_F(StreamSessionTest, AReaderThatDrainsInTimeGoesOn) {
  options_.drain_timeout = Duration::Milliseconds(50);
  Open();
  for (int i = 0; i < 6; ++i) stream_->Send(Text("offer"));
  for (int i = 0; i < 6; ++i) session_->OnWriteDone(true);
  std::promise<void> later;
  timer_.After(Duration::Milliseconds(100), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_TRUE(stream_->Send(Text("more")));
  session_->OnBroken();
  session_->OnWriteDone(false);
  session_->OnDone();
}

TEST_F(StreamSessionTest, KeptFramesBeyondTheHardLimitEndTheStreamAtOnce) {
  Open();
  int sent = 0;
  while (sent < 100 && stream_->Send(Text("offer"))) ++sent;
  EXPECT_EQ(sent, 9);  // one in flight, twice four waiting
  session_->OnWriteDone(true);
  EXPECT_EQ(ErrorReason(sink_.finished().at(0)), "SLOW_READER");
  session_->OnDone();
  EXPECT_EQ(ErrorReason(seen_.ended_as), "SLOW_READER") << "the handler is told how it ended";
}

TEST_F(StreamSessionTest, ALostClientEndsItOnce) {
  Open();
  stream_->Send(Text("1"));
  stream_->Send(Text("2"));
  session_->OnBroken();
  session_->OnBroken();
  EXPECT_FALSE(stream_->Send(Text("3")));
  session_->OnWriteDone(false);
  EXPECT_THAT(sink_.written(), ElementsAre("1"));
  EXPECT_EQ(sink_.finished().size(), 1u);
  session_->OnDone();
  EXPECT_EQ(seen_.closed, 1);
  EXPECT_EQ(seen_.ended_as.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(session_->final_status().code(), absl::StatusCode::kCancelled);
}

TEST_F(StreamSessionTest, EndsWhenItsTokenAndTheGraceHaveExpired) {
  options_.token_grace = Duration::Milliseconds(20);
  Open(kNow);
  ASSERT_EQ(ErrorReason(session_->RenewToken("")), security::kTokenMissing);
  now_ns_ += Duration::Seconds(1).ns;
  ASSERT_TRUE(sink_.WaitForFinish());
  EXPECT_EQ(sink_.finished()[0].code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ErrorReason(sink_.finished()[0]), security::kTokenExpired);
  session_->OnDone();
}

TEST_F(StreamSessionTest, ARenewedTokenKeepsItOpen) {
  options_.token_grace = Duration::Milliseconds(20);
  Open(kNow + Duration::Milliseconds(20));
  security::TokenClaims renewed = Ana(kNow + Duration::Hours(2));
  ASSERT_TRUE(stream_->RenewToken(*security::IssueToken(key_, renewed, kNow)).ok());
  EXPECT_EQ(stream_->context().claims->expires_at, kNow + Duration::Hours(2));
  now_ns_ += Duration::Seconds(1).ns;
  std::promise<void> later;
  timer_.After(Duration::Milliseconds(100), [&] { later.set_value(); });
  later.get_future().wait();
  EXPECT_TRUE(stream_->Send(Text("still here")));
  renewed.subject = "eva";
  EXPECT_EQ(ErrorReason(stream_->RenewToken(*security::IssueToken(key_, renewed, kNow))), "TOKEN_OF_ANOTHER");
  session_->OnBroken();
  session_->OnWriteDone(false);
  session_->OnDone();
}

}  // namespace
}  // namespace meridian::rpc
