// A client that writes the bytes it is told to, good or bad, and waits for answers with a deadline. It shares no code
// with the server.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace meridian {

struct WireResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

struct WireFrame {
  int opcode = 0;  // 1 text, 2 binary, 8 close, 9 ping, 10 pong
  std::string payload;

  uint16_t close_code() const;
};

class WireClient {
 public:
  explicit WireClient(uint16_t port, int receive_buffer_bytes = 0);
  ~WireClient();
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  bool connected() const { return socket_ >= 0; }
  void Send(std::string_view bytes);
  void ShutdownSend();
  void Drop();  // closes with a reset

  // nullopt when none came within 10 s, or the connection ended before.
  std::optional<WireResponse> ReadResponse(bool has_body = true);
  bool IsClosedByServer();  // within 10 s, with nothing more to read

  // GET with an upgrade; `more` are further header lines, each with its CRLF.
  std::optional<WireResponse> Upgrade(std::string_view path, std::string_view subprotocols, std::string_view more = "");
  void SendFrame(int opcode, std::string_view payload, bool fin = true, bool masked = true);
  std::optional<WireFrame> ReadFrame();

 private:
  bool ReadMore();  // false at the end, or after 10 s

  int socket_ = -1;
  std::string in_;
};

}  // namespace meridian
