#include "libs/store/redis_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "libs/base/status_macros.h"

namespace meridian {
namespace {

std::string ErrnoText(int error) { return std::strerror(error); }

std::string TlsErrorText() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "the connection was closed";
  char text[256];
  ERR_error_string_n(error, text, sizeof text);
  return text;
}

absl::StatusOr<int> BeginConnect(int family, const sockaddr* address, socklen_t size, const std::string& peer) {
  const int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::UnavailableError("socket: " + ErrnoText(errno));
  if (family != AF_UNIX) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (connect(fd, address, size) != 0 && errno != EINPROGRESS) {
    const int error = errno;
    close(fd);
    return absl::UnavailableError("connecting to " + peer + ": " + ErrnoText(error));
  }
  return fd;
}

absl::StatusOr<int> ConnectUnix(const RedisEndpoint& endpoint) {
  sockaddr_un address{.sun_family = AF_UNIX};
  if (endpoint.unix_path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError("the path of the socket is too long: " + endpoint.unix_path);
  }
  std::memcpy(address.sun_path, endpoint.unix_path.data(), endpoint.unix_path.size());
  return BeginConnect(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, endpoint.ToString());
}

absl::StatusOr<int> ConnectTcp(const RedisEndpoint& endpoint) {
  const addrinfo hints{.ai_flags = AI_ADDRCONFIG, .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error != 0) return absl::UnavailableError("no address of " + endpoint.ToString() + ": " + gai_strerror(error));
  absl::StatusOr<int> fd = BeginConnect(found->ai_family, found->ai_addr, found->ai_addrlen, endpoint.ToString());
  freeaddrinfo(found);
  return fd;
}

}  // namespace

std::string RedisEndpoint::ToString() const {
  return unix_path.empty() ? host + ":" + std::to_string(port) : unix_path;
}

absl::StatusOr<TlsContext> MakeTlsContext(const RedisTls& tls) {
  if (!tls.enabled) return TlsContext();
  TlsContext context(SSL_CTX_new(TLS_client_method()));
  const auto failed = [](const std::string& what) { return absl::InvalidArgumentError(what + ": " + TlsErrorText()); };
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) return failed("TLS 1.3");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool trusts = tls.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context.get()) == 1
                          : SSL_CTX_load_verify_locations(context.get(), tls.ca_file.c_str(), nullptr) == 1;
  if (!trusts) return failed("the CA certificates " + tls.ca_file);
  if (!tls.cert_file.empty()) {
    if (SSL_CTX_use_certificate_chain_file(context.get(), tls.cert_file.c_str()) != 1) {
      return failed("the certificate " + tls.cert_file);
    }
    if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
      return failed("the key " + tls.key_file);
    }
  }
  return context;
}

absl::StatusOr<std::unique_ptr<RedisSocket>> RedisSocket::Open(const RedisEndpoint& endpoint, SSL_CTX* context,
                                                               const std::string& server_name) {
  MERIDIAN_ASSIGN_OR_RETURN(const int fd, endpoint.unix_path.empty() ? ConnectTcp(endpoint) : ConnectUnix(endpoint));
  std::unique_ptr<RedisSocket> opened(new RedisSocket(fd, endpoint.ToString()));
  if (context == nullptr) return opened;
  const std::string& name = server_name.empty() ? endpoint.host : server_name;
  opened->tls_.reset(SSL_new(context));
  SSL* tls = opened->tls_.get();
  const bool made = tls != nullptr && SSL_set_fd(tls, fd) == 1;
  in6_addr numeric;
  const bool is_address =
      inet_pton(AF_INET, name.c_str(), &numeric) == 1 || inet_pton(AF_INET6, name.c_str(), &numeric) == 1;
  const bool named =
      made && (is_address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name.c_str()) == 1
                          : SSL_set1_host(tls, name.c_str()) == 1 && SSL_set_tlsext_host_name(tls, name.c_str()) == 1);
  if (!named) return absl::InvalidArgumentError("TLS for " + name + ": " + TlsErrorText());
  SSL_set_connect_state(tls);
  return opened;
}

RedisSocket::~RedisSocket() {
  tls_.reset();
  close(fd_);
}

absl::Status RedisSocket::Failed(const char* what) const {
  return absl::UnavailableError(std::string(what) + " " + peer_ + ": " + ErrnoText(errno));
}

absl::StatusOr<bool> RedisSocket::Establish() {
  if (established_) return true;
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return absl::UnavailableError("connecting to " + peer_ + ": " + ErrnoText(error));
    sockaddr_storage address;
    socklen_t address_size = sizeof address;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&address), &address_size) != 0) return false;  // not yet
    connected_ = true;
    wants_write_ = false;
  }
  if (tls_) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls_.get());
    if (result != 1) {
      MERIDIAN_RETURN_IF_ERROR(TlsPause(result, "TLS handshake with"));
      return false;
    }
  }
  established_ = true;
  wants_write_ = false;
  return true;
}

absl::Status RedisSocket::TlsPause(int result, const char* what) {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wants_write_ = false;
      return absl::OkStatus();
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return absl::OkStatus();
    default:
      return absl::UnavailableError(std::string(what) + " " + peer_ + ": " + TlsErrorText());
  }
}

absl::StatusOr<size_t> RedisSocket::Read(char* bytes, size_t size) {
  if (tls_) {
    ERR_clear_error();
    const int count = SSL_read(tls_.get(), bytes, static_cast<int>(size));
    if (count > 0) return static_cast<size_t>(count);
    MERIDIAN_RETURN_IF_ERROR(TlsPause(count, "reading from"));
    return size_t{0};
  }
  const ssize_t count = recv(fd_, bytes, size, 0);
  if (count > 0) return static_cast<size_t>(count);
  if (count == 0) return absl::UnavailableError(peer_ + " closed the connection");
  if (errno == EAGAIN || errno == EINTR) return size_t{0};
  return Failed("reading from");
}

absl::StatusOr<size_t> RedisSocket::Write(const char* bytes, size_t size) {
  if (tls_) {
    ERR_clear_error();
    const int count = SSL_write(tls_.get(), bytes, static_cast<int>(size));
    if (count > 0) {
      wants_write_ = false;
      return static_cast<size_t>(count);
    }
    MERIDIAN_RETURN_IF_ERROR(TlsPause(count, "writing to"));
    return size_t{0};
  }
  const ssize_t count = send(fd_, bytes, size, MSG_NOSIGNAL);
  if (count >= 0) {
    wants_write_ = false;
    return static_cast<size_t>(count);
  }
  if (errno == EAGAIN || errno == EINTR) {
    wants_write_ = true;
    return size_t{0};
  }
  return Failed("writing to");
}

}  // namespace meridian
