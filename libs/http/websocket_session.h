// One connection after its upgrade to a WebSocket. Internal to libs/http.
#pragma once

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <string>

#include "libs/http/server_core.h"
#include "libs/http/websocket_outbox.h"

namespace meridian {

// `request` is the one that asked for the upgrade and was found good; Start answers it with `subprotocol`.
std::unique_ptr<Peer> MakeWebSocketSession(ServerCore* core, uint64_t number, boost::beast::tcp_stream stream,
                                           boost::beast::http::request<boost::beast::http::string_body> request,
                                           std::string subprotocol, std::shared_ptr<WebSocketOutbox> outbox,
                                           std::unique_ptr<WebSocketHandler> handler);

}  // namespace meridian
