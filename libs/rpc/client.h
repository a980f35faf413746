// A small blocking client for tools and tests: any method by its full name, with a bearer token. Failures come back as
// the status that the server made, with reason and field violations. One client for many threads; a ClientStream for
// one thread that reads and one that writes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/base/time.h"
#include "libs/rpc/tls_files.h"

namespace google::protobuf {
class MessageLite;
}

namespace meridian::rpc {

struct ClientOptions {
  std::string target;                        // "127.0.0.1:8081"
  std::string token;                         // "" sends none
  std::optional<std::string> tls_roots_pem;  // TLS when set; "" trusts the system's roots
  std::optional<TlsFiles> tls;               // mutual TLS when set, instead
  Duration timeout = Duration::Seconds(30);  // of unary calls
};

class ClientStream {
 public:
  virtual ~ClientStream() = default;
  // False when the stream has ended: ask Finish why.
  virtual bool Write(const google::protobuf::MessageLite& message) = 0;
  virtual bool Read(google::protobuf::MessageLite* message) = 0;
  virtual void HalfClose() = 0;
  virtual void Cancel() = 0;  // any thread
  // After Read answered false; once.
  virtual absl::Status Finish() = 0;
};

class Client {
 public:
  static std::unique_ptr<Client> Connect(ClientOptions options);
  virtual ~Client() = default;

  virtual absl::Status Call(const std::string& method, const google::protobuf::MessageLite& request,
                            google::protobuf::MessageLite* response) = 0;
  // Bidirectional, or server streaming: write the one request, half-close, read.
  virtual std::unique_ptr<ClientStream> OpenStream(const std::string& method) = 0;
};

}  // namespace meridian::rpc
