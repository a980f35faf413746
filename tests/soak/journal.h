// What a client asked for and what it was told and shown, as lines of JSON: each line is in the file before anything
// else is sent, so that whatever a server acknowledged can be held against it. `meridianctl events verify --journal`
// reads it; docs/meridianctl.md says its form. Any thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

#include "absl/status/statusor.h"

namespace meridian::soak {

// Whose line it is: an agent's name, or nothing for the customer.
struct Author {
  std::string agent;
};

class Journal {
 public:
  // Appends to `path`.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path);
  ~Journal();

  // About to be sent; and acknowledged.
  void Submit(const std::string& request_id);
  void Submitted(const std::string& request_id, const std::string& contact, const std::string& conversation);
  void Message(const std::string& conversation, const Author& author, uint64_t client_number);
  void MessageSent(const std::string& conversation, const Author& author, uint64_t client_number, uint64_t number,
                   const std::string& text);
  // The conversation's message `number` as it was shown.
  void Seen(const std::string& conversation, const Author& reader, uint64_t number, const std::string& text);
  // `what` is "accept", "complete" or "cancel" (without agent and token); acknowledged.
  void Commanded(const std::string& what, const std::string& contact, const std::string& agent,
                 const std::string& offer_token);
  // For people: a refusal, say.
  void Note(const std::string& text);

 private:
  explicit Journal(FILE* file) : file_(file) {}
  void Write(const std::string& line);

  std::mutex mutex_;
  FILE* file_;
};

}  // namespace meridian::soak
