#include "libs/http/websocket_session.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

namespace meridian {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

// Beast 1.74's own limit for the handshakes is set out of reach, and ours is used: when its timer fires while a read is
// suspended behind a close, an assertion of its own fails (read.hpp, "ec == operation_aborted").
constexpr std::chrono::hours kBeastHandshakeLimit(1);
// By then a closed socket has ended every operation on it, but for one case: a read that found a bad frame while our
// close frame was being written waits in Beast for the close, which waits for the read.
constexpr Duration kStuckAfter = Duration::Seconds(1);

constexpr uint16_t kProtocolError = 1002;
constexpr uint16_t kNoCode = 1005;  // the peer's close frame was empty

uint16_t CodeOf(error_code error, const websocket::close_reason& from_peer) {
  if (error == websocket::error::closed) return from_peer.code == 0 ? kNoCode : from_peer.code;
  if (error == websocket::error::bad_frame_payload) return websocket_close::kBadText;
  if (error == websocket::error::message_too_big) return websocket_close::kTooBig;
  if (error == websocket::condition::protocol_violation) return kProtocolError;
  return websocket_close::kAbnormal;
}

class WebSocketSession final : public Peer {
 public:
  WebSocketSession(ServerCore* core, uint64_t number, beast::tcp_stream stream,
                   http::request<http::string_body> request, std::string subprotocol,
                   std::shared_ptr<WebSocketOutbox> outbox, std::unique_ptr<WebSocketHandler> handler)
      : core_(*core),
        number_(number),
        ws_(std::move(stream)),
        request_(std::move(request)),
        subprotocol_(std::move(subprotocol)),
        outbox_(std::move(outbox)),
        handler_(std::move(handler)),
        deadline_(core->io()) {
    core_.metrics().websockets.Add(1);
  }
  ~WebSocketSession() override {
    TellClosed(websocket_close::kAbnormal);
    core_.metrics().websockets.Add(-1);
  }

  void Start() override;
  void BeginStop() override;
  void Cut() override { CutWith(websocket_close::kAbnormal); }
  void OnOutbox() override;
  void OnDeadline(uint64_t setting) override;

 private:
  enum class State {
    kHandshake,
    kOpen,
    kClosing,  // our close frame is on its way
    kEnded,    // the handler was told; waits for the operations under way
  };

  void OnAccepted(error_code error);
  void Read();
  void OnCloseFrame();
  void OnRead(error_code error);
  void Flush();
  void OnWritten(error_code error);
  void StartClose(const WebSocketOutbox::CloseWish& wish);
  void ArmDeadline(Duration after);
  void DisarmDeadline();
  void CutWith(uint16_t code);
  void TellClosed(uint16_t code);
  void FinishOperation();

  ServerCore& core_;
  const uint64_t number_;
  websocket::stream<beast::tcp_stream, /*deflateSupported=*/false> ws_;
  http::request<http::string_body> request_;
  const std::string subprotocol_;
  const std::shared_ptr<WebSocketOutbox> outbox_;
  std::unique_ptr<WebSocketHandler> handler_;
  asio::steady_timer deadline_;
  uint64_t deadline_setting_ = 0;  // which one a completion of the timer belongs to
  bool deadline_armed_ = false;
  bool cut_ = false;
  State state_ = State::kHandshake;
  uint16_t our_code_ = 0;
  int operations_ = 0;  // on the stream, under way; with the last one the session is removed once it has ended
  bool writing_ = false;
  std::string frame_;  // the one that is being written
  beast::flat_buffer buffer_;
};

void WebSocketSession::Start() {
  const HttpServerOptions& options = core_.options();
  beast::get_lowest_layer(ws_).expires_never();
  // Beast pings at half the idle time-out.
  ws_.set_option(websocket::stream_base::timeout{kBeastHandshakeLimit, ToChrono(options.ping_interval * 2),
                                                 /*keep_alive_pings=*/true});
  ws_.control_callback([this](websocket::frame_type kind, beast::string_view) {
    if (kind == websocket::frame_type::close) OnCloseFrame();
  });
  ws_.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
    response.erase(http::field::server);
    response.set(http::field::sec_websocket_protocol, subprotocol_);
  }));
  ws_.read_message_max(options.max_frame_bytes);
  ws_.text(true);
  ArmDeadline(options.close_timeout);
  ++operations_;
  ws_.async_accept(request_, [this](error_code error) {
    OnAccepted(error);
    FinishOperation();
  });
}

void WebSocketSession::OnAccepted(error_code error) {
  if (error || state_ == State::kEnded) return CutWith(websocket_close::kAbnormal);
  core_.metrics().CountAnswer(101);
  state_ = State::kOpen;
  DisarmDeadline();
  Read();
  OnOutbox();
}

void WebSocketSession::Read() {
  buffer_.clear();
  ++operations_;
  ws_.async_read(buffer_, [this](error_code error, size_t) {
    OnRead(error);
    FinishOperation();
  });
}

