// Keeps what a shard acknowledged to its callers in this process, and sends it again when a term begins without it. For
// the owner of a ShardLoop, whose store says whether it may lose an acknowledged tail; where it may not, nothing is
// kept and nothing costs.
//
//   CommandReplayer<Program> replayer("callers", store->MayLoseAcknowledgedTail(), monotonic);
//   hooks.on_term = replayer.OnTermHook();
//   … make the loop; replayer.Serve(&loop);
//   loop.Post(std::move(command), lane, replayer.Keeping(command, std::move(done)));
//
// The Program says what is kept (shard_program.h, "replay"). Threads: Keeping: any. The rest, and what Keeping returns:
// the loop's owner. Outlives the loop's callbacks, so it stands before the loop in its owner.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "libs/runtime/acknowledged_commands.h"
#include "libs/runtime/shard_loop.h"

namespace meridian {

template <typename Program>
class CommandReplayer {
 public:
  using Loop = ShardLoop<Program>;
  using Command = typename Program::Command;
  using Answer = typename Program::Answer;
  using Done = typename Loop::Done;

  // `name`: as which it is registered with the loop's replay window.
  CommandReplayer(std::string name, bool keeps, const MonotonicClock* monotonic, AcknowledgedCommandsLimits limits = {})
      : name_(std::move(name)), keeps_(keeps), monotonic_(monotonic), kept_(limits) {}

  // Null where nothing is kept.
  std::function<void(const TermGrant&)> OnTermHook() {
    if (!keeps_) return nullptr;
    return [this](const TermGrant& grant) { OnTerm(grant); };
  }
  void Serve(Loop* loop) {
    loop_ = loop;
    if (keeps_) loop->RegisterReplayer(name_);
  }

  // `done`, which also keeps the command when it is acknowledged.
  Done Keeping(const Command& command, Done done) {
    if (!keeps_) return done;
    const std::optional<size_t> bytes = Program::KeptBytes(command);
    if (!bytes) return done;
    return [this, command = Command(command), bytes = *bytes, done = std::move(done)](Answer&& answer) mutable {
      if (Program::VerdictOf(answer) == ReplayVerdict::kAcknowledged) Keep(std::move(command), bytes);
      done(std::move(answer));
    };
  }

  size_t kept() const { return kept_.size(); }

 private:
  void Keep(Command command, size_t bytes) {
    kept_.Keep(std::move(command), loop_->releasing(), bytes, monotonic_->Now());
  }

  void OnTerm(const TermGrant& grant) {
    auto lost = kept_.TakeLost(grant.last.number);
    under_way_ = lost.size();
    missed_ = false;
    if (lost.empty()) return loop_->Replayed(name_);
    for (auto& one : lost) {
      Command again = one.command;
      loop_->Replay(std::move(again),
                    [this, command = std::move(one.command), bytes = one.bytes, at = one.at](Answer&& answer) mutable {
                      OnReplayed(std::move(command), bytes, at, Program::VerdictOf(answer));
                    });
    }
  }

  void OnReplayed(Command command, size_t bytes, MonotonicInstant at, ReplayVerdict verdict) {
    switch (verdict) {
      case ReplayVerdict::kAcknowledged:
        Keep(std::move(command), bytes);
        break;
      case ReplayVerdict::kNotApplied:  // the next term's
        missed_ = true;
        kept_.Keep(std::move(command), AcknowledgedCommands<Command>::kNoCommit, bytes, at);
        break;
      case ReplayVerdict::kRefused:
        break;
    }
    if (--under_way_ == 0 && !missed_) loop_->Replayed(name_);
  }

  const std::string name_;
  const bool keeps_;
  const MonotonicClock* const monotonic_;
  AcknowledgedCommands<Command> kept_;
  Loop* loop_ = nullptr;
  size_t under_way_ = 0;  // replays that are not answered
  bool missed_ = false;   // one of this term did not arrive
};

}  // namespace meridian
