#include "services/meridianctl/verifier/conversation_check.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "absl/time/time.h"
#include "libs/wire/contact_types.h"
#include "services/meridianctl/verifier/clock_difference.h"

namespace meridian::verifier {
namespace {

using type::v1::Message;

constexpr char kCustomer[] = "the customer";

std::string AuthorOf(const Message& message) {
  switch (message.author_kind()) {
    case type::v1::AUTHOR_KIND_CUSTOMER:
      return kCustomer;
    case type::v1::AUTHOR_KIND_SYSTEM:
      return "";
    default:
      return message.author();
  }
}

std::string NameOf(Side side, const std::string& agent) { return side == Side::kCustomer ? kCustomer : agent; }

std::string Numbered(uint64_t number) { return "message " + std::to_string(number); }

std::string ClockText(Instant at) {
  if (at == Instant::Never()) return "now";
  return absl::FormatTime("%H:%M:%E3S", absl::FromUnixNanos(at.ns), absl::UTCTimeZone());
}

std::string DigestOf(const Message& message) {
  std::vector<std::string> texts;
  for (const type::v1::MessagePart& part : message.parts()) {
    if (part.has_text()) texts.push_back(part.text().text());
  }
  return MessageDigest(texts);
}

class ConversationCheck {
 public:
  ConversationCheck(const Evidence& evidence, const ContactLives& lives, bool trimmed, Duration slack, Report& report)
      : evidence_(evidence), trimmed_(trimmed), slack_(slack), report_(report) {
    clocks_.Learn(SubmissionsOf(lives));
    for (const Tenure& tenure : lives.tenures) tenures_[{tenure.conversation, tenure.agent}].push_back(&tenure);
  }

  void Run() {
    for (const std::string& id : evidence_.missing_conversations) {
      report_.Add(Rule::kMessages, id, "cannot be read: the server does not know the conversation");
    }
    for (const auto& [id, messages] : evidence_.conversations) CheckWhole(id, messages);
    for (const SentMessage& sent : evidence_.journal.sent) CheckSent(sent);
    for (const SeenMessage& seen : evidence_.journal.seen) CheckSeen(seen);
    CheckSeenWithoutGaps();
    report_.Count("conversations", evidence_.conversations.size());
    report_.Count("acknowledged messages", evidence_.journal.sent.size());
    report_.Count("seen messages", evidence_.journal.seen.size());
  }

 private:
  // By the customer's message with which a contact began, where it was read back: its place in line hides a routing
  // shard that is behind.
  std::vector<Submission> SubmissionsOf(const ContactLives& lives) const {
    std::map<std::string_view, const Message*> first_message;
    for (const auto& [id, messages] : evidence_.conversations) {
      for (const Message& message : messages) first_message.try_emplace(message.contact_id(), &message);
    }
    std::vector<Submission> submissions = lives.submissions;
    for (Submission& submission : submissions) {
      const auto found = first_message.find(submission.contact);
      if (found == first_message.end() || AuthorOf(*found->second) != kCustomer) continue;
      submission.submitted = InstantFromProto(found->second->sent_at());
    }
    return submissions;
  }

  using InConversation = std::pair<std::string, std::string>;  // the conversation and who

  void Violated(const std::string& conversation, const std::string& what) {
    report_.Add(Rule::kMessages, conversation, what);
  }

  // Numbers 1, 2, 3 …; each author's own numbers rise, so none is there twice.
  void CheckWhole(const std::string& id, const std::vector<Message>& messages) {
    std::map<std::string, uint64_t> last_of_author;
    uint64_t expected = 1;
    for (const Message& message : messages) {
      if (message.number() != expected) {
        Violated(id, "has " + Numbered(message.number()) + " where " + std::to_string(expected) + " should follow");
      }
      expected = message.number() + 1;
      const std::string author = AuthorOf(message);
      if (author.empty()) continue;
      uint64_t& last = last_of_author[author];
      if (message.client_number() <= last) {
        Violated(id, "holds " + Numbered(message.number()) + " of " + author + " with the author's number " +
                         std::to_string(message.client_number()) + " after " + std::to_string(last) +
                         ": doubled or reordered");
      }
      last = std::max(last, message.client_number());
      if (author != kCustomer) CheckWriter(id, message, author);
    }
  }

  // The agent had a contact of the conversation when it wrote.
  void CheckWriter(const std::string& id, const Message& message, const std::string& agent) {
    if (trimmed_) return;
    const Instant at = clocks_.ToRoutingTime(InstantFromProto(message.sent_at()));
    auto found = tenures_.find({id, agent});
    if (found != tenures_.end()) {
      for (const Tenure* tenure : found->second) {
        if (at + slack_ >= tenure->from && WithSlack(tenure->until) >= at) return;
      }
    }
    report_.Add(Rule::kGrants, id,
                "holds " + Numbered(message.number()) + " written by " + agent +
                    ", who did not have the contact then: at " + ClockText(at) + "; had it " + TenuresText(id, agent));
  }

