#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/http/server.h"
#include "tests/unit/http/wire_client.h"

namespace meridian {
namespace {

using std::chrono_literals::operator""s;

constexpr Duration kLong = Duration::Seconds(10);

class HttpServerTest : public ::testing::Test {
 protected:
  void Serve(HttpServerOptions options = {}) {
    router_.Handle("GET", "/hello", [](const HttpRequest& request, HttpResponder responder) {
      responder.Respond(HttpResponse::Text(200, "text/plain", "hello " + request.query));
    });
    router_.Handle("POST", "/echo", [](const HttpRequest& request, HttpResponder responder) {
      responder.Respond(HttpResponse::Text(200, "text/plain", request.body));
    });
    StaticFiles files;
    files.Add("index.html", "<h1>home</h1>");
    router_.ServeFiles("/", std::move(files));
    options.metrics = &metrics_;
    auto server = HttpServer::Start(options, std::move(router_));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The answer to these bytes, on a connection of their own.
  std::optional<WireResponse> Ask(std::string_view bytes) {
    WireClient client(server_->port());
    client.Send(bytes);
    return client.ReadResponse();
  }

  int StatusOf(std::string_view bytes) {
    const auto response = Ask(bytes);
    return response ? response->status : 0;
  }

  Metrics metrics_;
  HttpRouter router_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  Serve();
  WireClient client(server_->port());
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /hello?n=" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto response = client.ReadResponse();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello n=" + std::to_string(i));
    EXPECT_EQ(response->headers.at("content-type"), "text/plain");
    EXPECT_EQ(response->headers.at("cache-control"), "no-store");
    EXPECT_EQ(response->headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(response->headers.at("connection"), "keep-alive");
  }
  EXPECT_NE(metrics_.RenderPrometheus().find("http_responses_total{status=\"2xx\"} 3\n"), std::string::npos);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Serve();
  WireClient client(server_->port());
  client.Send(
      "GET /hello?1 HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\nGET /hello?3 HTTP/1.1\r\nHost: "
      "a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse()->body, "hello 1");
  EXPECT_EQ(client.ReadResponse()->status, 404);
  EXPECT_EQ(client.ReadResponse()->body, "hello 3");
}

TEST_F(HttpServerTest, ClosesWhenTheClientWantsIt) {
  Serve();
  for (const char* request :
       {"GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /hello HTTP/1.0\r\n\r\n"}) {
    WireClient client(server_->port());
    client.Send(request);
    const auto response = client.ReadResponse();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->headers.at("connection"), "close");
    EXPECT_TRUE(client.IsClosedByServer());
  }
}

TEST_F(HttpServerTest, HeadIsGetWithoutTheBody) {
  Serve();
  WireClient client(server_->port());
  client.Send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto response = client.ReadResponse(/*has_body=*/false);
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->headers.at("content-length"), "13");
  client.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse()->body, "hello ");
}

TEST_F(HttpServerTest, BodiesComeWholeByLengthAndInChunks) {
  Serve();
  EXPECT_EQ(Ask("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nworld")->body, "world");
  EXPECT_EQ(
      Ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\n\r\n")
          ->body,
      "abcde");
}

TEST_F(HttpServerTest, AsksForABodyThatWaitsToBeAskedFor) {
  Serve();
  WireClient client(server_->port());
  client.Send("POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(false)->status, 100);
  client.Send("ok");
  EXPECT_EQ(client.ReadResponse()->body, "ok");
}

TEST_F(HttpServerTest, FilesHaveAStrictPolicyAndAreAskedForAgain) {
  Serve();
  const auto page = Ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->body, "<h1>home</h1>");
  EXPECT_EQ(page->headers.at("cache-control"), "no-cache");
  EXPECT_TRUE(page->headers.at("content-security-policy").starts_with("default-src 'none';"));
  const auto again = Ask("GET / HTTP/1.1\r\nHost: a\r\nIf-None-Match: " + page->headers.at("etag") + "\r\n\r\n");
  EXPECT_EQ(again->status, 304);
  EXPECT_FALSE(again->headers.contains("content-length"));
}

