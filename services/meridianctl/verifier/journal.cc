#include "services/meridianctl/verifier/journal.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace meridian::verifier {
namespace {

using Json = nlohmann::json;

// One line; the first thing that is wrong with it is kept.
class Line {
 public:
  explicit Line(const Json& json) : json_(json) {}

  std::string Text(const char* name, bool required = true) {
    auto field = json_.find(name);
    if (field != json_.end() && field->is_string() && !field->get_ref<const std::string&>().empty()) {
      return field->get<std::string>();
    }
    if (required) Wrong(std::string("\"") + name + "\" must be a text that is not empty");
    return "";
  }
  int64_t Number(const char* name) {
    auto field = json_.find(name);
    if (field != json_.end() && field->is_number_integer()) return field->get<int64_t>();
    Wrong(std::string("\"") + name + "\" must be a whole number");
    return 0;
  }
  uint64_t Count(const char* name) {
    const int64_t number = Number(name);
    if (number < 1) Wrong(std::string("\"") + name + "\" must be at least 1");
    return static_cast<uint64_t>(number);
  }
  // Absent: acknowledged.
  bool Acknowledged() {
    auto field = json_.find("acknowledged");
    if (field == json_.end()) return true;
    if (!field->is_boolean()) Wrong("\"acknowledged\" must be true or false");
    return field->is_boolean() && field->get<bool>();
  }
  Side WhichSide(bool required) {
    const std::string side = Text("side", required);
    if (side == "agent") return Side::kAgent;
    if (!side.empty() && side != "customer") Wrong("\"side\" must be agent or customer");
    return Side::kCustomer;
  }
  void Wrong(std::string what) {
    if (wrong_.empty()) wrong_ = std::move(what);
  }
  const std::string& wrong() const { return wrong_; }

 private:
  const Json& json_;
  std::string wrong_;
};

void AddSubmit(Line& line, Journal& journal) {
  if (!line.Acknowledged()) return;
  journal.submitted.push_back({line.Text("request_id"), line.Text("contact_id"), line.Text("conversation_id")});
}

void AddSent(Line& line, Journal& journal) {
  if (!line.Acknowledged()) return;
  SentMessage sent;
  sent.conversation_id = line.Text("conversation_id");
  sent.side = line.WhichSide(/*required=*/false);
  sent.agent = line.Text("agent", sent.side == Side::kAgent);
  sent.client_number = line.Count("client_number");
  sent.number = line.Count("number");
  sent.digest = line.Text("digest", /*required=*/false);
  journal.sent.push_back(std::move(sent));
}

void AddSeen(Line& line, Journal& journal) {
  SeenMessage seen;
  seen.conversation_id = line.Text("conversation_id");
  seen.side = line.WhichSide(/*required=*/true);
  seen.agent = line.Text("agent", seen.side == Side::kAgent);
  seen.number = line.Count("number");
  seen.digest = line.Text("digest", /*required=*/false);
  journal.seen.push_back(std::move(seen));
}

void AddCommand(Line& line, Commanded::Kind kind, Journal& journal) {
  if (!line.Acknowledged()) return;
  const bool by_agent = kind != Commanded::Kind::kCancel;
  journal.commanded.push_back(
      {kind, line.Text("contact_id"), line.Text("agent", by_agent), line.Text("offer_token", by_agent)});
}

void AddLine(Line& line, Journal& journal) {
  const std::string kind = line.Text("kind");
  if (kind == "submit") return AddSubmit(line, journal);
  if (kind == "message") return AddSent(line, journal);
  if (kind == "seen") return AddSeen(line, journal);
  if (kind == "accept") return AddCommand(line, Commanded::Kind::kAccept, journal);
  if (kind == "complete") return AddCommand(line, Commanded::Kind::kComplete, journal);
  if (kind == "cancel") return AddCommand(line, Commanded::Kind::kCancel, journal);
  if (kind == "place") return journal.places.push_back({line.Text("contact_id"), line.Number("virtual_start_ms")});
  if (kind == "note") return;  // for people
  line.Wrong("\"kind\" must be submit, message, seen, accept, complete, cancel, place or note");
}

}  // namespace

void Journal::Add(std::string_view text) {
  int number = 0;
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    const std::string_view content = text.substr(0, end);
    text.remove_prefix(end + 1);
    ++number;
    if (content.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Json json = Json::parse(content, nullptr, /*allow_exceptions=*/false);
    Line line(json);
    if (json.is_object()) {
      AddLine(line, *this);
    } else {
      line.Wrong("is not a JSON object");
    }
    if (!line.wrong().empty()) errors.push_back("line " + std::to_string(number) + ": " + line.wrong());
  }
}

std::string MessageDigest(const std::vector<std::string>& texts) {
  std::string joined;
  for (size_t i = 0; i < texts.size(); ++i) joined += (i == 0 ? "" : "\n") + texts[i];
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(joined.data()), joined.size(), hash.data());
  std::string text;
  for (unsigned char byte : hash) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

}  // namespace meridian::verifier
