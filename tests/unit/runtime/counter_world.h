// One counter shard over a scripted store, in virtual time on one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/shard_loop.h"
#include "libs/testing/fake_clock.h"
#include "tests/unit/runtime/counter_program.h"
#include "tests/unit/runtime/scripted_store.h"

namespace meridian {

class CounterWorld {
 public:
  using Loop = ShardLoop<CounterProgram>;

  explicit CounterWorld(ShardLoopOptions options = {}) : options_(std::move(options)) {
    options_.identity.shard = {ShardKind::kRouting, 1};
    options_.identity.owner = "test";
  }

  // A new process: memory is new, the store and the clocks stay.
  void Boot() {
    loop_.reset();
    options_.identity.nonce += 100;
    auto program = std::make_unique<CounterProgram>();
    program_ = program.get();
    ShardHooks<CounterProgram> hooks;
    hooks.on_message = [this](std::string&& message) { events_.push_back("message " + message); };
    hooks.on_state = [this](ShardState state, const absl::Status&) { states_.push_back(state); };
    hooks.snapshot = [this](const CounterProgram& program) -> absl::AnyInvocable<void()> {
      return [this, values = program.values()] { snapshot_ = values; };
    };
    loop_ = std::make_unique<Loop>(std::move(program), options_,
                                   ShardPorts{&store_, &store_, clock_.monotonic(), clock_.wall()}, std::move(hooks));
    loop_->Start();
  }
  // kill -9: what was sent and has not arrived is lost with the process.
  void Crash() {
    store_.DropCalls();
    loop_.reset();
    store_.DropCalls();
  }

  void StepLoop() {
    while (loop_->Step()) {
    }
  }
  // Everything that can happen without time passing.
  void Settle() {
    do {
      StepLoop();
    } while (store_.Step());
  }
  void BootAndServe() {
    Boot();
    Settle();
  }
  // Time passes, stepping the loop when it asks for it.
  void Pass(Duration time) {
    const MonotonicInstant end = clock_.MonotonicNow() + time;
    for (;;) {
      Settle();
      const MonotonicInstant wake = loop_->NextWake();
      if (wake > end) break;
      clock_.Advance(std::max(wake - clock_.MonotonicNow(), Duration::Microseconds(1)));
    }
    clock_.Advance(end - clock_.MonotonicNow());
    Settle();
  }

  // Answers arrive in events() as "<label>: <value>" or "<label>: <reason>".
  absl::Status Post(CounterCommand command, std::string label, Lane lane = Lane::kLiveWork,
                    MonotonicInstant deadline = MonotonicInstant::Never()) {
    auto done = [this, label](CounterAnswer&& answer) {
      std::string text = answer.refusal.ok() ? std::to_string(answer.value) : ReasonOf(answer.refusal);
      if (auto time = ShardTimeOf(answer.refusal)) refusal_time_ = *time;
      events_.push_back(label + ": " + text);
    };
    return loop_->Post(std::move(command), lane, std::move(done), deadline);
  }
  absl::Status Add(const std::string& name, int64_t delta, Lane lane = Lane::kLiveWork) {
    return Post({name, delta}, name, lane);
  }
  void Query(const std::string& name) {
    loop_->Query(
        [name](const CounterProgram& program) { return program.Value(name); },
        [this, name](absl::StatusOr<int64_t> value) {
          events_.push_back("query " + name + ": " + (value.ok() ? std::to_string(*value) : ReasonOf(value.status())));
        });
  }
  RequestKey Key(uint64_t number, Duration age = Duration::Zero(), uint64_t digest = 7) {
    return {"acme", Uuid::Version7((clock_.WallNow() - age).ToUnixMilliseconds(), 1, number), digest};
  }

  std::vector<std::string> TakeEvents() { return std::exchange(events_, {}); }
  const std::vector<ShardState>& states() const { return states_; }
  const std::optional<std::map<std::string, int64_t>>& snapshot() const { return snapshot_; }
  std::optional<Instant> refusal_time() const { return refusal_time_; }

  Loop& loop() { return *loop_; }
  CounterProgram& program() { return *program_; }
  ScriptedStore& store() { return store_; }
  testing::FakeClock& clock() { return clock_; }

 private:
  testing::FakeClock clock_;
  ScriptedStore store_{clock_.monotonic()};
  ShardLoopOptions options_;
  std::vector<std::string> events_;
  std::vector<ShardState> states_;
  std::optional<std::map<std::string, int64_t>> snapshot_;
  std::optional<Instant> refusal_time_;
  CounterProgram* program_ = nullptr;
  std::unique_ptr<Loop> loop_;
};

}  // namespace meridian