  // "10:00:01.000–10:00:05.250, 10:01:00.000–now", by routing's clock.
  std::string TenuresText(const std::string& id, const std::string& agent) const {
    const auto found = tenures_.find({id, agent});
    if (found == tenures_.end()) return "never";
    std::string text;
    for (const Tenure* tenure : found->second) {
      text += (text.empty() ? "" : ", ") + ClockText(tenure->from) + "–" + ClockText(tenure->until);
    }
    return text;
  }

  Instant WithSlack(Instant until) const { return until == Instant::Never() ? until : until + slack_; }

  // Null, perhaps after a report, when there is none.
  const Message* Find(const std::string& conversation, uint64_t number, const std::string& what) {
    auto found = evidence_.conversations.find(conversation);
    if (found == evidence_.conversations.end()) return nullptr;  // said once, for the conversation
    for (size_t i = std::min<size_t>(number, found->second.size()); i-- > 0;) {
      if (found->second[i].number() == number) return &found->second[i];
      if (found->second[i].number() < number) break;
    }
    Violated(conversation, "has no " + Numbered(number) + ", which " + what);
    return nullptr;
  }

  void CheckSent(const SentMessage& sent) {
    const std::string author = NameOf(sent.side, sent.agent);
    reached_[{sent.conversation_id, author}].insert(sent.number);
    const Message* message =
        Find(sent.conversation_id, sent.number,
             "was acknowledged to " + author + " (own number " + std::to_string(sent.client_number) + ")");
    if (message == nullptr) return;
    if (AuthorOf(*message) != author || message->client_number() != sent.client_number) {
      return Violated(sent.conversation_id, "holds another message as " + Numbered(sent.number) + " than " + author +
                                                " had acknowledged (own number " + std::to_string(sent.client_number) +
                                                ")");
    }
    if (!sent.digest.empty() && sent.digest != DigestOf(*message)) {
      Violated(sent.conversation_id, "holds other words in " + Numbered(sent.number) + " than " + author + " sent");
    }
  }

  void CheckSeen(const SeenMessage& seen) {
    const std::string reader = NameOf(seen.side, seen.agent);
    reached_[{seen.conversation_id, reader}].insert(seen.number);
    seen_[{seen.conversation_id, reader}].insert(seen.number);
    const Message* message = Find(seen.conversation_id, seen.number, reader + " saw");
    if (message == nullptr) return;
    if (!seen.digest.empty() && seen.digest != DigestOf(*message)) {
      Violated(seen.conversation_id,
               "showed " + reader + " other words in " + Numbered(seen.number) + " than it holds");
    }
    if (seen.side == Side::kAgent) CheckReader(seen, *message);
  }

  // The agent had a contact of the conversation when the message was sent, or later.
  void CheckReader(const SeenMessage& seen, const Message& message) {
    if (trimmed_) return;
    auto found = tenures_.find({seen.conversation_id, seen.agent});
    if (found != tenures_.end()) {
      for (const Tenure* tenure : found->second) {
        if (WithSlack(tenure->until) >= clocks_.ToRoutingTime(InstantFromProto(message.sent_at()))) return;
      }
    }
    report_.Add(Rule::kGrants, seen.conversation_id,
                "showed " + Numbered(seen.number) + " to " + seen.agent + ", who " +
                    (found == tenures_.end() ? "never had" : "no longer had") + " a contact of it");
  }

  // Whoever saw a message saw or wrote all before it: a customer of the conversation, an agent of the same contact.
  // What somebody only wrote says nothing: an agent's grant may end before it was shown what came before its own
  // message.
  void CheckSeenWithoutGaps() {
    for (const auto& [key, seen] : seen_) {
      auto found = evidence_.conversations.find(key.first);
      if (found != evidence_.conversations.end()) CheckSeenWithoutGaps(key, seen, found->second);
    }
  }

  void CheckSeenWithoutGaps(const InConversation& key, const std::set<uint64_t>& seen,
                            const std::vector<Message>& messages) {
    const auto contact_of = [&](const Message& message) {
      return key.second == kCustomer ? std::string() : message.contact_id();
    };
    std::map<std::string, uint64_t> last_of_contact;
    for (const Message& message : messages) {
      if (seen.contains(message.number())) last_of_contact[contact_of(message)] = message.number();
    }
    const std::set<uint64_t>& reached = reached_[key];
    for (const Message& message : messages) {
      auto last = last_of_contact.find(contact_of(message));
      if (last == last_of_contact.end() || message.number() > last->second || reached.contains(message.number()))
        continue;
      return Violated(key.first, "did not show " + key.second + " " + Numbered(message.number()) + ", but " +
                                     std::to_string(*reached.upper_bound(message.number())));
    }
  }

  const Evidence& evidence_;
  const bool trimmed_;
  const Duration slack_;
  Report& report_;
  ClockDifference clocks_;
  std::map<InConversation, std::vector<const Tenure*>> tenures_;
  std::map<InConversation, std::set<uint64_t>> seen_;
  std::map<InConversation, std::set<uint64_t>> reached_;  // seen or written
};

}  // namespace

void CheckConversations(const Evidence& evidence, const ContactLives& lives, bool trimmed,
                        const Expectations& expectations, Report& report) {
  ConversationCheck(evidence, lives, trimmed, expectations.grant_slack, report).Run();
}

}  // namespace meridian::verifier
