// What the shard loop drives: the contract between a shard's deterministic core and the loop around it.
//
// The loop (shard_loop.h) is a template over a Program. A Program composes a pure core (libs/routing,
// libs/conversation) with its codec (libs/wire): commands in; answers, records, log entry and messages out. It is
// called by one thread at a time, reads no clock, starts no thread and does no I/O: equal calls give equal results, bit
// for bit.
//
//   struct Program {
//     using Command = …;   // movable
//     using Answer = …;    // movable
//     using Message = …;   // movable: what leaves for gateways, sessions, watchers once the batch is durable
//
//     // The request under which a command is idempotent within the window of architecture §3; nullopt where the
//     command
//     // carries its own identity (a token, a follower's position, a fact's edge).
//     std::optional<RequestKey> KeyOf(const Command&) const;
//     // Applies one command at shard time `now`. Refusals are answers. Effects gather until TakeBatch.
//     Answer Apply(Command command, Instant now);
//     // Stored with the batch, so that a repeat gets the first answer.
//     std::string EncodeAnswer(const Answer&) const;
//     Answer DecodeAnswer(std::string_view) const;
//     // The answer to a request that the loop itself refuses (reason machine-readable, see AnswerTable).
//     Answer Refuse(const absl::Status&) const;
//
//     // Optional: on whose behalf, for the tenants' shares of the mailbox (tenant_lines.h).
//     static std::string_view TenantOf(const Command&);
//
//     // The earliest deadline of the core; Instant::Never() when there is none. While background work remains (a new
//     // configuration is indexed), any instant that is past, such as {0}.
//     Instant NextDeadline() const;
//     // Runs one slice (≤ 200 µs) of timers due at `now`, oldest first, or of background work; true when more remains.
//     bool Advance(Instant now);
//
//     // Size of what gathered since the last TakeBatch, so that the loop closes a batch before it is too large for one
//     // commit. One command, one slice of Advance and FinishLoad add at most kMaxEffectRecords and kMaxEffectBytes
//     // (the answer included); what is larger is spread over slices. More than that and the store may refuse the
//     // commit: the shard would drop its memory and load again.
//     BatchSize PendingSize() const;
//     // Encodes what gathered and forgets it. `position` is where the log entry will stand.
//     ProgramBatch<Message> TakeBatch(LogPosition position, Instant now);
//
//     // Building the state anew from records: BeginLoad drops everything; Restore takes each record in any order;
//     // FinishLoad is called once with the new term, makes the derived state (indexes, timers) and may leave effects
//     // (TermStarted events, re-delivered offers), which the loop commits as the first batch of the term.
//     void BeginLoad();
//     absl::Status Restore(const Record&);
//     // After a refused commit the loop may load again under the same term: FinishLoad opens a term only if the
//     records
//     // do not say that it was opened already. BeginLoad also drops effects that were not taken.
//     absl::Status FinishLoad(const TermGrant& term, Instant now);
//     // The tables that Load reads at a start.
//     std::vector<uint8_t> LiveTables() const;
//
//     // Optional: after FinishLoad with `tail_at_risk` the program makes no offers until this call.
//     void EndReplayWindow(Instant now);
//
//     // Optional, replay: applies a command again that was acknowledged in an earlier term and whose effect this one
//     // lacks; such commands come before all others of the term, in the order of their acknowledgement. Without it
//     they
//     // are applied like any other.
//     Answer Replay(Command command, Instant now);
//     // For a CommandReplayer: about what a command takes when it is kept, nullopt when it is not to be kept (reads,
//     // presence); and what became of a command.
//     static std::optional<size_t> KeptBytes(const Command&);
//     static ReplayVerdict VerdictOf(const Answer&);
//   };
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/uuid.h"
#include "libs/runtime/shard_store.h"

namespace meridian {

// Who asked what: `digest` covers the subject who asks and the request's body (DigestOfRequest), so that the same id
// with another body, or from another subject of the tenant, is refused.
struct RequestKey {
  std::string tenant;
  Uuid request_id;
  uint64_t digest = 0;
};

inline uint64_t DigestOfRequest(std::string_view subject, std::string_view body) {
  std::string asked = std::to_string(subject.size());
  asked.append(" ").append(subject).append(body);
  return StableHash(asked);
}

enum class ReplayVerdict : uint8_t {
  kAcknowledged,
  kRefused,     // by the program, or for its request id: it has no effect and never will
  kNotApplied,  // the loop dropped it: to be sent again
};

// The order of architecture §7.9 under overload: live work, then new contacts, then reads.
enum class Lane : uint8_t { kLiveWork = 0, kNewContacts = 1, kReads = 2 };
inline constexpr int kLanes = 3;

// What one command or slice may add to a batch, so that it always fits into one commit beside the loop's own records.
inline constexpr size_t kMaxEffectRecords = 100;
inline constexpr size_t kMaxEffectBytes = 100 * 1024;

struct BatchSize {
  size_t records = 0;
  size_t bytes = 0;  // an estimate from above
};

template <typename Message>
struct ProgramBatch {
  std::vector<Record> puts;
  std::vector<RecordKey> deletes;
  std::string log_entry;
  std::vector<Message> messages;  // released in order when the batch is durable

  bool HasWrites() const { return !puts.empty() || !deletes.empty() || !log_entry.empty(); }
};

}  // namespace meridian
