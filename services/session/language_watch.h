// Judges the language of waiting contacts again as their customers write more. Memory only, bounded: a contact that is
// forgotten keeps the language that it was queued with. The shard's thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "libs/conversation/effects.h"
#include "libs/routing/commands.h"
#include "libs/understanding/language_detector.h"

namespace meridian {

class LanguageWatch {
 public:
  static constexpr size_t kMaxContacts = 10'000;
  static constexpr size_t kMaxTextBytes = 1024;
  // From which another language than the one routed by is believed.
  static constexpr int kGoodConfidencePermille = 700;

  // What routing is to be told, if anything.
  struct Revision {
    TenantId tenant;
    ReviseContact command;
  };

  // A contact on its way to routing. One whose language was declared is not watched.
  void On(const conversation::EnqueueContact& enqueue);
  std::optional<Revision> On(const conversation::Deliver& delivered);
  // Acknowledged by routing: what was found meanwhile can be told. Assigned or closed: not watched any more.
  std::optional<Revision> On(const conversation::ContactChanged& changed);
  // Nothing more is said of its contacts.
  void On(const conversation::ConversationClosed& closed);
  void Clear() { contacts_.clear(); }

  // Of a watched contact, by which routing goes by what it was told; nullptr when it is not watched.
  const LanguageTag* Find(const ConversationId& conversation, const ContactId& contact) const;
  size_t size() const { return contacts_.size(); }

 private:
  struct Watched {
    TenantId tenant;
    LanguageTag language;
    uint16_t confidence_permille = 0;
    std::string text;
    bool queued = false;
    bool revised = false;  // and not told yet
  };

  static bool IsBetter(const LanguageGuess& guess, const Watched& watched);
  static std::optional<Revision> Tell(const ContactId& contact, Watched& watched);

  std::map<std::pair<ConversationId, ContactId>, Watched> contacts_;
};

}  // namespace meridian
