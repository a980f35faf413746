// One reader of a tenant's events: reads the log a slice at a time, sends what is the tenant's, and reads on when the
// client has taken it or new entries are durable. Holds at most one slice. Any thread; held by its call and, weakly, by
// callbacks of the store.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "libs/rpc/server_stream.h"
#include "meridian/event/v1/event_service.pb.h"
#include "services/replicator/handlers.h"

namespace meridian {

class EventStream : public std::enable_shared_from_this<EventStream> {
 public:
  using Out = rpc::ServerStream<event::v1::StreamResponse>;

  EventStream(const EventPorts& ports, TenantId tenant, event::v1::StreamRequest request, Out out);

  // Once. INVALID_ARGUMENT for a malformed position or an unknown topic.
  absl::Status Start();
  void OnWritable();
  // No call to the client comes after it.
  void Stop();

 private:
  // Where position_ is from: kPosition of the request, kEntry of an entry that this stream has read.
  enum class From { kOldest, kNow, kPosition, kEntry };

  void OnShard(absl::StatusOr<TenantShards> shards);
  void OnEnd(absl::StatusOr<ChainHead> head);
  void ReadOn();
  void OnEntries(absl::StatusOr<std::vector<LogEntry>> entries);
  // Sends the tenant's events of these entries; false when there were none.
  bool SendEvents(const std::vector<LogEntry>& entries);
  bool ReachedEnd() const;
  void Finish(absl::Status status);
  template <typename Result>
  absl::AnyInvocable<void(Result)> Later(void (EventStream::*handle)(Result));

  const EventPorts ports_;
  const TenantId tenant_;
  const event::v1::StreamRequest request_;
  const std::set<int> topics_;
  const Out out_;
  From from_ = From::kOldest;

  std::mutex mutex_;
  ShardId shard_;                   // under mutex_, as all below
  LogPosition position_;            // of the last entry handled
  std::optional<LogPosition> end_;  // with until_now: where the log ended when the stream began
  bool started_ = false;            // shard and end are known
  bool reading_ = false;
  bool writing_ = false;  // what was sent has not been taken
  bool news_ = true;      // there may be entries behind position_
  bool stopped_ = false;
  std::unique_ptr<EventLog::Subscription> watch_;
};

}  // namespace meridian