TEST_F(HttpServerTest, BadInputIsRefusedAndTheServerGoesOn) {
  Serve();
  const std::string long_line(40 << 10, 'a');
  const std::pair<std::string, int> kCases[] = {
      {"nonsense\r\n\r\n", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n", 400},
      {"GET /hello\r\n\r\n", 400},
      {"GET /hello HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET hello HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX: a\x01z\r\n\r\n", 400},
      {"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"GET //etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"GET /..\\etc HTTP/1.1\r\nHost: a\r\n\r\n", 404},
      {"BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"GET /" + long_line + " HTTP/1.1\r\nHost: a\r\n\r\n", 431},
      {"GET /hello HTTP/1.1\r\nHost: a\r\nX: " + long_line + "\r\n\r\n", 431},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n", 413},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n20000\r\n" + std::string(0x20000, 'b'),
       413},
      {"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: gold\r\nContent-Length: 1\r\n\r\n", 417},
  };
  for (const auto& [bytes, status] : kCases) EXPECT_EQ(StatusOf(bytes), status) << bytes.substr(0, 100);
  EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

TEST_F(HttpServerTest, ErrorsSayWhatIsWrongInJson) {
  Serve();
  const auto response = Ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(response->headers.at("content-type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(response->body)["error"]["code"], "NOT_FOUND");
}

TEST_F(HttpServerTest, AHalfClosedClientGetsItsAnswer) {
  Serve();
  WireClient client(server_->port());
  client.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  client.ShutdownSend();
  EXPECT_EQ(client.ReadResponse()->status, 200);
  EXPECT_TRUE(client.IsClosedByServer());
}

TEST_F(HttpServerTest, AHalfSentRequestIsRefused) {
  Serve();
  for (const char* bytes : {"GET /hel", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
    WireClient client(server_->port());
    client.Send(bytes);
    client.ShutdownSend();
    const auto response = client.ReadResponse();
    ASSERT_TRUE(response.has_value()) << bytes;
    EXPECT_EQ(response->status, 400);
  }
}

TEST_F(HttpServerTest, SlowClientsAreCut) {
  Serve({.header_timeout = Duration::Milliseconds(100), .body_timeout = Duration::Milliseconds(100)});
  for (const char* bytes : {"", "GET /hello HT", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"}) {
    WireClient client(server_->port());
    client.Send(bytes);
    EXPECT_TRUE(client.IsClosedByServer()) << bytes;
  }
}

TEST_F(HttpServerTest, AClientThatDoesNotTakeItsAnswerIsCut) {
  router_.Handle("GET", "/large", [](const HttpRequest&, HttpResponder responder) {
    responder.Respond(HttpResponse::Text(200, "text/plain", std::string(4 << 20, 'x')));
  });
  Serve({.send_buffer_bytes = 8 * 1024, .write_timeout = Duration::Milliseconds(100)});
  WireClient client(server_->port(), 8 * 1024);
  client.Send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (metrics_.MakeGauge("http_connections", "").value() > 0 ||
         metrics_.MakeCounter("http_responses_total", "", {{"status", "2xx"}}).value() == 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
  EXPECT_FALSE(client.ReadResponse().has_value());
}

TEST_F(HttpServerTest, ConnectionsOverTheLimitAreTold) {
  Serve({.max_connections = 1});
  WireClient first(server_->port());
  first.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(first.ReadResponse()->status, 200);
  WireClient second(server_->port());
  EXPECT_EQ(second.ReadResponse()->status, 503);
  first.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(first.ReadResponse()->status, 200);
}

TEST_F(HttpServerTest, AnswersLaterFromAnotherThread) {
  std::promise<HttpResponder> asked;
  router_.Handle("GET", "/later",
                 [&](const HttpRequest&, HttpResponder responder) { asked.set_value(std::move(responder)); });
  Serve();
  WireClient client(server_->port());
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  HttpResponder responder = asked.get_future().get();
  EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);  // nobody waits for the other
  std::thread([&] { responder.Respond(HttpResponse::Text(200, "text/plain", "at last")); }).join();
  EXPECT_EQ(client.ReadResponse()->body, "at last");
}

TEST_F(HttpServerTest, AnAnswerToAClientThatHasGoneIsDropped) {
  std::promise<HttpResponder> asked;
  router_.Handle("GET", "/later",
                 [&](const HttpRequest&, HttpResponder responder) { asked.set_value(std::move(responder)); });
  Serve();
  WireClient client(server_->port());
  client.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  HttpResponder responder = asked.get_future().get();
  client.Drop();
  responder.Respond(HttpResponse::Text(200, "text/plain", std::string(1 << 20, 'x')));
  EXPECT_EQ(StatusOf("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
}

TEST_F(HttpServerTest, ADroppedRequestIsAnswered500) {
  router_.Handle("GET", "/drop", [](const HttpRequest&, HttpResponder) {});
  Serve();
  EXPECT_EQ(StatusOf("GET /drop HTTP/1.1\r\nHost: a\r\n\r\n"), 500);
}

TEST_F(HttpServerTest, StopLetsARunningRequestFinishAndRefusesNewOnes) {
  std::promise<HttpResponder> asked;
  router_.Handle("GET", "/later",
                 [&](const HttpRequest&, HttpResponder responder) { asked.set_value(std::move(responder)); });
  Serve();
  const uint16_t port = server_->port();
  WireClient idle(port);
  idle.Send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(idle.ReadResponse()->status, 200);
  WireClient running(port);
  running.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  HttpResponder responder = asked.get_future().get();

  auto stopped = std::async(std::launch::async, [&] { server_->Stop(kLong); });
  EXPECT_TRUE(idle.IsClosedByServer());
  EXPECT_FALSE(WireClient(port).connected());
  responder.Respond(HttpResponse::Text(200, "text/plain", "finished"));
  const auto response = running.ReadResponse();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->body, "finished");
  EXPECT_EQ(response->headers.at("connection"), "close");
  EXPECT_TRUE(running.IsClosedByServer());
  running.Drop();
  EXPECT_EQ(stopped.wait_for(10s), std::future_status::ready);
}

TEST_F(HttpServerTest, StopCutsWhatIsStillOpenAfterItsLimit) {
  std::promise<HttpResponder> asked;
  router_.Handle("GET", "/never",
                 [&](const HttpRequest&, HttpResponder responder) { asked.set_value(std::move(responder)); });
  Serve();
  WireClient client(server_->port());
  client.Send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
  HttpResponder responder = asked.get_future().get();
  server_->Stop(Duration::Milliseconds(50));
  EXPECT_TRUE(client.IsClosedByServer());
  server_.reset();
  responder.Respond({});  // to nobody
}

TEST(HttpServerStartTest, AnAddressThatCannotBeListenedOnIsAnError) {
  EXPECT_EQ(HttpServer::Start({.address = "localhost"}, {}).status().code(), absl::StatusCode::kInvalidArgument);
  auto first = HttpServer::Start({}, {});
  ASSERT_TRUE(first.ok());
  const auto second = HttpServer::Start({.port = (*first)->port()}, {});
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(second.status().message().find(std::to_string((*first)->port())), absl::string_view::npos);
}

}  // namespace
}  // namespace meridian
