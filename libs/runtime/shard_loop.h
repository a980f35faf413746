// Drives one shard's Program (shard_program.h): take what the mailbox holds → stamp `now` → apply → one commit → when
// durable, release answers, messages and reads in order, and only while the lease holds by the local clock.
//
//   ShardLoop<RoutingProgram> loop(std::move(program), options, ports, hooks);
//   thread.Add(&loop);                      // or Step() it from a test
//   loop.Start();
//   absl::Status posted = loop.Post(std::move(command), Lane::kLiveWork, [](Answer&& answer) { … });
//   loop.Query([](const RoutingProgram& program) { return program.Explain(id); },
//              [](absl::StatusOr<Explanation> result) { … });
//
// After a term that may lack what was acknowledged, commands that are replayed (Replay) come before all others.
//
// Threads: Post, Query, Start, RequestStop, RegisterReplayer, Replayed, state and the sizes: any. Everything else: the
// thread that owns the loop. Callbacks (`done`, hooks) are called on that thread, never inside Post, and must not
// block; they may call Post and Query. They are called exactly once, at the latest by the destructor.
//
// Overload (architecture §7.9): a batch serves live work first, then new contacts while the batch is short of its time,
// then reads; each lane has its own bound, and what does not fit is refused at once. Of new contacts a tenant may have
// as many waiting as there is room left (mailbox.h), so that one who floods the shard is refused before the others.
#pragma once

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "libs/runtime/answer_table.h"
#include "libs/runtime/mailbox.h"
#include "libs/runtime/refusal.h"
#include "libs/runtime/replay_window.h"
#include "libs/runtime/shard_clock.h"
#include "libs/runtime/shard_lifecycle.h"
#include "libs/runtime/shard_program.h"
#include "libs/runtime/shard_time_record.h"
#include "libs/runtime/stepped.h"

namespace meridian {

struct BatchLimits {
  std::array<size_t, kLanes> per_lane = {1024, 128, 64};  // commands of one batch, by Lane
  Duration time = Duration::Milliseconds(2);              // no further command is begun after it
  size_t held = 8192;  // answers that wait for one commit before the loop takes no more
};

struct ShardLoopOptions {
  ShardIdentity identity;
  MailboxLimits mailbox;
  BatchLimits batch;
  AnswerTableLimits answers;
  Duration snapshot_interval = Duration::Milliseconds(200);
};

template <typename Program>
struct ShardHooks {
  // What the program sends, in order, once durable.
  std::function<void(typename Program::Message&&)> on_message;
  // Called when a batch closes, at most once per snapshot_interval; what it returns (a copy of counters, ready to
  // publish) is called when that batch is durable.
  std::function<absl::AnyInvocable<void()>(const Program&)> snapshot;
  // The shard's state changed; the status says why when something went wrong (for the process's log).
  std::function<void(ShardState, const absl::Status&)> on_state;
  // A term has been loaded and nothing applied in it yet: the moment for Replay. May be null.
  std::function<void(const TermGrant&)> on_term;
};

template <typename Program>
class ShardLoop final : public Stepped, private ShardHost {
 public:
  using Command = typename Program::Command;
  using Answer = typename Program::Answer;
  using Message = typename Program::Message;
  using Done = absl::AnyInvocable<void(Answer&&)>;

  ShardLoop(std::unique_ptr<Program> program, ShardLoopOptions options, ShardPorts ports, ShardHooks<Program> hooks);
  ~ShardLoop() override;

  // Takes the lease and begins to serve; from kStopped, kLost (at once, without waiting for the next attempt) and
  // kFailed. Commands posted before it wait, unless the store fails: then they are refused with the reason.
  void Start() {
    completions_->Post([this] { Restart(); });
  }
  void RequestStop() override {
    completions_->Post([this] { lifecycle_.Stop(); });
  }

  // OK: `done` will be called. RESOURCE_EXHAUSTED (MAILBOX_FULL) or UNAVAILABLE (NOT_OWNER: not serving any more): it
  // will not, and both arguments are as they were.
  // A command whose turn comes after `deadline` is not applied: DEADLINE_EXCEEDED (DEADLINE_PASSED).
  absl::Status Post(Command&& command, Lane lane, Done&& done, MonotonicInstant deadline = MonotonicInstant::Never());

  // Runs `read(const Program&) -> R` in the reads lane and calls `done(absl::StatusOr<R>)` when the last batch applied
  // before it is durable; with an error at once, on the caller's thread, when the lane is full or closed.
  template <typename Read, typename DoneWithResult>
  void Query(Read read, DoneWithResult done);

  // See ShardLifecycle.
  void LeaveTermBelow(uint64_t known) {
    completions_->Post([this, known] { lifecycle_.LeaveTermBelow(known); });
  }

