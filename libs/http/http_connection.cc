#include "libs/http/http_connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "libs/http/response_text.h"
#include "libs/http/websocket_outbox.h"
#include "libs/http/websocket_session.h"
#include "libs/http/websocket_upgrade.h"

namespace meridian {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// After an answer that ends the connection the client is read out, for this long and this much, so that its kernel does
// not throw the answer away on a reset.
constexpr Duration kLingerTime = Duration::Seconds(2);
constexpr size_t kLingerBytes = 1 << 20;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

template <typename BeastText>
std::string ToStd(const BeastText& text) {
  return std::string(text.data(), text.size());
}

HttpResponse AnswerToBadRequest(error_code error) {
  if (error == http::error::header_limit) {
    return HttpResponse::Error(431, "HEADER_TOO_LARGE", "the request's header is too large");
  }
  if (error == http::error::body_limit) {
    return HttpResponse::Error(413, "BODY_TOO_LARGE", "the request's body is too large");
  }
  if (error == http::error::bad_version) {
    return HttpResponse::Error(505, "VERSION_NOT_SUPPORTED", "this server speaks HTTP/1.1");
  }
  return HttpResponse::Error(400, "BAD_REQUEST", "this is no valid HTTP request");
}

bool IsBadRequest(error_code error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream;
}

// "/path?query", or the same behind "http://host"; false when it is neither.
bool SplitTarget(std::string_view target, HttpRequest* request) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (!target.starts_with('/')) return false;
  const size_t question = target.find('?');
  if (question != std::string_view::npos) request->query = target.substr(question + 1);
  auto path = PercentDecode(target.substr(0, question));
  if (!path) return false;
  request->path = *std::move(path);
  return true;
}

class HttpConnection final : public Peer {
 public:
  HttpConnection(ServerCore* core, uint64_t number, asio::ip::tcp::socket socket)
      : core_(*core), number_(number), stream_(std::move(socket)), buffer_(core->options().max_header_bytes * 2) {
    error_code ignored;
    remote_address_ = stream_.socket().remote_endpoint(ignored).address().to_string();
  }

  void Start() override { ReadHeader(); }
  void BeginStop() override;
  void Cut() override;
  void OnAnswer(HttpResponse response) override;

 private:
  // At most one operation on the socket is under way; none in kHandling. The connection ends in its completion.
  enum class State { kReading, kHandling, kWriting, kLingering };

  void ReadHeader();
  void OnHeader(error_code error);
  void Continue();
  void ReadBody();
  void OnBody(error_code error);
  void FailRead(error_code error);
  void Handle();
  bool Upgrade(const HttpRequest& request);
  void Write(const HttpResponse& response);
  void OnWritten(error_code error);
  void Linger(size_t read_so_far);
  HttpResponder MakeResponder();
  void End() { core_.Remove(number_); }  // destroys this

  ServerCore& core_;
  const uint64_t number_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::string remote_address_;
  State state_ = State::kReading;
  bool keep_alive_ = true;
  bool head_ = false;
  std::string out_;
};

void HttpConnection::ReadHeader() {
  state_ = State::kReading;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(core_.options().max_header_bytes));
  parser_->body_limit(core_.options().max_body_bytes);
  stream_.expires_after(ToChrono(core_.options().header_timeout));
  http::async_read_header(stream_, buffer_, *parser_, [this](error_code error, size_t) { OnHeader(error); });
}

void HttpConnection::OnHeader(error_code error) {
  if (error) return FailRead(error);
  stream_.expires_after(ToChrono(core_.options().body_timeout));
  const auto expect = parser_->get()[http::field::expect];
  if (!expect.empty()) return Continue();
  ReadBody();
}

void HttpConnection::Continue() {
  if (!beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    keep_alive_ = false;
    return Write(HttpResponse::Error(417, "EXPECTATION_FAILED", "only 100-continue may be expected"));
  }
  asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()), [this](error_code error, size_t) {
    if (error) return End();
    ReadBody();
  });
}

void HttpConnection::ReadBody() {
  http::async_read(stream_, buffer_, *parser_, [this](error_code error, size_t) { OnBody(error); });
}

void HttpConnection::OnBody(error_code error) {
  if (error) return FailRead(error);
  stream_.expires_never();
  Handle();
}

void HttpConnection::FailRead(error_code error) {
  if (!IsBadRequest(error) || core_.stopping()) return End();
  keep_alive_ = false;
  head_ = false;
  Write(AnswerToBadRequest(error));
}

