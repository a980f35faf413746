// Keeps what a shard acknowledged to its callers, and sends it again when a term begins without it. For the owner of a
// ShardLoop, whose store says whether it may lose an acknowledged tail; where it may not, nothing is kept and nothing
// costs.
//
//   CommandReplayer<Program> replayer("callers", store->MayLoseAcknowledgedTail(), monotonic);
//   hooks.on_term = replayer.OnTermHook();
//   … make the loop; replayer.Serve(&loop);
//   loop.Post(std::move(command), lane, replayer.Keeping(command, std::move(done)));
//
// Callers in other processes keep the same (RemoteCallers), since this one may not have owned the shard before. A term
// whose tail is at risk asks them, and applies nothing until all have sent what they have, or kLongest has passed; then
// their commands and those kept here go in one order, each once. What comes after that is applied like any other
// command: offers have been made, so nothing is restored for it.
//
// The Program says what is kept (shard_program.h, "replay"). Threads: Keeping, Offer: any. The rest, and what Keeping
// returns: the loop's owner. Outlives the loop's callbacks, so it stands before the loop in its owner.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "libs/runtime/acknowledged_commands.h"
#include "libs/runtime/remote_callers.h"
#include "libs/runtime/replay_window.h"
#include "libs/runtime/shard_loop.h"

namespace meridian {

template <typename Program>
class CommandReplayer {
 public:
  using Loop = ShardLoop<Program>;
  using Command = typename Program::Command;
  using Answer = typename Program::Answer;
  using Done = typename Loop::Done;
  static constexpr Duration kLongest = ReplayWindow::kLongest;

  // `name`: as which it is registered with the loop's replay window. `remote` outlives it; null: all callers are here.
  CommandReplayer(std::string name, bool keeps, const MonotonicClock* monotonic, RemoteCallers* remote = nullptr,
                  AcknowledgedCommandsLimits limits = {})
      : name_(std::move(name)), keeps_(keeps), monotonic_(monotonic), remote_(remote), limits_(limits), kept_(limits) {}

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

  // A caller in another process sends again what it kept.
  void Offer(Command command, const ReplayOf& of, Lane lane, ReplayDone done) {
    loop_->Defer([this, command = std::move(command), of, lane, done = std::move(done)]() mutable {
      Take(std::move(command), of, lane, std::move(done));
    });
  }

  size_t kept() const { return kept_.size(); }

 private:
  using Kept = typename AcknowledgedCommands<Command>::Kept;
  // One to be applied again: kept here, or there, or by both.
  struct Again {
    Kept kept;
    bool is_kept_here = false;
    ReplayDone remote;  // null: nobody else asks
  };

  void Keep(Command command, size_t bytes) {
    if (const auto answered = Releasing()) kept_.Keep(std::move(command), *answered, bytes, monotonic_->Now());
  }

  void OnTerm(const TermGrant& grant) {
    term_ = grant.term;
    survived_ = grant.last.number;
    gathering_ = remote_ != nullptr && grant.tail_at_risk;
    if (!gathering_) return ReplayAll();
    all_have_come_ = false;
    give_up_at_ = monotonic_->Now() + kLongest;
    remote_->Ask(loop_->shard(), term_, survived_);
    loop_->AwaitReplays([this] { return IsReady(); }, [this] { DropGathered(); });
  }

  void DropGathered() {
    gathering_ = false;
    for (auto& [answered, again] : std::exchange(gathered_, {})) NotApplied(again.remote);
  }

  // What was sent before its caller said that this was all has been taken by the next step.
  bool IsReady() {
    if (!all_have_come_ && monotonic_->Now() < give_up_at_) {
      all_have_come_ = remote_->HaveReplayed(loop_->shard(), term_);
      return false;
    }
    gathering_ = false;
    ReplayAll();
    return true;
  }

  void Take(Command command, const ReplayOf& of, Lane lane, ReplayDone done) {
    const std::optional<size_t> bytes = Program::KeptBytes(command);
    const bool is_of_term = of.term == term_ && loop_->state() == ShardState::kServing;
    if (!keeps_ || !bytes || !is_of_term || gathered_.size() >= limits_.count) return NotApplied(done);
    if (!gathering_) return ApplyLate(std::move(command), lane, std::move(done));
    Again& again = gathered_[of.answered];
    NotApplied(again.remote);  // the same once more
    again.kept = {std::move(command), of.answered, *bytes, monotonic_->Now(), true};
    again.remote = std::move(done);
  }

  void ApplyLate(Command command, Lane lane, ReplayDone done) {
    auto shared = std::make_shared<ReplayDone>(std::move(done));
    Done answered = Keeping(command, [shared](Answer&& answer) { Tell(*shared, Program::VerdictOf(answer)); });
    if (!loop_->Post(std::move(command), lane, std::move(answered)).ok()) NotApplied(*shared);
  }

  // In the order in which they were acknowledged.
  void ReplayAll() {
    std::map<Acknowledgement, Again> all = std::exchange(gathered_, {});
    for (Kept& kept : kept_.TakeLost(term_, survived_)) {
      Again& again = all[kept.answered];
      again.kept = std::move(kept);
      again.is_kept_here = true;
    }
    under_way_ = all.size();
    missed_ = false;
    if (all.empty()) return loop_->Replayed(name_);
    for (auto& [answered, again] : all) {
      Command command = again.kept.command;
      loop_->Replay(std::move(command), [this, again = std::move(again)](Answer&& answer) mutable {
        OnReplayed(std::move(again), Program::VerdictOf(answer));
      });
    }
  }

  void OnReplayed(Again again, ReplayVerdict verdict) {
    switch (verdict) {
      case ReplayVerdict::kAcknowledged:
        Keep(std::move(again.kept.command), again.kept.bytes);
        break;
      case ReplayVerdict::kNotApplied:  // the next term's
        missed_ = true;
        if (again.is_kept_here) kept_.KeepLost(std::move(again.kept));
        break;
      case ReplayVerdict::kRefused:
        break;
    }
    Tell(again.remote, verdict);
    if (--under_way_ == 0 && !missed_) loop_->Replayed(name_);
  }

  static void Tell(ReplayDone& done, ReplayVerdict verdict) {
    if (done) done(verdict, verdict == ReplayVerdict::kAcknowledged ? Releasing() : std::nullopt);
  }
  static void NotApplied(ReplayDone& done) { Tell(done, ReplayVerdict::kNotApplied); }

  const std::string name_;
  const bool keeps_;
  const MonotonicClock* const monotonic_;
  RemoteCallers* const remote_;
  const AcknowledgedCommandsLimits limits_;
  AcknowledgedCommands<Command> kept_;
  Loop* loop_ = nullptr;
  size_t under_way_ = 0;  // replays that are not answered
  bool missed_ = false;   // one of this term did not arrive

  uint64_t term_ = 0;
  uint64_t survived_ = 0;  // the commit that the term continues
  bool gathering_ = false;
  bool all_have_come_ = false;
  MonotonicInstant give_up_at_;
  std::map<Acknowledgement, Again> gathered_;  // from other processes
};

}  // namespace meridian
