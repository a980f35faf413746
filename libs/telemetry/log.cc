#include "libs/telemetry/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cstdio>
#include <ctime>
#include <filesystem>

namespace meridian {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (byte < 0x20 || byte > 0x7e) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", byte);
      out->append(escaped);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

void AppendMilliseconds(Duration value, std::string* out) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.3f", static_cast<double>(value.ns) / 1e6);
  out->append(text);
}

void AppendTime(Instant value, std::string* out) {
  if (value == Instant::Never()) {
    out->append("\"never\"");
    return;
  }
  int64_t seconds = value.ns / 1'000'000'000;
  int64_t nanos = value.ns % 1'000'000'000;
  if (nanos < 0) {
    nanos += 1'000'000'000;
    --seconds;
  }
  const time_t unix_seconds = seconds;
  struct tm parts;
  gmtime_r(&unix_seconds, &parts);
  char day[32];
  std::strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
  char text[64];
  std::snprintf(text, sizeof(text), "\"%s.%06dZ\"", day, static_cast<int>(nanos / 1000));
  out->append(text);
}

std::unique_ptr<spdlog::formatter> JsonLineFormatter() {
  return std::make_unique<spdlog::pattern_formatter>(R"({"ts":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l","service":"%n",%v})",
                                                     spdlog::pattern_time_type::utc);
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view text) {
  if (text == "debug") return LogLevel::kDebug;
  if (text == "info") return LogLevel::kInfo;
  if (text == "warning") return LogLevel::kWarning;
  if (text == "error") return LogLevel::kError;
  if (text == "off") return LogLevel::kOff;
  return std::nullopt;
}

LogValue::LogValue(const std::array<uint8_t, 16>& trace_id) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (uint8_t byte : trace_id) {
    text += kHex[byte >> 4];
    text += kHex[byte & 0xf];
  }
  value_ = std::move(text);
}

void LogValue::AppendJson(std::string* out) const {
  struct Appender {
    std::string* out;
    void operator()(bool value) const { out->append(value ? "true" : "false"); }
    void operator()(int64_t value) const { out->append(std::to_string(value)); }
    void operator()(uint64_t value) const { out->append(std::to_string(value)); }
    void operator()(Duration value) const { AppendMilliseconds(value, out); }
    void operator()(Instant value) const { AppendTime(value, out); }
    void operator()(std::string_view value) const { AppendQuoted(value, out); }
    void operator()(const std::string& value) const { AppendQuoted(value, out); }
  };
  std::visit(Appender{out}, value_);
}

// The pool's destructor drains the queue and joins its thread; it goes after the logger that feeds it.
struct Log::Writer {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
};

Log::Log(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
Log::~Log() = default;

absl::StatusOr<std::unique_ptr<Log>> Log::Open(const LogOptions& options) {
  // spdlog would make a folder that is not there, so that a mistyped one goes unnoticed.
  const std::filesystem::path folder = std::filesystem::path(options.file).parent_path();
  std::error_code failed;
  if (!folder.empty() && !std::filesystem::is_directory(folder, failed)) {
    return absl::InvalidArgumentError("cannot open the log file " + options.file + ": there is no folder " +
                                      folder.string());
  }
  spdlog::sink_ptr sink;
  try {
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return absl::InvalidArgumentError(std::string("cannot open the log file: ") + error.what());
  }
  auto writer = std::make_unique<Writer>();
  writer->pool = std::make_shared<spdlog::details::thread_pool>(kLogQueueLines, 1);
  writer->logger = std::make_shared<spdlog::async_logger>(options.service, std::move(sink), writer->pool,
                                                          spdlog::async_overflow_policy::overrun_oldest);
  writer->logger->set_formatter(JsonLineFormatter());
  writer->logger->set_level(ToSpdlog(options.level));
  writer->logger->flush_on(spdlog::level::debug);
  return std::unique_ptr<Log>(new Log(std::move(writer)));
}

void Log::Write(LogLevel level, LogLiteral message, Fields fields) {
  const spdlog::level::level_enum spdlog_level = ToSpdlog(level);
  if (!writer_->logger->should_log(spdlog_level)) return;
  std::string line = "\"message\":";
  AppendQuoted(message.view(), &line);
  for (const LogField& field : fields) {
    line.push_back(',');
    AppendQuoted(field.key.view(), &line);
    line.push_back(':');
    field.value.AppendJson(&line);
  }
  writer_->logger->log(spdlog::source_loc{}, spdlog_level, spdlog::string_view_t(line.data(), line.size()));
}

uint64_t Log::dropped_lines() const { return writer_->pool->overrun_counter(); }

}  // namespace meridian