void HttpConnection::Handle() {
  auto& message = parser_->get();
  keep_alive_ = message.keep_alive();
  head_ = message.method() == http::verb::head;
  HttpRequest request;
  const std::string target = ToStd(message.target());
  if (!SplitTarget(target, &request) || (message.version() == 11 && message.count(http::field::host) != 1)) {
    keep_alive_ = false;
    return Write(HttpResponse::Error(400, "BAD_REQUEST", "the request's target or host is malformed"));
  }
  request.method = head_ ? "GET" : ToStd(message.method_string());
  for (const auto& field : message) request.headers.emplace_back(ToStd(field.name_string()), ToStd(field.value()));
  request.body = std::move(message.body());
  request.remote_address = remote_address_;
  state_ = State::kHandling;
  if (Upgrade(request)) return;
  core_.router().Dispatch(request, MakeResponder());
}

// True when the request was an upgrade: then it was answered, or this connection exists no more.
bool HttpConnection::Upgrade(const HttpRequest& request) {
  const WebSocketRoute* route = core_.router().FindWebSocket(request.path);
  if (route == nullptr || !AsksForWebSocket(request)) return false;
  std::string subprotocol;
  std::vector<std::string> offered;
  if (auto refusal = CheckUpgrade(request, *route, &offered, &subprotocol)) {
    Write(*refusal);
    return true;
  }
  if (buffer_.size() > 0 || core_.stopping()) {
    keep_alive_ = false;
    Write(HttpResponse::Error(503, "UNAVAILABLE", "no WebSocket can be opened on this connection"));
    return true;
  }
  auto wake = [postbox = core_.postbox(), core = &core_, number = number_] {
    postbox->Post([core, number] {
      if (Peer* peer = core->Find(number)) peer->OnOutbox();
    });
  };
  auto outbox = std::make_shared<WebSocketOutbox>(core_.options().max_backlog_bytes, std::move(wake));
  auto handler = route->open(outbox, {.request = request,
                                      .subprotocol = subprotocol,
                                      .offered = offered,
                                      .bearer_token = BearerTokenOf(request, offered)});
  if (!handler.ok()) {
    outbox->MarkClosed();
    Write(HttpResponse::FromStatus(handler.status()));
    return true;
  }
  core_.Replace(number_, MakeWebSocketSession(&core_, number_, std::move(stream_), parser_->release(),
                                              std::move(subprotocol), std::move(outbox), *std::move(handler)));
  return true;
}

HttpResponder HttpConnection::MakeResponder() {
  return HttpResponder([postbox = core_.postbox(), core = &core_, number = number_](HttpResponse response) {
    postbox->Post([core, number, response = std::move(response)]() mutable {
      if (Peer* peer = core->Find(number)) peer->OnAnswer(std::move(response));
    });
  });
}

void HttpConnection::OnAnswer(HttpResponse response) {
  if (state_ == State::kHandling) Write(response);
}

void HttpConnection::Write(const HttpResponse& response) {
  state_ = State::kWriting;
  if (core_.stopping()) keep_alive_ = false;
  core_.metrics().CountAnswer(response.status);
  out_ = FormatResponse(response, {.keep_alive = keep_alive_, .head = head_});
  stream_.expires_after(ToChrono(core_.options().write_timeout));
  asio::async_write(stream_, asio::buffer(out_), [this](error_code error, size_t) { OnWritten(error); });
}

void HttpConnection::OnWritten(error_code error) {
  if (error) return End();
  if (keep_alive_ && !core_.stopping()) return ReadHeader();
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) return End();
  state_ = State::kLingering;
  stream_.expires_after(ToChrono(kLingerTime));
  Linger(0);
}

void HttpConnection::Linger(size_t read_so_far) {
  if (read_so_far > kLingerBytes) return End();
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(buffer_.max_size()), [this, read_so_far](error_code error, size_t bytes) {
    if (error) return End();
    Linger(read_so_far + bytes);
  });
}

void HttpConnection::BeginStop() {
  if (state_ == State::kReading) stream_.close();
}

void HttpConnection::Cut() {
  if (state_ == State::kHandling) return End();
  stream_.close();
}

}  // namespace

std::unique_ptr<Peer> MakeHttpConnection(ServerCore* core, uint64_t number, asio::ip::tcp::socket socket) {
  return std::make_unique<HttpConnection>(core, number, std::move(socket));
}

}  // namespace meridian