// The closing handshake is complete with this; Beast answers if need be and waits for the peer to close the connection.
void WebSocketSession::OnCloseFrame() {
  TellClosed(state_ == State::kClosing ? our_code_ : CodeOf(websocket::error::closed, ws_.reason()));
  ArmDeadline(core_.options().close_timeout);
}

void WebSocketSession::OnRead(error_code error) {
  if (error) return CutWith(state_ == State::kClosing ? our_code_ : CodeOf(error, ws_.reason()));
  if (state_ != State::kOpen) return;  // async_close reads on
  if (!ws_.got_text()) {
    outbox_->Close(websocket_close::kUnsupportedData, "text frames only");
    return OnOutbox();
  }
  core_.metrics().frames_received.Add();
  // Once we want to close, what still comes is read past.
  if (!outbox_->close_wish()) {
    const auto data = buffer_.data();
    handler_->OnText({static_cast<const char*>(data.data()), data.size()});
  }
  Read();
}

void WebSocketSession::OnOutbox() {
  outbox_->WokenUp();
  if (state_ != State::kOpen) return;
  if (outbox_->close_wish()) {
    ArmDeadline(core_.options().close_timeout);
  } else if (outbox_->full() && !deadline_armed_) {
    ArmDeadline(core_.options().drain_timeout);
  }
  Flush();
}

void WebSocketSession::Flush() {
  if (state_ != State::kOpen || writing_) return;
  auto next = outbox_->Take();
  if (!next) {
    if (auto wish = outbox_->close_wish()) StartClose(*wish);
    return;
  }
  frame_ = *std::move(next);
  writing_ = true;
  ++operations_;
  ws_.async_write(asio::buffer(frame_), [this](error_code error, size_t) {
    writing_ = false;
    OnWritten(error);
    FinishOperation();
  });
}

void WebSocketSession::OnWritten(error_code error) {
  if (state_ == State::kEnded) return;
  // The reader learns the better reason: that the peer has closed, and how.
  if (error) return beast::get_lowest_layer(ws_).close();
  core_.metrics().frames_sent.Add();
  if (outbox_->Written(frame_.size())) {
    if (!outbox_->close_wish()) DisarmDeadline();
    handler_->OnDrained();
  }
  Flush();
}

void WebSocketSession::StartClose(const WebSocketOutbox::CloseWish& wish) {
  state_ = State::kClosing;
  our_code_ = wish.code;
  ArmDeadline(core_.options().close_timeout);
  websocket::close_reason reason(wish.code);
  reason.reason.assign(wish.reason.data(), wish.reason.size());
  ++operations_;
  ws_.async_close(reason, [this](error_code) {
    CutWith(our_code_);
    FinishOperation();
  });
}

void WebSocketSession::ArmDeadline(Duration after) {
  deadline_armed_ = true;
  deadline_.expires_after(ToChrono(after));
  deadline_.async_wait([core = &core_, number = number_, setting = ++deadline_setting_](error_code error) {
    if (error) return;
    if (Peer* peer = core->Find(number)) peer->OnDeadline(setting);
  });
}

void WebSocketSession::OnDeadline(uint64_t setting) {
  if (!deadline_armed_ || setting != deadline_setting_) return;
  if (cut_) return core_.Remove(number_);
  if (state_ != State::kOpen) return CutWith(state_ == State::kClosing ? our_code_ : websocket_close::kAbnormal);
  core_.metrics().cut_slow_readers.Add();
  const auto wish = outbox_->close_wish();
  CutWith(wish ? wish->code : websocket_close::kTryAgainLater);
}

void WebSocketSession::DisarmDeadline() {
  deadline_armed_ = false;
  deadline_.cancel();
}

// During the handshake the wish waits for its end.
void WebSocketSession::BeginStop() {
  outbox_->Close(websocket_close::kGoingAway, "the server stops");
  OnOutbox();
}

// Closing the socket ends every operation; the last one removes the session.
void WebSocketSession::CutWith(uint16_t code) {
  TellClosed(code);
  if (std::exchange(cut_, true)) return;
  beast::get_lowest_layer(ws_).close();
  ArmDeadline(kStuckAfter);
}

void WebSocketSession::TellClosed(uint16_t code) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  outbox_->MarkClosed();
  handler_->OnClosed(code);
  handler_.reset();
}

// Last in every completion: it may destroy the session.
void WebSocketSession::FinishOperation() {
  if (--operations_ == 0 && state_ == State::kEnded) core_.Remove(number_);
}

}  // namespace

std::unique_ptr<Peer> MakeWebSocketSession(ServerCore* core, uint64_t number, beast::tcp_stream stream,
                                           http::request<http::string_body> request, std::string subprotocol,
                                           std::shared_ptr<WebSocketOutbox> outbox,
                                           std::unique_ptr<WebSocketHandler> handler) {
  return std::make_unique<WebSocketSession>(core, number, std::move(stream), std::move(request), std::move(subprotocol),
                                            std::move(outbox), std::move(handler));
}

}  // namespace meridian
