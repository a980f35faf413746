#include "services/process/store_watch.h"

#include <mutex>
#include <optional>

namespace meridian {
namespace {

constexpr Duration kInterval = Duration::Milliseconds(500);
constexpr Duration kPatience = Duration::Seconds(2);
constexpr char kName[] = "store";

}  // namespace

struct StoreWatch::State {
  static void Look(const std::shared_ptr<State>& self, EventLog* log, ShardId shard) {
    {
      std::lock_guard lock(self->mutex);
      if (self->readiness == nullptr) return;
      const MonotonicInstant now = self->clock->Now();
      if (self->asked_at) {
        if (now - *self->asked_at > kPatience) {
          self->readiness->Tell(kName, false, "does not answer", absl::OkStatus());
        }
        return;
      }
      self->asked_at = now;
    }
    log->Describe(shard, [self](const absl::StatusOr<LogState>& answer) { self->OnAnswer(answer.status()); });
  }

  void OnAnswer(const absl::Status& status) {
    std::lock_guard lock(mutex);
    asked_at.reset();
    if (readiness != nullptr) readiness->Tell(kName, status.ok(), status.ok() ? "answers" : "fails", status);
  }

  const MonotonicClock* clock = nullptr;
  std::mutex mutex;
  Readiness* readiness = nullptr;            // under mutex; null once nobody listens
  std::optional<MonotonicInstant> asked_at;  // under mutex; while an answer is waited for
};

StoreWatch::StoreWatch(rpc::DeadlineTimer* timer, const MonotonicClock* clock, EventLog* log, ShardId shard,
                       Readiness* readiness)
    : state_([&] {
        readiness->Expect(kName);
        auto state = std::make_shared<State>();
        state->clock = clock;
        state->readiness = readiness;
        return state;
      }()),
      look_(timer, kInterval, [state = state_, log, shard] { State::Look(state, log, shard); }) {}

StoreWatch::~StoreWatch() {
  std::lock_guard lock(state_->mutex);
  state_->readiness = nullptr;
}

}  // namespace meridian
