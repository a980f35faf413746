// The load client's journal: what it did and saw, as JSON, one object a line, each written before the client's next
// send. The format is in docs/meridianctl.md. Values and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meridian::verifier {

enum class Side : uint8_t { kCustomer, kAgent };

struct Submitted {
  std::string request_id;
  std::string contact_id;
  std::string conversation_id;
};
struct SentMessage {
  std::string conversation_id;
  Side side = Side::kCustomer;
  std::string agent;  // with side agent
  uint64_t client_number = 0;
  uint64_t number = 0;
  std::string digest;  // "": not noted
};
struct SeenMessage {
  std::string conversation_id;
  Side side = Side::kCustomer;
  std::string agent;  // with side agent
  uint64_t number = 0;
  std::string digest;  // "": not noted
};
// accept, complete, cancel
struct Commanded {
  enum class Kind : uint8_t { kAccept, kComplete, kCancel };
  Kind kind = Kind::kAccept;
  std::string contact_id;
  std::string agent;
  std::string offer_token;
};
// Where a contact stood in line, as ListContacts said.
struct SeenPlace {
  std::string contact_id;
  int64_t virtual_start_ms = 0;
};

// Only what was acknowledged, but for what was seen.
struct Journal {
  std::vector<Submitted> submitted;
  std::vector<SentMessage> sent;
  std::vector<SeenMessage> seen;
  std::vector<Commanded> commanded;
  std::vector<SeenPlace> places;
  std::vector<std::string> errors;  // "line 12: …": the journal cannot be judged by

  // Adds the lines of one journal file. A last line without its end was cut by the client's own death and is left out.
  void Add(std::string_view text);
};

// Lower-case hexadecimal SHA-256 of a message's texts, joined by '\n'.
std::string MessageDigest(const std::vector<std::string>& texts);

}  // namespace meridian::verifier
