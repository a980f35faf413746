// Why something is in the state that it is in: carried by records and events beside the state. Each enum starts with
// kNone, "no reason applies". Constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace meridian {

// Why a contact is in a line again.
enum class RequeueReason : uint8_t {
  kNone,  // for the first time in line
  kRejected,
  kTimedOut,
  kRescinded,
  kAgentLost,
  kMediaFailed,
  kTransferredNextStep,
  kTransferredQueue,
  kTransferredAgent,
  kCustomerBack,
  kCallbackDue,
};
inline constexpr int kRequeueReasonCount = 11;

// Why a contact ended.
enum class EndReason : uint8_t {
  kNone,                // has not ended
  kCompletedByAgent,    // completed: the agent ended the talk
  kCustomerLeft,        // completed: the customer left an assigned contact
  kAgentLost,           // completed: the agent was lost during after-contact work
  kAbandoned,           // abandoned: the customer left before an agent was connected
  kCanceledByCustomer,  // canceled
  kCanceledByOperator,  // canceled
  kExpiredInQueue,      // expired: waited longer than the queue allows
  kSuperseded,          // canceled: a copy in another region went on instead
};
inline constexpr int kEndReasonCount = 9;

// How the session knows that a customer left.
enum class CustomerLeftReason : uint8_t { kNone, kClosed, kConnectionLost };
inline constexpr int kCustomerLeftReasonCount = 3;

// Why an offer was rescinded or canceled.
enum class RescindReason : uint8_t {
  kNone,
  kUndelivered,       // the gateway did not confirm it in time
  kAgentLost,         // the agent is detached or offline
  kAgentUnavailable,  // the agent chose an away activity, or the shift ended, before delivery
  kConfiguration,     // a new revision changed who may take it
  kCustomerLeft,      // canceled with its contact
  kContactCanceled,   // canceled with its contact
  kContactExpired,    // canceled with its contact
};
inline constexpr int kRescindReasonCount = 8;

// Why an agent is offline or detached.
enum class AbsenceReason : uint8_t {
  kNone,
  kNeverAttached,
  kConnectionLost,
  kSlowReader,  // the backlog towards the agent was not drained
  kOwnerChanged,
  kGraceEnded,
  kSignedOff,
  kRemoved,
};
inline constexpr int kAbsenceReasonCount = 8;

// Where a transfer sends a contact.
enum class TransferTarget : uint8_t { kNextStep, kQueue, kAgent };
inline constexpr int kTransferTargetCount = 3;

// Lower case with underscores; never empty for a listed enumerator.
std::string_view ToString(RequeueReason reason);
std::string_view ToString(EndReason reason);
std::string_view ToString(CustomerLeftReason reason);
std::string_view ToString(RescindReason reason);
std::string_view ToString(AbsenceReason reason);
std::string_view ToString(TransferTarget target);

}  // namespace meridian
