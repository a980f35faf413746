#include "services/session/language_watch.h"

#include <algorithm>

namespace meridian {
namespace {

// At most `bytes` of the text, never half a character.
std::string_view Head(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

void LanguageWatch::On(const conversation::EnqueueContact& enqueue) {
  const ContactSpec& spec = enqueue.request->spec;
  if (spec.language_confidence_permille >= kFullConfidence || contacts_.size() >= kMaxContacts) return;
  contacts_.try_emplace({spec.conversation, spec.id},
                        Watched{enqueue.request->tenant, spec.language, spec.language_confidence_permille});
}

bool LanguageWatch::IsBetter(const LanguageGuess& guess, const Watched& watched) {
  if (guess.language.empty()) return false;
  if (watched.language.empty()) return true;
  if (guess.language.language() == watched.language.language()) {
    return guess.confidence_permille > watched.confidence_permille;
  }
  return guess.confidence_permille >= kGoodConfidencePermille;
}

std::optional<LanguageWatch::Revision> LanguageWatch::Tell(const ContactId& contact, Watched& watched) {
  if (!watched.queued || !watched.revised) return std::nullopt;
  watched.revised = false;
  return Revision{watched.tenant, {contact, watched.language, watched.confidence_permille, std::nullopt}};
}

std::optional<LanguageWatch::Revision> LanguageWatch::On(const conversation::Deliver& delivered) {
  const conversation::Message& message = delivered.message->message;
  auto found = contacts_.find({delivered.conversation, message.contact});
  if (found == contacts_.end() || message.author.kind != conversation::AuthorKind::kCustomer) return std::nullopt;
  Watched& watched = found->second;
  const bool judged_already = watched.text.empty();  // the first text, by whoever submitted it
  if (watched.text.size() >= kMaxTextBytes) return std::nullopt;
  for (const conversation::MessagePart& part : message.parts) {
    const std::string& text = std::get<conversation::TextPart>(part).text;
    const size_t room = kMaxTextBytes - std::min(kMaxTextBytes, watched.text.size());
    watched.text.append(Head(text, room)).push_back('\n');
  }
  if (judged_already) return std::nullopt;
  const LanguageGuess guess = DetectLanguage(watched.text);
  if (!IsBetter(guess, watched)) return std::nullopt;
  watched.language = guess.language;
  watched.confidence_permille = static_cast<uint16_t>(std::clamp(guess.confidence_permille, 0, int{kFullConfidence}));
  watched.revised = true;
  return Tell(message.contact, watched);
}

std::optional<LanguageWatch::Revision> LanguageWatch::On(const conversation::ContactChanged& changed) {
  auto found = contacts_.find({changed.conversation, changed.contact});
  if (found == contacts_.end()) return std::nullopt;
  if (changed.closing || changed.phase != conversation::ContactPhase::kQueued) {
    contacts_.erase(found);
    return std::nullopt;
  }
  found->second.queued = true;
  return Tell(changed.contact, found->second);
}

void LanguageWatch::On(const conversation::ConversationClosed& closed) {
  auto first = contacts_.lower_bound({closed.conversation, ContactId()});
  auto last = first;
  while (last != contacts_.end() && last->first.first == closed.conversation) ++last;
  contacts_.erase(first, last);
}

const LanguageTag* LanguageWatch::Find(const ConversationId& conversation, const ContactId& contact) const {
  auto found = contacts_.find({conversation, contact});
  return found == contacts_.end() ? nullptr : &found->second.language;
}

}  // namespace meridian
