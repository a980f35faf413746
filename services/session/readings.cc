#include "services/session/readings.h"

#include <algorithm>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/wire/session_records.h"
#include "services/session/session_errors.h"

namespace meridian {

using conversation::MessageRecord;

std::vector<RecordKey> MessageKeys(const ConversationId& conversation, uint64_t first, uint64_t last) {
  std::vector<RecordKey> keys;
  for (uint64_t number = first; number <= last; ++number) {
    keys.push_back({conversation::kMessageTable, conversation::MessageKey(conversation, number)});
  }
  return keys;
}

absl::StatusOr<std::vector<MessageRecord>> DecodeMessages(const ReadingPorts::Values& values) {
  MERIDIAN_RETURN_IF_ERROR(values.status());
  std::vector<MessageRecord> messages;
  for (const std::optional<std::string>& value : *values) {
    if (!value) return absl::DataLossError("a message is not in the store");
    MERIDIAN_ASSIGN_OR_RETURN(MessageRecord message, DecodeMessage(*value));
    messages.push_back(std::move(message));
  }
  return messages;
}

absl::StatusOr<conversation::ConversationRecord> DecodeEnded(const ReadingPorts::Values& values,
                                                             const TenantId& tenant) {
  MERIDIAN_RETURN_IF_ERROR(values.status());
  if (values->size() != 1 || !values->front()) return ConversationNotFound();
  MERIDIAN_ASSIGN_OR_RETURN(conversation::ConversationRecord record, DecodeConversation(*values->front()));
  if (record.tenant != tenant) return ConversationNotFound();
  return record;
}

void Readings::Add(uint64_t id, conversation::OpenReading what, std::shared_ptr<ReaderGate> gate) {
  if (what.agent.empty()) ports_.watch({what.tenant, what.conversation, id});
  by_conversation_[what.conversation].push_back(id);
  readings_[id] = std::make_unique<ConversationReading>(std::move(what), std::move(gate));
  Drive(id);
}

void Readings::Remove(uint64_t id) {
  auto found = readings_.find(id);
  if (found == readings_.end()) return;
  const conversation::OpenReading what = found->second->what();
  readings_.erase(found);
  auto others = by_conversation_.find(what.conversation);
  std::erase(others->second, id);
  if (others->second.empty()) by_conversation_.erase(others);
  if (what.agent.empty()) ports_.unwatch({what.tenant, what.conversation, id});
}

template <typename Event>
void Readings::ForEach(const ConversationId& conversation, Event event) {
  auto found = by_conversation_.find(conversation);
  if (found == by_conversation_.end()) return;
  for (uint64_t id : std::vector<uint64_t>(found->second)) {
    event(*readings_.at(id));
    Drive(id);
  }
}

void Readings::On(const conversation::Deliver& delivered) {
  ForEach(delivered.conversation, [&](ConversationReading& reading) { reading.OnDeliver(delivered); });
}

void Readings::On(const conversation::GrantChanged& changed) {
  ForEach(changed.conversation, [&](ConversationReading& reading) {
    if (reading.what().agent == changed.agent) reading.OnGrant(changed);
  });
}

void Readings::On(const conversation::ContactChanged& changed) {
  std::optional<ingress::v1::ContactStatus> status;  // made for the first who asks
  ForEach(changed.conversation, [&](ConversationReading& reading) {
    if (!reading.IsCustomer()) return;
    if (!status) status = ports_.to_status(changed);
    reading.OnStatus(*status);
  });
}

void Readings::On(const conversation::ConversationClosed& closed) {
  ForEach(closed.conversation, [&](ConversationReading& reading) {
    if (reading.IsCustomer()) reading.OnConversationClosed();
  });
}

void Readings::Restart() {
  std::vector<uint64_t> ids;
  for (const auto& [id, reading] : readings_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (uint64_t id : ids) {
    ConversationReading& reading = *readings_.at(id);
    if (reading.IsCustomer()) ports_.watch({reading.what().tenant, reading.what().conversation, id});
    reading.Restart();
    Drive(id);
  }
}

void Readings::EndAll(const absl::Status& status) {
  for (auto& [id, reading] : std::exchange(readings_, {})) reading->End(status);
  by_conversation_.clear();
}

ConversationReading* Readings::Current(uint64_t id, uint64_t epoch) {
  auto found = readings_.find(id);
  return found == readings_.end() || found->second->epoch() != epoch ? nullptr : found->second.get();
}

void Readings::Drive(uint64_t id) {
  ConversationReading& reading = *readings_.at(id);
  if (reading.ended()) {
    Remove(id);
    return;
  }
  switch (reading.Next()) {
    case ConversationReading::Want::kNothing:
      return;
    case ConversationReading::Want::kOpen:
      return Open(id, reading);
    case ConversationReading::Want::kEndedRecord:
      return ReadEndedRecord(id, reading);
    case ConversationReading::Want::kPage:
      return ReadPage(id, reading);
  }
}

void Readings::Open(uint64_t id, const ConversationReading& reading) {
  ports_.open(reading.what(), [this, id, epoch = reading.epoch()](SessionAnswer&& answer) {
    ConversationReading* current = Current(id, epoch);
    if (current == nullptr) return;
    std::optional<ingress::v1::ContactStatus> status;
    if (answer.contact) status = ports_.to_status(*answer.contact);
    const bool closing = answer.closing;
    current->OnOpened(Expect<conversation::ReadingOpened>(std::move(answer)), status ? &*status : nullptr, closing);
    Drive(id);
  });
}

void Readings::ReadEndedRecord(uint64_t id, const ConversationReading& reading) {
  ports_.read({{conversation::kEndedTable, conversation::ConversationKey(reading.what().conversation)}},
              [this, id, epoch = reading.epoch()](const ReadingPorts::Values& values) {
                ConversationReading* current = Current(id, epoch);
                if (current == nullptr) return;
                const auto record = DecodeEnded(values, current->what().tenant);
                std::optional<conversation::ContactChanged> contact;
                if (record.ok()) contact = NewestContact(*record);
                std::optional<ingress::v1::ContactStatus> status;
                if (contact) status = ports_.to_status(*contact);
                current->OnEndedRecord(record, status ? &*status : nullptr);
                Drive(id);
              });
}

void Readings::ReadPage(uint64_t id, const ConversationReading& reading) {
  ports_.read(MessageKeys(reading.what().conversation, reading.page().first, reading.page().last),
              [this, id, epoch = reading.epoch()](const ReadingPorts::Values& values) {
                ConversationReading* current = Current(id, epoch);
                if (current == nullptr) return;
                current->OnPage(DecodeMessages(values));
                Drive(id);
              });
}

}  // namespace meridian