  // Clients that send acknowledged commands again after a term with a lost tail (replay_window.h).
  void RegisterReplayer(std::string client) {
    completions_->Post([this, client] { replay_.Register(client); });
  }
  void UnregisterReplayer(std::string client) {
    completions_->Post([this, client] { replay_.Unregister(client); });
  }
  void Replayed(std::string client) {
    completions_->Post([this, client] { replay_.Replayed(client); });
  }

  // Inside ShardHooks::on_term: applied before whatever else waits, in order. `done` as of Post; when the term ends
  // first, with the program's refusal.
  void Replay(Command&& command, Done&& done) { replays_.push_back({std::move(command), std::move(done)}); }
  // Inside `done`: the number of the commit that its answer waited for.
  uint64_t releasing() const { return releasing_; }

  void SetWaker(std::function<void()> waker) override { completions_->SetWaker(std::move(waker)); }
  bool Step() override;
  MonotonicInstant NextWake() override;
  bool stopped() const override {
    const ShardState now = state();
    return now == ShardState::kStopped || now == ShardState::kLost || now == ShardState::kFailed;
  }

  ShardId shard() const { return options_.identity.shard; }
  ShardState state() const { return lifecycle_.state(); }
  size_t mailbox_size(Lane lane) const { return mailbox_.size(lane); }
  // The owner's thread.
  const Program& program() const { return *program_; }
  const CommitChain& chain() const { return lifecycle_.chain(); }

 private:
  class PendingRead {
   public:
    virtual ~PendingRead() = default;
    virtual void Run(const Program& program) = 0;
    virtual void Release() = 0;
    virtual void Refuse(const absl::Status& status) = 0;
  };
  template <typename Read, typename DoneWithResult>
  class ReadWith;

  struct Request {
    Command command;
    Done done;
    MonotonicInstant deadline = MonotonicInstant::Never();
  };
  using Item = std::variant<std::monostate, Request, std::unique_ptr<PendingRead>>;

  struct HeldAnswer {
    Answer answer;
    Done done;
  };
  // What leaves when commit `number` is durable.
  struct HeldBatch {
    uint64_t number = 0;
    std::vector<HeldAnswer> answers;
    std::vector<Message> messages;
    std::vector<std::unique_ptr<PendingRead>> reads;
    absl::AnyInvocable<void()> snapshot;

    size_t size() const { return answers.size() + reads.size(); }
    void Clear() {  // keeps what it has allocated
      answers.clear();
      messages.clear();
      reads.clear();
      snapshot = nullptr;
    }
  };

  void Restart();
  bool Serve();
  bool HasWork(Instant now);
  void RunBatch(Instant now);
  void RunTimers(Instant now, MonotonicInstant until);
  bool TakeReplays(Instant now, MonotonicInstant until);
  void TakeLane(Lane lane, Instant now, MonotonicInstant until);
  void ApplyItem(Item item, Instant now, MonotonicInstant tick);
  void ApplyRequest(Request request, Instant now, bool replayed);
  bool HasRoom() const;
  void CloseBatch(Instant now);
  void Hold(std::vector<Message>&& messages, uint64_t number);
  void TakeSnapshot(HeldBatch* batch);
  bool ReleaseDurable();
  void Release(HeldBatch* batch);
  void RefuseMailbox(const absl::Status& status);
  static absl::Status Refusal(PostResult result);

  std::vector<uint8_t> LiveTables() const override;
  void BeginLoad() override;
  absl::Status Restore(const Record& record) override;
  absl::Status FinishLoad(const TermGrant& grant) override;
  void Dropped(const absl::Status& reason) override;

  const std::unique_ptr<Program> program_;
  const ShardLoopOptions options_;
  const ShardPorts ports_;
  const ShardHooks<Program> hooks_;
  const std::shared_ptr<CompletionQueue> completions_;
  Mailbox<Item> mailbox_;
  ShardClock clock_;
  AnswerTable answers_;
  ReplayWindow replay_;
  std::deque<Request> replays_;  // of this term, not applied yet
  ShardLifecycle lifecycle_;

  ShardTimeRecord loaded_time_;
  bool first_batch_ = false;  // the term's first commit is still to be made, whatever it holds
  HeldBatch building_;
  HeldBatch spare_;             // an emptied one, for its allocations
  std::deque<HeldBatch> held_;  // oldest first, one per commit in flight or not yet released
  uint64_t releasing_ = 0;
  MonotonicInstant next_snapshot_;
  bool snapshot_due_ = false;
};

}  // namespace meridian

#include "libs/runtime/shard_loop_inline.h"  // the member functions
