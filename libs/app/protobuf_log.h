// What protobuf has to say goes into the process's log instead of standard error: which line of its sources said it,
// and never its words, which may quote what was received.
#pragma once

#include "libs/telemetry/log.h"

namespace meridian::app {

// One at a time, since protobuf has one handler for the process. Made and destroyed on the main thread; meanwhile
// protobuf may speak on any thread.
class ProtobufLog {
 public:
  explicit ProtobufLog(Log& log);
  ~ProtobufLog();
  ProtobufLog(const ProtobufLog&) = delete;
  ProtobufLog& operator=(const ProtobufLog&) = delete;
};

}  // namespace meridian::app
