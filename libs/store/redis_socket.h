// A byte stream to a Redis server or sentinel, over TCP or a Unix socket, plain or TLS 1.3; never blocks, but for the
// look-up of a host's name when it is made. One thread.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/store/redis_options.h"

namespace meridian {

struct FreeTlsContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeTlsContext>;

// Null when TLS is off.
absl::StatusOr<TlsContext> MakeTlsContext(const RedisTls& tls);

class RedisSocket {
 public:
  // Begins to connect. `context` may be null.
  static absl::StatusOr<std::unique_ptr<RedisSocket>> Open(const RedisEndpoint& endpoint, SSL_CTX* context,
                                                           const std::string& server_name);
  ~RedisSocket();
  RedisSocket(const RedisSocket&) = delete;
  RedisSocket& operator=(const RedisSocket&) = delete;

  int fd() const { return fd_; }
  // Goes on connecting; true once bytes may be read and written.
  absl::StatusOr<bool> Establish();
  // What came, at most `size` bytes; 0: nothing yet. An error when the stream has ended.
  absl::StatusOr<size_t> Read(char* bytes, size_t size);
  // How many bytes were taken; 0: none yet.
  absl::StatusOr<size_t> Write(const char* bytes, size_t size);
  // Whether progress needs the socket to be writable.
  bool wants_write() const { return wants_write_; }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  RedisSocket(int fd, std::string peer) : fd_(fd), peer_(std::move(peer)) {}
  absl::Status Failed(const char* what) const;
  // After a TLS call that did not succeed: OK when it is to be tried again.
  absl::Status TlsPause(int result, const char* what);

  const int fd_;
  const std::string peer_;
  std::unique_ptr<SSL, FreeTls> tls_;
  bool connected_ = false;
  bool established_ = false;
  bool wants_write_ = true;
};

}  // namespace meridian
