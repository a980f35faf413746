#include "libs/app/protobuf_log.h"

#include <atomic>
#include <string>

#include "google/protobuf/stubs/logging.h"
#include "libs/base/check.h"

namespace meridian::app {
namespace {

namespace pb = google::protobuf;

// Protobuf calls a plain function, which has no other way to find the log.
std::atomic<Log*> receiver{nullptr};

void OnMessage(pb::LogLevel level, const char*, int line, const std::string&) {
  Log* const log = receiver.load();
  if (log == nullptr) return;
  // What it calls an error is mostly a message from outside that is not well formed, which its sender is told.
  const LogLevel ours = level == pb::LOGLEVEL_FATAL  ? LogLevel::kError
                        : level == pb::LOGLEVEL_INFO ? LogLevel::kInfo
                                                     : LogLevel::kWarning;
  log->Write(ours, "protobuf complains", {{"line_of_protobuf", line}});
}

}  // namespace

ProtobufLog::ProtobufLog(Log& log) {
  MERIDIAN_CHECK(receiver.exchange(&log) == nullptr);
  pb::SetLogHandler(OnMessage);
}

ProtobufLog::~ProtobufLog() {
  pb::SetLogHandler(nullptr);
  receiver = nullptr;
}

}  // namespace meridian::app
