#include "tests/unit/http/wire_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>

namespace meridian {
namespace {

constexpr int kDeadlineMs = 10000;

WireResponse ParseHeader(std::string_view text) {
  WireResponse response;
  response.status = std::stoi(std::string(text.substr(9, 3)));
  size_t at = text.find("\r\n");
  while (at != std::string_view::npos && at + 2 < text.size()) {
    const size_t start = at + 2;
    at = text.find("\r\n", start);
    const std::string_view line = text.substr(start, at == std::string_view::npos ? at : at - start);
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    std::string name(line.substr(0, colon));
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    response.headers[name] = line.substr(colon + 2);
  }
  return response;
}

}  // namespace

uint16_t WireFrame::close_code() const {
  if (payload.size() < 2) return 0;
  return static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]));
}

WireClient::WireClient(uint16_t port, int receive_buffer_bytes) {
  socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer_bytes > 0) {
    setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
  }
  const int on = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    close(socket_);
    socket_ = -1;
  }
}

WireClient::~WireClient() {
  if (socket_ >= 0) close(socket_);
}

void WireClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: what it said is still to be read
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void WireClient::ShutdownSend() { shutdown(socket_, SHUT_WR); }

void WireClient::Drop() {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  close(socket_);
  socket_ = -1;
}

bool WireClient::ReadMore() {
  pollfd poll_fd{.fd = socket_, .events = POLLIN, .revents = 0};
  if (poll(&poll_fd, 1, kDeadlineMs) != 1) return false;
  char buffer[16384];
  const ssize_t received = recv(socket_, buffer, sizeof(buffer), 0);
  if (received <= 0) return false;
  in_.append(buffer, static_cast<size_t>(received));
  return true;
}

std::optional<WireResponse> WireClient::ReadResponse(bool has_body) {
  size_t end;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!ReadMore()) return std::nullopt;
  }
  WireResponse response = ParseHeader(std::string_view(in_).substr(0, end + 2));
  in_.erase(0, end + 4);
  const auto length = response.headers.find("content-length");
  if (!has_body || length == response.headers.end()) return response;
  const size_t bytes = std::stoul(length->second);
  while (in_.size() < bytes) {
    if (!ReadMore()) return std::nullopt;
  }
  response.body = in_.substr(0, bytes);
  in_.erase(0, bytes);
  return response;
}

bool WireClient::IsClosedByServer() {
  pollfd poll_fd{.fd = socket_, .events = POLLIN, .revents = 0};
  if (!in_.empty() || poll(&poll_fd, 1, kDeadlineMs) != 1) return false;
  char byte;
  return recv(socket_, &byte, 1, 0) <= 0;
}

std::optional<WireResponse> WireClient::Upgrade(std::string_view path, std::string_view subprotocols,
                                                std::string_view more) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: meridian.test\r\nConnection: Upgrade\r\n";
  request += "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!subprotocols.empty()) request += "Sec-WebSocket-Protocol: " + std::string(subprotocols) + "\r\n";
  Send(request + std::string(more) + "\r\n");
  return ReadResponse();
}

void WireClient::SendFrame(int opcode, std::string_view payload, bool fin, bool masked) {
  std::string frame;
  frame.push_back(static_cast<char>((fin ? 0x80 : 0) | opcode));
  const char mask_bit = masked ? static_cast<char>(0x80) : 0;
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(mask_bit | static_cast<char>(payload.size())));
  } else if (payload.size() < 65536) {
    frame.push_back(static_cast<char>(mask_bit | 126));
    for (int shift = 8; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
  } else {
    frame.push_back(static_cast<char>(mask_bit | 127));
    for (int shift = 56; shift >= 0; shift -= 8) frame.push_back(static_cast<char>(payload.size() >> shift));
  }
  constexpr char kMask[4] = {0x12, 0x34, 0x56, 0x78};
  if (masked) frame.append(kMask, sizeof(kMask));
  for (size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(masked ? static_cast<char>(payload[i] ^ kMask[i % 4]) : payload[i]);
  }
  Send(frame);
}

std::optional<WireFrame> WireClient::ReadFrame() {
  const auto need = [this](size_t bytes) {
    while (in_.size() < bytes) {
      if (!ReadMore()) return false;
    }
    return true;
  };
  if (!need(2)) return std::nullopt;
  size_t header = 2;
  size_t length = static_cast<uint8_t>(in_[1]) & 0x7f;
  const size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
  if (!need(header + extra)) return std::nullopt;
  if (extra > 0) length = 0;
  for (size_t i = 0; i < extra; ++i) length = length << 8 | static_cast<uint8_t>(in_[header + i]);
  header += extra;
  if (!need(header + length)) return std::nullopt;
  WireFrame frame{.opcode = in_[0] & 0x0f, .payload = in_.substr(header, length)};
  in_.erase(0, header + length);
  return frame;
}

}  // namespace meridian
