// What another process sends, whatever it is, is a command, an answer or a gateway's message, or is refused; and what
// was read is written as bytes that are read as the same again.
//
// The first byte chooses what is read; the rest is the message.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "libs/base/check.h"
#include "libs/wire/gateway_message.h"
#include "libs/wire/routing_command.h"
#include "libs/wire/session_command.h"

namespace meridian {
namespace {

void TryRoutingCommand(std::string_view bytes) {
  const auto read = DecodeRoutingCommand(bytes);
  if (!read.ok()) return;
  const auto written = Encode(read->command, read->key);
  MERIDIAN_CHECK(written.ok());
  const auto again = DecodeRoutingCommand(*written);
  MERIDIAN_CHECK(again.ok() && again->command == read->command);
}

void TryGatewayMessage(std::string_view bytes) {
  const auto read = DecodeGatewayDelivery(bytes);
  if (!read.ok() || read->term_began) return;
  const auto again = DecodeGatewayDelivery(Encode(read->tenant, read->message));
  MERIDIAN_CHECK(again.ok() && again->message == read->message);
}

template <class T>
void TrySessionCommand(std::string_view bytes) {
  const auto read = DecodeSessionCommand<T>(bytes, {"demo"});
  if (!read.ok()) return;
  const auto again = DecodeSessionCommand<T>(Encode(*read), {"demo"});
  MERIDIAN_CHECK(again.ok() && *again == *read);
}

template <class T>
void TrySessionAnswer(std::string_view bytes) {
  const auto read = DecodeSessionAnswer<T>(bytes);
  if (!read.ok()) return;
  const auto again = DecodeSessionAnswer<T>(Encode(*read));
  MERIDIAN_CHECK(again.ok() && *again == *read);
}

void TryRoutingAnswer(std::string_view bytes) {
  const auto read = DecodeRoutingAnswer(bytes);
  if (!read.ok()) return;
  const auto again = DecodeRoutingAnswer(Encode(*read));
  MERIDIAN_CHECK(again.ok() && *again == *read);
}

}  // namespace
}  // namespace meridian

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace meridian;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'g':
      TryGatewayMessage(bytes);
      break;
    case 's':
      TrySessionCommand<conversation::SubmitContact>(bytes);
      break;
    case 'm':
      TrySessionCommand<conversation::AppendMessage>(bytes);
      break;
    case 'x':
      TrySessionCommand<conversation::CancelContact>(bytes);
      TrySessionCommand<conversation::CloseConversation>(bytes);
      break;
    case 'a':
      TryRoutingAnswer(bytes);
      TrySessionAnswer<conversation::Submitted>(bytes);
      TrySessionAnswer<conversation::Appended>(bytes);
      break;
    default:
      TryRoutingCommand(bytes);
  }
  return 0;
}
