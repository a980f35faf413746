#include "libs/http/server.h"

#include <string>

#include "libs/http/http_connection.h"
#include "libs/http/response_text.h"
#include "libs/http/server_core.h"

namespace meridian {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptPause(100);  // after an error such as "too many open files"
constexpr Duration kCutLimit = Duration::Seconds(5);

}  // namespace

void Postbox::Post(std::function<void()> run) {
  std::lock_guard lock(mutex_);
  if (io_ != nullptr) asio::post(*io_, std::move(run));
}

void Postbox::Shut() {
  std::lock_guard lock(mutex_);
  io_ = nullptr;
}

ServerMetrics::ServerMetrics(Metrics* metrics) {
  if (metrics == nullptr) return;
  for (int hundreds = 1; hundreds < 6; ++hundreds) {
    answers[hundreds] = metrics->MakeCounter("http_responses_total", "Answers to HTTP requests.",
                                             {{"status", std::to_string(hundreds) + "xx"}});
  }
  refused_connections = metrics->MakeCounter("http_refused_connections_total", "Connections over the limit.");
  frames_received =
      metrics->MakeCounter("websocket_frames_total", "Text frames of WebSockets.", {{"direction", "received"}});
  frames_sent = metrics->MakeCounter("websocket_frames_total", "Text frames of WebSockets.", {{"direction", "sent"}});
  cut_slow_readers =
      metrics->MakeCounter("websocket_cut_slow_readers_total", "WebSockets cut because the client did not read.");
  connections = metrics->MakeGauge("http_connections", "Open connections, WebSockets among them.");
  websockets = metrics->MakeGauge("websocket_connections", "Open WebSockets.");
}

void ServerMetrics::CountAnswer(int status) const {
  if (status >= 100 && status < 600) answers[status / 100].Add();
}

ServerCore::ServerCore(const HttpServerOptions& options, HttpRouter router)
    : options_(options),
      router_(std::move(router)),
      metrics_(options.metrics),
      postbox_(std::make_shared<Postbox>(&io_)),
      acceptor_(io_),
      accept_again_(io_) {}

ServerCore::~ServerCore() { Stop(Duration::Zero()); }

absl::Status ServerCore::Listen() {
  error_code error;
  const asio::ip::address address = asio::ip::make_address(options_.address, error);
  if (error) return absl::InvalidArgumentError("not an IP address to listen on: " + options_.address);
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return absl::UnavailableError("cannot listen on " + options_.address + ":" + std::to_string(options_.port) + ": " +
                                  error.message());
  }
  port_ = acceptor_.local_endpoint().port();
  Accept();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void ServerCore::Run() {
  const auto work = asio::make_work_guard(io_);
  io_.run();
  std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

void ServerCore::Stop(Duration limit) {
  if (!thread_.joinable()) return;
  postbox_->Post([this] { BeginStop(); });
  const auto ended = [this] { return ended_; };
  {
    std::unique_lock lock(mutex_);
    if (!ended_changed_.wait_for(lock, ToChrono(limit), ended)) {
      postbox_->Post([this] { CutAll(); });
      // Operations on closed sockets end at once; should one not, it goes down with the thread's queue.
      if (!ended_changed_.wait_for(lock, ToChrono(kCutLimit), ended)) io_.stop();
    }
  }
  thread_.join();
  postbox_->Shut();
  peers_.clear();
}

void ServerCore::Accept() {
  acceptor_.async_accept([this](error_code error, tcp::socket socket) {
    if (stopping_) return;
    if (!error) {
      Take(std::move(socket));
      Accept();
      return;
    }
    accept_again_.expires_after(kAcceptPause);
    accept_again_.async_wait([this](error_code) {
      if (!stopping_) Accept();
    });
  });
}

void ServerCore::Take(tcp::socket socket) {
  error_code ignored;
  if (peers_.size() >= options_.max_connections) {
    metrics_.refused_connections.Add();
    const std::string answer =
        FormatResponse(HttpResponse::Error(503, "TOO_MANY_CONNECTIONS", "the server has no room for this connection"),
                       {.keep_alive = false});
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(answer), ignored);
    return;
  }
  socket.set_option(tcp::no_delay(true), ignored);
  if (options_.send_buffer_bytes > 0) {
    socket.set_option(asio::socket_base::send_buffer_size(static_cast<int>(options_.send_buffer_bytes)), ignored);
  }
  const uint64_t number = ++last_number_;
  peers_.emplace(number, MakeHttpConnection(this, number, std::move(socket)));
  metrics_.connections.Set(static_cast<int64_t>(peers_.size()));
  Find(number)->Start();
}

std::vector<uint64_t> ServerCore::Numbers() const {
  std::vector<uint64_t> numbers;
  for (const auto& [number, peer] : peers_) numbers.push_back(number);
  return numbers;
}

void ServerCore::BeginStop() {
  stopping_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  accept_again_.cancel();
  for (uint64_t number : Numbers()) {
    if (Peer* peer = Find(number)) peer->BeginStop();
  }
  if (peers_.empty()) io_.stop();
}

void ServerCore::CutAll() {
  for (uint64_t number : Numbers()) {
    if (Peer* peer = Find(number)) peer->Cut();
  }
}

Peer* ServerCore::Find(uint64_t number) {
  const auto it = peers_.find(number);
  return it == peers_.end() ? nullptr : it->second.get();
}

void ServerCore::Replace(uint64_t number, std::unique_ptr<Peer> peer) {
  peers_[number] = std::move(peer);
  Find(number)->Start();
}

void ServerCore::Remove(uint64_t number) {
  peers_.erase(number);
  metrics_.connections.Set(static_cast<int64_t>(peers_.size()));
  if (stopping_ && peers_.empty()) io_.stop();
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options, HttpRouter router) {
  auto core = std::make_unique<ServerCore>(options, std::move(router));
  if (absl::Status status = core->Listen(); !status.ok()) return status;
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::HttpServer(std::unique_ptr<ServerCore> core) : core_(std::move(core)) {}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return core_->port(); }

void HttpServer::Stop(Duration limit) { core_->Stop(limit); }

}  // namespace meridian
