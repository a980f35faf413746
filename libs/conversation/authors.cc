#include "libs/conversation/authors.h"

#include <algorithm>

namespace meridian::conversation {
namespace {

bool IsAgent(const Author& author) { return author.kind == AuthorKind::kAgent || author.kind == AuthorKind::kBot; }

bool IsSame(const Author& a, const Author& b) {
  return IsAgent(a) ? IsAgent(b) && a.agent == b.agent : a.kind == b.kind;
}

bool HasGrant(const ConversationRecord& record, const AgentId& agent) {
  for (const ContactRecord& contact : record.contacts) {
    for (const Grant& grant : contact.grants) {
      if (grant.agent == agent) return true;
    }
  }
  return false;
}

// Newest first, so that those who wrote longest ago are forgotten.
void ForgetOldAuthors(ConversationRecord& record) {
  size_t agents = 0;
  size_t without_grant = 0;
  for (size_t i = record.authors.size(); i-- > 0;) {
    AuthorRecord& author = record.authors[i];
    if (!IsAgent(author.author)) continue;
    if (++agents > kFullAuthors) author.numbers.Forget();
    if (HasGrant(record, author.author.agent) || ++without_grant <= kMaxAuthors) continue;
    record.authors.erase(record.authors.begin() + static_cast<ptrdiff_t>(i));
  }
}

}  // namespace

const AuthorRecord* FindAuthor(const ConversationRecord& record, const Author& author) {
  for (const AuthorRecord& known : record.authors) {
    if (IsSame(known.author, author)) return &known;
  }
  return nullptr;
}

ClientNumbers::Found FindMessage(const ConversationRecord& record, const Author& author, uint64_t client_number,
                                 uint32_t digest) {
  const AuthorRecord* known = FindAuthor(record, author);
  return known == nullptr ? ClientNumbers::Found{} : known->numbers.Find(client_number, digest);
}

std::optional<Refusal> RefusalOf(ClientNumbers::Verdict verdict) {
  switch (verdict) {
    case ClientNumbers::Verdict::kNew:
    case ClientNumbers::Verdict::kRepeat:
      return std::nullopt;
    case ClientNumbers::Verdict::kTooOld:
      return Refusal{RefusalCode::kClientNumberTooOld, "client_number"};
    case ClientNumbers::Verdict::kReused:
      return Refusal{RefusalCode::kClientNumberReused, "client_number"};
  }
  return std::nullopt;
}

void NoteMessage(ConversationRecord& record, const Author& author, uint64_t client_number, uint64_t number,
                 uint32_t digest) {
  auto known = std::find_if(record.authors.begin(), record.authors.end(),
                            [&](const AuthorRecord& other) { return IsSame(other.author, author); });
  if (known == record.authors.end()) {
    record.authors.push_back({author, {}});
  } else {
    std::rotate(known, known + 1, record.authors.end());
  }
  record.authors.back().numbers.Add(client_number, number, digest);
  ForgetOldAuthors(record);
}

}  // namespace meridian::conversation
