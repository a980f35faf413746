// Has the shard erase closed conversations when their time is over: reads the oldest closings and what is to be known
// of their ended records, hands that to the core, which says how long to wait, and goes on. It keeps nothing: after a
// load it begins where the records stand. What cannot be read stays where it is, is told once, and does not stop the
// others. Bounded: kAtOnce closings are read at once, and one command is under way, on the lane that comes after live
// work. The shard's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "libs/base/time.h"
#include "libs/conversation/command.h"
#include "libs/conversation/session_core.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/shard_store.h"
#include "services/session/readings.h"
#include "services/session/session_client.h"

namespace meridian {

struct ErasureTrouble {
  absl::Status why;             // NOT_FOUND: the closing's ended record is missing
  uint64_t closing = 0;         // that was stepped over; 0: nothing can be read now, and all is tried again
  ConversationId conversation;  // nil: not known
};

// Answers come on the shard's thread, never inside the call.
struct EraserPorts {
  std::function<const conversation::SessionCore&()> core;
  std::function<void(std::vector<RecordKey>, absl::AnyInvocable<void(ReadingPorts::Values)>)> read;
  std::function<void(conversation::EraseClosed, SessionClient::Done<conversation::Erased>)> post;
  std::function<MonotonicInstant()> now;
  std::function<void(const ErasureTrouble&)> on_trouble;
};

class Eraser {
 public:
  static constexpr size_t kAtOnce = 16;
  static constexpr Duration kPause = Duration::Milliseconds(1);
  static constexpr Duration kLongestWait = Duration::Hours(1);
  static constexpr Duration kRetry = Duration::Seconds(10);

  explicit Eraser(EraserPorts ports) : ports_(std::move(ports)) {}

  // The shard serves; it does no more.
  void Start();
  void Stop();

  void Step();
  // Never while something is under way.
  MonotonicInstant NextWake() const { return wake_; }

 private:
  void OnClosings(conversation::EraseClosed command, const ReadingPorts::Values& values);
  void OnEndedRecords(conversation::EraseClosed command, std::optional<ErasureTrouble> trouble,
                      const ReadingPorts::Values& values);
  // `trouble`, if any, is with the last of what was read, and told when that has been done.
  void Post(conversation::EraseClosed command, std::optional<ErasureTrouble> trouble = std::nullopt);
  void WaitFor(Duration time);
  void Fail(const absl::Status& why);

  const EraserPorts ports_;
  MonotonicInstant wake_ = MonotonicInstant::Never();
  uint64_t epoch_ = 0;  // answers to questions of an older one are not wanted any more
};

}  // namespace meridian
