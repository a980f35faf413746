#include "libs/domain/shown_text.h"

namespace meridian {

bool HasControlCharacter(std::string_view text) {
  unsigned char before = 0;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (before == 0xC2 && byte >= 0x80 && byte <= 0x9F) return true;  // U+0080 to U+009F
    before = byte;
  }
  return false;
}

}  // namespace meridian
