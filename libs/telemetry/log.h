// The process's log: one JSON object a line, to standard error or to a file, written by a thread of its own.
//
//   log.Info("agent attached", {{"shard", 3}, {"took", elapsed}, {"queue", queue_id}});
//   {"ts":"2026-01-05T08:30:00.000123Z","level":"info","service":"standalone","message":"agent attached","shard":3, …}
//
// No personal data by construction: message and keys are string literals, a value is a number, a length or point of
// time, an enum, a string literal, a status code, or an id (Name, EntityId, a trace's). There is no way to log a string
// that came from outside; the message of an absl::Status may quote one, so only its code can be logged.
//
// One Log is made by the process (libs/app) and passed down in the environment; there is no global logger. Any thread.
// A call formats the line and queues it (bounded: kLogQueueLines; when full the oldest line is dropped and counted),
// it never waits for the disk. Destroying the Log writes what is queued.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/base/time.h"

namespace meridian {

inline constexpr size_t kLogQueueLines = 8192;

enum class LogLevel { kDebug, kInfo, kWarning, kError, kOff };

std::optional<LogLevel> ParseLogLevel(std::string_view text);  // "debug", "info", "warning", "error", "off"

// A text known when the program was compiled.
class LogLiteral {
 public:
  template <size_t n>
  consteval LogLiteral(const char (&text)[n]) : text_(text, n - 1) {}
  constexpr std::string_view view() const { return text_; }

 private:
  std::string_view text_;
};

// An enum is logged by its name when a function `ToString(e)` beside the enum gives it, else by its number.
template <typename E>
concept PrintableEnum = std::is_enum_v<E> && requires(E e) {
  { ToString(e) } -> std::convertible_to<std::string_view>;
};

class LogValue {
 public:
  template <std::same_as<bool> B>  // a pointer is no bool
  LogValue(B value) : value_(value) {}
  template <std::signed_integral I>
  LogValue(I value) : value_(static_cast<int64_t>(value)) {}
  template <std::unsigned_integral I>
    requires(!std::same_as<I, bool>)
  LogValue(I value) : value_(static_cast<uint64_t>(value)) {}
  LogValue(Duration value) : value_(value) {}  // written in milliseconds, with a fraction
  LogValue(Instant value) : value_(value) {}   // written as RFC 3339, UTC
  LogValue(absl::StatusCode code) : value_(absl::StatusCodeToString(code)) {}
  template <PrintableEnum E>
  LogValue(E value) : value_(std::string(std::string_view(ToString(value)))) {}
  template <typename E>
    requires(std::is_enum_v<E> && !PrintableEnum<E>)
  LogValue(E value) : value_(static_cast<int64_t>(value)) {}
  template <typename Tag>
  LogValue(const Name<Tag>& name) : value_(name.value) {}
  template <typename Tag>
  LogValue(const EntityId<Tag>& id) : value_(id.ToString()) {}
  LogValue(const std::array<uint8_t, 16>& trace_id);  // written as 32 hexadecimal digits
  LogValue(const RegionCode& region) : value_(std::string(region.view())) {}
  template <size_t n>
  consteval LogValue(const char (&text)[n]) : value_(std::string_view(text, n - 1)) {}

  void AppendJson(std::string* out) const;

 private:
  std::variant<bool, int64_t, uint64_t, Duration, Instant, std::string_view, std::string> value_;
};

struct LogField {
  LogLiteral key;
  LogValue value;
};

struct LogOptions {
  std::string service;  // written in every line: the process's name
  LogLevel level = LogLevel::kInfo;
  std::string file;  // appended to; empty: standard error
};

class Log {
 public:
  // Fails when the file cannot be opened for appending; its folder is not made.
  static absl::StatusOr<std::unique_ptr<Log>> Open(const LogOptions& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  using Fields = std::initializer_list<LogField>;
  void Debug(LogLiteral message, Fields fields = {}) { Write(LogLevel::kDebug, message, fields); }
  void Info(LogLiteral message, Fields fields = {}) { Write(LogLevel::kInfo, message, fields); }
  void Warning(LogLiteral message, Fields fields = {}) { Write(LogLevel::kWarning, message, fields); }
  void Error(LogLiteral message, Fields fields = {}) { Write(LogLevel::kError, message, fields); }
  void Write(LogLevel level, LogLiteral message, Fields fields);

  // Lines dropped since the start because the queue was full.
  uint64_t dropped_lines() const;

 private:
  struct Writer;
  explicit Log(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace meridian
