// The readings of a shard: found by conversation, driven by what the shard says, each asking for what it wants next.
// The shard's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/conversation/effects.h"
#include "libs/runtime/shard_store.h"
#include "services/session/reading.h"
#include "services/session/session_program.h"

namespace meridian {

// What a reading asks for. Answers come on the shard's thread, never inside the call.
struct ReadingPorts {
  std::function<void(conversation::OpenReading, absl::AnyInvocable<void(SessionAnswer&&)>)> open;
  using Values = absl::StatusOr<std::vector<std::optional<std::string>>>;
  std::function<void(std::vector<RecordKey>, absl::AnyInvocable<void(Values)>)> read;
  // The customer's presence.
  std::function<void(conversation::WatchConversation)> watch;
  std::function<void(conversation::UnwatchConversation)> unwatch;
  std::function<ingress::v1::ContactStatus(const conversation::ContactChanged&)> to_status;
};

class Readings {
 public:
  explicit Readings(ReadingPorts ports) : ports_(std::move(ports)) {}

  // `id` is also the number of the customer's connection.
  void Add(uint64_t id, conversation::OpenReading what, std::shared_ptr<ReaderGate> gate);
  void Remove(uint64_t id);

  void On(const conversation::Deliver& delivered);
  void On(const conversation::GrantChanged& changed);
  void On(const conversation::ContactChanged& changed);
  void On(const conversation::ConversationClosed& closed);
  // The shard serves again after a load: presence is told anew, and each reading asks where it stands.
  void Restart();
  void EndAll(const absl::Status& status);

  size_t size() const { return readings_.size(); }

 private:
  // Calls `event` for each reading of the conversation, then what it wants.
  template <typename Event>
  void ForEach(const ConversationId& conversation, Event event);
  // The reading to which an answer belongs; nullptr when it has gone or has begun anew.
  ConversationReading* Current(uint64_t id, uint64_t epoch);
  // Asks for what the reading wants, or forgets it when it has ended.
  void Drive(uint64_t id);
  void Open(uint64_t id, const ConversationReading& reading);
  void ReadEndedRecord(uint64_t id, const ConversationReading& reading);
  void ReadPage(uint64_t id, const ConversationReading& reading);

  const ReadingPorts ports_;
  std::unordered_map<uint64_t, std::unique_ptr<ConversationReading>> readings_;
  std::unordered_map<ConversationId, std::vector<uint64_t>> by_conversation_;
};

// What the store holds under the keys of messages first … last, in order. DATA_LOSS when one is not there.
absl::StatusOr<std::vector<conversation::MessageRecord>> DecodeMessages(const ReadingPorts::Values& values);
std::vector<RecordKey> MessageKeys(const ConversationId& conversation, uint64_t first, uint64_t last);
// The ended conversation, if it is this tenant's; NOT_FOUND otherwise.
absl::StatusOr<conversation::ConversationRecord> DecodeEnded(const ReadingPorts::Values& values,
                                                             const TenantId& tenant);

}  // namespace meridian
