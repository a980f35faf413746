// What a request to become a WebSocket asks for, and whether it may. Pure; internal to libs/http.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/http/message.h"
#include "libs/http/websocket.h"

namespace meridian {

bool AsksForWebSocket(const HttpRequest& request);

// nullopt: it may; `offered` and `subprotocol` are filled. Otherwise the answer that refuses it.
std::optional<HttpResponse> CheckUpgrade(const HttpRequest& request, const WebSocketRoute& route,
                                         std::vector<std::string>* offered, std::string* subprotocol);

// Of a subprotocol "bearer.<token>", else of the Authorization header.
std::optional<std::string> BearerTokenOf(const HttpRequest& request, const std::vector<std::string>& offered);

}  // namespace meridian
