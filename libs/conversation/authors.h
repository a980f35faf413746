// The authors of a conversation and their own numbers, within bounds. Pure functions on a record; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/conversation/answer.h"
#include "libs/conversation/records.h"

namespace meridian::conversation {

// nullptr when it has not written yet. Agents and bots are told apart by id alone.
const AuthorRecord* FindAuthor(const ConversationRecord& record, const Author& author);
// How a message of this author compares with those it sent before.
ClientNumbers::Found FindMessage(const ConversationRecord& record, const Author& author, uint64_t client_number,
                                 uint32_t digest);
// nullopt for a message that is new or a repeat.
std::optional<Refusal> RefusalOf(ClientNumbers::Verdict verdict);
// The author wrote a new message. Forgets about others what kFullAuthors and kMaxAuthors say.
void NoteMessage(ConversationRecord& record, const Author& author, uint64_t client_number, uint64_t number,
                 uint32_t digest);

}  // namespace meridian::conversation
