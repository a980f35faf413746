#include "libs/conversation/effect_sink.h"

#include <algorithm>
#include <utility>

namespace meridian::conversation {
namespace {

// From above: each field's tag and number take at most 16 bytes.
size_t BytesOf(const CommandOrigin& origin) { return 64 + origin.actor.subject.size(); }

size_t BytesOf(const ContactRecord& contact) {
  size_t bytes = 256 + contact.channel.value.size() + BytesOf(contact.edge.origin);
  for (const Grant& grant : contact.grants) bytes += 64 + grant.agent.value.size();
  if (contact.pending != nullptr) {
    const ContactSpec& spec = contact.pending->spec;
    bytes += 384 + BytesOf(contact.pending->origin) + contact.pending->tenant.value.size() + spec.channel.value.size() +
             spec.preferred_agent.value.size();
    for (const Attribute& attribute : spec.attributes.items()) {
      const std::string* text = std::get_if<std::string>(&attribute.value);
      bytes += 48 + attribute.name.value.size() + (text == nullptr ? 0 : text->size());
    }
  }
  return bytes;
}

size_t BytesOf(const ConversationRecord& record) {
  size_t bytes = 256 + record.tenant.value.size() + record.identity.kind.size() + record.identity.address.size() +
                 record.empty_submissions.size() * 64;
  for (const ContactRecord& contact : record.contacts) bytes += BytesOf(contact);
  for (const EndedContactRecord& ended : record.ended_contacts) {
    bytes += 96 + ended.channel.value.size() + ended.refusal.size();
  }
  for (const AuthorRecord& author : record.authors) {
    bytes += 48 + author.author.agent.value.size() + author.numbers.entries().size() * 20;
  }
  return bytes;
}

constexpr size_t kRecordBytes = 64;  // of a key and what stands around a value

}  // namespace

void EffectSink::Changed(Head& head) {
  size_t bytes = BytesOf(head.record) + kRecordBytes;
  if (!head.dirty) {
    head.dirty = true;
    changed_.push_back(&head);
    size_.records += 1;
    head.counted_bytes = 0;
  }
  size_.bytes = size_.bytes - head.counted_bytes + bytes;
  head.counted_bytes = bytes;
}

void EffectSink::Ended(Head& head) {
  if (head.dirty) {
    changed_.erase(std::find(changed_.begin(), changed_.end(), &head));
    size_.records -= 1;
    size_.bytes -= head.counted_bytes;
  }
  size_.records += 2;
  size_.bytes += BytesOf(head.record) + 2 * kRecordBytes;
  effects_.ended.push_back(std::move(head.record));
}

void EffectSink::Message(std::shared_ptr<const MessageRecord> record) {
  size_.records += 1;
  size_.bytes += 192 + kRecordBytes + record->message.author.agent.value.size() + TextBytes(record->message.parts) +
                 48 * record->message.parts.size();
  effects_.messages.push_back(std::move(record));
}

void EffectSink::MessageAnew(std::shared_ptr<const MessageRecord> record) {
  std::erase_if(effects_.messages, [&record](const auto& earlier) {
    return earlier->conversation == record->conversation && earlier->message.number == record->message.number;
  });
  Message(std::move(record));
}

void EffectSink::Details(ContactDetailsRecord record) {
  size_.records += 1;
  size_.bytes += 128 + kRecordBytes;
  for (const PersonalAttribute& attribute : record.attributes) {
    size_.bytes += 32 + attribute.name.value.size() + attribute.value.size();
  }
  effects_.contact_details.push_back(std::move(record));
}

void EffectSink::Followed(const FollowerPositionRecord& record) {
  for (FollowerPositionRecord& known : effects_.followers) {
    if (known.routing_shard != record.routing_shard) continue;
    known = record;
    return;
  }
  size_.records += 1;
  size_.bytes += 32 + kRecordBytes;
  effects_.followers.push_back(record);
}

void EffectSink::Closing(const ClosingRecord& record) {
  size_.records += 1;
  size_.bytes += 64 + kRecordBytes;
  effects_.closings.push_back(record);
}

void EffectSink::Erasure(const ErasureRecord& record) {
  if (!effects_.erasure) {
    size_.records += 1;
    size_.bytes += 96 + kRecordBytes;
  }
  effects_.erasure = record;
}

void EffectSink::Erase(uint8_t table, std::string key) {
  size_.records += 1;
  size_.bytes += kRecordBytes;
  effects_.erased.push_back({table, std::move(key)});
}

void EffectSink::EraseDetails(const ContactId& contact) {
  size_.records -= std::erase_if(effects_.contact_details,
                                 [&contact](const ContactDetailsRecord& record) { return record.contact == contact; });
  std::string key = ContactDetailsKey(contact);
  const bool known = std::any_of(effects_.erased.begin(), effects_.erased.end(), [&key](const ErasedRecord& record) {
    return record.table == kContactDetailsTable && record.key == key;
  });
  if (!known) Erase(kContactDetailsTable, std::move(key));
}

Effects EffectSink::Take() {
  for (Head* head : changed_) {
    head->dirty = false;
    effects_.conversations.push_back(&head->record);
  }
  changed_.clear();
  size_ = {};
  return std::exchange(effects_, {});
}

void EffectSink::Clear() {
  changed_.clear();
  size_ = {};
  effects_ = {};
}

}  // namespace meridian::conversation
