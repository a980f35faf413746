#include "tests/soak/journal.h"

#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "libs/base/check.h"

namespace meridian::soak {
namespace {

using nlohmann::json;

std::string DigestOf(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::string hexadecimal;
  for (const unsigned char byte : hash) {
    hexadecimal += "0123456789abcdef"[byte >> 4];
    hexadecimal += "0123456789abcdef"[byte & 15];
  }
  return hexadecimal;
}

json WithAuthor(json line, const Author& author) {
  line["side"] = author.agent.empty() ? "customer" : "agent";
  if (!author.agent.empty()) line["agent"] = author.agent;
  return line;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "a");
  if (file == nullptr) return absl::UnavailableError(path + ": " + std::strerror(errno));
  return std::unique_ptr<Journal>(new Journal(file));
}

Journal::~Journal() { std::fclose(file_); }

void Journal::Submit(const std::string& request_id) {
  Write(json{{"kind", "submit"}, {"request_id", request_id}, {"acknowledged", false}}.dump());
}

void Journal::Submitted(const std::string& request_id, const std::string& contact, const std::string& conversation) {
  Write(json{{"kind", "submit"},
             {"request_id", request_id},
             {"contact_id", contact},
             {"conversation_id", conversation},
             {"acknowledged", true}}
            .dump());
}

void Journal::Message(const std::string& conversation, const Author& author, uint64_t client_number) {
  json line{{"kind", "message"},
            {"conversation_id", conversation},
            {"client_number", client_number},
            {"acknowledged", false}};
  Write(WithAuthor(std::move(line), author).dump());
}

void Journal::MessageSent(const std::string& conversation, const Author& author, uint64_t client_number,
                          uint64_t number, const std::string& text) {
  json line{{"kind", "message"}, {"conversation_id", conversation}, {"client_number", client_number},
            {"number", number},  {"digest", DigestOf(text)},        {"acknowledged", true}};
  Write(WithAuthor(std::move(line), author).dump());
}

void Journal::Seen(const std::string& conversation, const Author& reader, uint64_t number, const std::string& text) {
  json line{{"kind", "seen"}, {"conversation_id", conversation}, {"number", number}, {"digest", DigestOf(text)}};
  Write(WithAuthor(std::move(line), reader).dump());
}

void Journal::Commanded(const std::string& what, const std::string& contact, const std::string& agent,
                        const std::string& offer_token) {
  json line{{"kind", what}, {"contact_id", contact}, {"acknowledged", true}};
  if (!agent.empty()) line["agent"] = agent;
  if (!offer_token.empty()) line["offer_token"] = offer_token;
  Write(line.dump());
}

void Journal::Note(const std::string& text) { Write(json{{"kind", "note"}, {"text", text}}.dump()); }

void Journal::Write(const std::string& line) {
  std::lock_guard lock(mutex_);
  const bool written = std::fputs((line + "\n").c_str(), file_) >= 0 && std::fflush(file_) == 0;
  MERIDIAN_CHECK(written);  // without its journal the run proves nothing
}

}  // namespace meridian::soak
