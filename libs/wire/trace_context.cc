#include "libs/wire/trace_context.h"

#include <span>

namespace meridian {
namespace {

constexpr size_t kLength = 55;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    int high = HexDigit(text[2 * i]);
    int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

void AppendHex(std::span<const uint8_t> bytes, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 0xf];
  }
}

}  // namespace

TraceContext TraceContextFrom(std::string_view text) {
  TraceContext trace;
  if (text.size() != kLength || text.substr(0, 3) != "00-" || text[35] != '-' || text[52] != '-') return {};
  if (!ReadHex(text.substr(3, 32), trace.trace_id) || !ReadHex(text.substr(36, 16), trace.span_id) ||
      !ReadHex(text.substr(53, 2), {&trace.flags, 1})) {
    return {};
  }
  return trace;
}

TraceContext BeginTrace(const Uuid& id) {
  TraceContext trace;
  for (size_t i = 0; i < 8; ++i) {
    const size_t shift = 8 * (7 - i);
    trace.trace_id[i] = static_cast<uint8_t>(id.high >> shift);
    trace.trace_id[8 + i] = trace.span_id[i] = static_cast<uint8_t>(id.low >> shift);
  }
  return trace;
}

std::string TraceparentOf(const TraceContext& trace) {
  if (trace == TraceContext()) return "";
  std::string text = "00-";
  AppendHex(trace.trace_id, text);
  text += '-';
  AppendHex(trace.span_id, text);
  text += '-';
  AppendHex({&trace.flags, 1}, text);
  return text;
}

}  // namespace meridian
