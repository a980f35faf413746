// One accepted connection while it speaks HTTP: read a request, let the router answer, write, read the next; an upgrade
// hands the connection over to a WebSocketSession. Internal to libs/http.
#pragma once

#include <memory>

#include "libs/http/server_core.h"

namespace meridian {

std::unique_ptr<Peer> MakeHttpConnection(ServerCore* core, uint64_t number, asio::ip::tcp::socket socket);

}  // namespace meridian
