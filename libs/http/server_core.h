// The server's thread and the connections that live on it. Internal to libs/http.
//
// A connection (Peer) belongs to the core and is destroyed only by itself, through Remove, from the completion of its
// last operation; so completions may hold plain pointers to it. Others name a peer by its number and reach it through
// the Postbox, which outlives the server and then drops what is posted.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "libs/http/server.h"

namespace meridian {

namespace asio = boost::asio;

inline std::chrono::nanoseconds ToChrono(Duration duration) { return std::chrono::nanoseconds(duration.ns); }

// Runs functions on the server's thread, until Shut.
class Postbox {
 public:
  explicit Postbox(asio::io_context* io) : io_(io) {}
  void Post(std::function<void()> run);  // any thread
  void Shut();

 private:
  std::mutex mutex_;
  asio::io_context* io_;  // under mutex_; null when shut
};

// A connection. Only the server's thread calls.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void Start() = 0;
  virtual void BeginStop() = 0;  // end soon, politely; may Remove itself
  virtual void Cut() = 0;        // end now; may Remove itself
  virtual void OnAnswer(HttpResponse response) {}
  virtual void OnOutbox() {}
  virtual void OnDeadline(uint64_t setting) {}
};

struct ServerMetrics {
  explicit ServerMetrics(Metrics* metrics);
  void CountAnswer(int status) const;

  Counter answers[6];  // by status / 100
  Counter refused_connections;
  Counter frames_received;
  Counter frames_sent;
  Counter cut_slow_readers;
  Gauge connections;
  Gauge websockets;
};

class ServerCore {
 public:
  ServerCore(const HttpServerOptions& options, HttpRouter router);
  ~ServerCore();

  // The owner's thread.
  absl::Status Listen();
  void Stop(Duration limit);
  uint16_t port() const { return port_; }

  // The server's thread.
  const HttpServerOptions& options() const { return options_; }
  const HttpRouter& router() const { return router_; }
  const ServerMetrics& metrics() const { return metrics_; }
  const std::shared_ptr<Postbox>& postbox() const { return postbox_; }
  asio::io_context& io() { return io_; }
  bool stopping() const { return stopping_; }
  Peer* Find(uint64_t number);
  void Replace(uint64_t number, std::unique_ptr<Peer> peer);  // destroys the one before, starts this one
  void Remove(uint64_t number);                               // destroys it

 private:
  void Accept();
  void Take(asio::ip::tcp::socket socket);
  void BeginStop();
  void CutAll();
  std::vector<uint64_t> Numbers() const;
  void Run();

  const HttpServerOptions options_;
  const HttpRouter router_;
  const ServerMetrics metrics_;
  asio::io_context io_{1};
  const std::shared_ptr<Postbox> postbox_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer accept_again_;
  uint16_t port_ = 0;
  std::map<uint64_t, std::unique_ptr<Peer>> peers_;
  uint64_t last_number_ = 0;
  bool stopping_ = false;

  std::mutex mutex_;
  std::condition_variable ended_changed_;
  bool ended_ = false;  // under mutex_: the thread runs no more handlers
  std::thread thread_;
};

}  // namespace meridian
