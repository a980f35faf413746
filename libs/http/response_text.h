// An answer as the bytes that go onto the connection. Internal to libs/http.
#pragma once

#include <string>

#include "libs/http/message.h"

namespace meridian {

struct ResponseForm {
  bool keep_alive = true;
  bool head = false;  // the length of the body, without the body
};

// Adds Content-Length, Connection, X-Content-Type-Options, Referrer-Policy, and Cache-Control: no-store unless the
// answer has one. A header of the answer that holds CR or LF is left out: it would be read as further headers.
std::string FormatResponse(const HttpResponse& response, const ResponseForm& form);

}  // namespace meridian
