// A bidirectional method of a MethodTable over WebSocket: the stream's messages as protobuf JSON, one a text frame,
// with the same gate, backlog, token lease and handler as over gRPC.
//
// The token comes as a second subprotocol (`bearer.<jwt>`) or in the Authorization header, never in the URL. The
// connection closes with 1000 when the stream ends well, else with 1008 (who calls, or what was sent), 1013 (read too
// slowly) or 1001 (the server drains), and the machine-readable reason as the close reason.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "libs/http/websocket.h"
#include "libs/rpc/call_gate.h"
#include "libs/rpc/call_observer.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/rpc/method_table.h"
#include "libs/rpc/stream_session.h"

namespace meridian::rpc {

struct WebSocketCalls {
  const MethodTable& methods;  // these outlive the HTTP server
  const CallGate& gate;
  DeadlineTimer& timer;
  CallObserver* observer = nullptr;
  StreamOptions stream;
};

// The route of `path` under `subprotocol` for a bidirectional method that is in the table.
WebSocketRoute RouteForMethod(const WebSocketCalls& calls, std::string_view method, std::string path,
                              std::string subprotocol, std::function<bool(std::string_view origin)> origin_allowed);

}  // namespace meridian::rpc
