// Gathers effects between two batches and knows about how large they are. One thread at a time.
#pragma once

#include <memory>
#include <vector>

#include "libs/base/time.h"
#include "libs/conversation/effects.h"
#include "libs/conversation/head.h"

namespace meridian::conversation {

class EffectSink {
 public:
  // The head's record changed, for the first time in this batch or again.
  void Changed(Head& head);
  // The head is taken out of the directory: its record, now closed, is taken from it to be kept as ended.
  void Ended(Head& head);
  void Message(std::shared_ptr<const MessageRecord> record);
  // Instead of the message of this number, which may be of this batch too: commands are replayed in few batches.
  void MessageAnew(std::shared_ptr<const MessageRecord> record);
  void Details(ContactDetailsRecord record);
  void Followed(const FollowerPositionRecord& record);
  void Closing(const ClosingRecord& record);
  void Erasure(const ErasureRecord& record);
  void Erase(uint8_t table, std::string key);
  // Also those of this batch. Safe to repeat.
  void EraseDetails(const ContactId& contact);
  template <typename Body>
  void Happened(const TenantId& tenant, Instant now, Body body) {
    size_.bytes += kEventBytes;
    effects_.events.push_back({tenant, now, std::move(body)});
  }
  void Send(OutgoingMessage message) { effects_.outgoing.push_back(std::move(message)); }

  EffectsSize size() const { return size_; }
  Effects Take();
  void Clear();

 private:
  static constexpr size_t kEventBytes = 256;

  Effects effects_;  // `conversations` is filled by Take
  std::vector<Head*> changed_;
  EffectsSize size_;
};

}  // namespace meridian::conversation
