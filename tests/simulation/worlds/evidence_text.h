// The digest of a message's words as the verifier compares it, on either side of the wire.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "libs/conversation/message.h"
#include "meridian/type/v1/message.pb.h"
#include "services/meridianctl/verifier/journal.h"

namespace meridian::worlds {

inline std::string DigestOfWords(const type::v1::Message& message) {
  std::vector<std::string> texts;
  for (const type::v1::MessagePart& part : message.parts()) {
    if (part.has_text()) texts.push_back(part.text().text());
  }
  return verifier::MessageDigest(texts);
}

inline std::string DigestOfWords(const std::vector<conversation::MessagePart>& parts) {
  std::vector<std::string> texts;
  for (const conversation::MessagePart& part : parts) {
    if (const auto* text = std::get_if<conversation::TextPart>(&part)) texts.push_back(text->text);
  }
  return verifier::MessageDigest(texts);
}

}  // namespace meridian::worlds
