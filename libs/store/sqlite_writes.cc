#include "libs/store/sqlite_writes.h"

#include <utility>

#include "libs/store/tenant_assignment.h"

namespace meridian {
namespace {

using Kind = TransactionEnd::Kind;

// For callers that are answered a status: an unknown end of theirs is safe to repeat.
absl::Status StatusOf(const TransactionEnd& end) {
  switch (end.kind) {
    case Kind::kDurable:
      return absl::OkStatus();
    case Kind::kRolledBack:
      return end.failure.ToStatus();
    case Kind::kUnknown:
      return absl::UnavailableError("it is unknown whether it was written: " + end.failure.ToString());
  }
  return absl::InternalError("no such end of a transaction");
}

class TermWrite : public QueuedWrite {
 public:
  TermWrite(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
            absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done)
      : shard_(shard), owner_nonce_(owner_nonce), unix_ms_(unix_ms), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override {
    const ShardRow* held = rows.Shard(shard_);
    if (held == nullptr) return false;
    ShardRow next = *held;
    next.chain.term = NextTerm(next.chain.term, unix_ms_);
    next.chain.owner_nonce = owner_nonce_;
    grant_ = {.term = next.chain.term, .last = next.chain.head};
    return rows.PutShard(shard_, next);
  }

  void Finish(SqliteRows*, const TransactionEnd& end) override {
    const absl::Status status = StatusOf(end);
    if (status.ok()) {
      done_(grant_);
    } else {
      done_(status);
    }
  }

 private:
  const ShardId shard_;
  const uint64_t owner_nonce_;
  const int64_t unix_ms_;
  absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done_;
  TermGrant grant_;
};

class CommitWrite : public QueuedWrite {
 public:
  CommitWrite(std::shared_ptr<const CommitRequest> request, Instant at, LogTail& tail, LogWatchers& watchers,
              absl::AnyInvocable<void(CommitResult)> done)
      : request_(std::move(request)), at_(at), tail_(tail), watchers_(watchers), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override {
    const ShardRow* held = rows.Shard(request_->shard);
    if (held == nullptr) return false;
    before_ = {held->chain.head.term, held->chain.head.number};
    decision_ = DecideCommit(held->chain, *request_);
    return decision_.verdict != ChainVerdict::kAppend || rows.Append(*request_, at_);
  }

  void Finish(SqliteRows* rows, const TransactionEnd& end) override {
    const LogPosition position{request_->term, request_->number};
    const bool logged =
        end.kind == Kind::kDurable && decision_.verdict == ChainVerdict::kAppend && !request_->log_entry.empty();
    if (logged) tail_.Append(request_->shard, before_, {position, request_->log_entry});
    if (end.kind == Kind::kUnknown) tail_.Forget(request_->shard);
    done_(ResultOf(rows, end));
    if (logged) watchers_.Notify(request_->shard, position);
  }

  size_t Bytes() const override { return SizeOf(*request_); }
  bool NeedsRoom() const override { return true; }

 private:
  CommitResult ResultOf(SqliteRows* rows, const TransactionEnd& end) const {
    switch (end.kind) {
      case Kind::kDurable:
        if (decision_.verdict == ChainVerdict::kRefuse) return decision_.refusal;
        return {.outcome = CommitOutcome::kDurable};
      case Kind::kRolledBack:
        return AfterRollback(rows, Refused(end.failure.reason(), end.failure.ToString()));
      case Kind::kUnknown:
        return {CommitOutcome::kUnknown, RefusalReason::kNone, end.failure.ToString()};
    }
    return {};
  }

  // A resend of what was durable before the transaction is durable whatever became of it. Only the rows tell: what was
  // repeated may have been part of the transaction.
  CommitResult AfterRollback(SqliteRows* rows, CommitResult refusal) const {
    const ShardRow* held = rows == nullptr ? nullptr : rows->Shard(request_->shard);
    if (held != nullptr) {
      const bool durable = DecideCommit(held->chain, *request_).verdict == ChainVerdict::kRepeat;
      return durable ? CommitResult{.outcome = CommitOutcome::kDurable} : refusal;
    }
    if (decision_.verdict != ChainVerdict::kRepeat) return refusal;
    return {CommitOutcome::kUnknown, RefusalReason::kNone, refusal.detail};
  }

  const std::shared_ptr<const CommitRequest> request_;
  const Instant at_;
  LogTail& tail_;
  LogWatchers& watchers_;
  absl::AnyInvocable<void(CommitResult)> done_;
  ChainDecision decision_;
  LogPosition before_;  // of the chain, before this commit
};

class HeadRead : public QueuedWrite {
 public:
  HeadRead(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done)
      : shard_(shard), done_(std::move(done)) {}

  bool Apply(SqliteRows&) override { return true; }

  void Finish(SqliteRows* rows, const TransactionEnd& end) override {
    if (rows == nullptr) {
      done_(StatusOf(end));
      return;
    }
    const ShardRow* row = rows->Shard(shard_);
    if (row != nullptr) {
      done_(row->chain.head);
    } else {
      done_(rows->connection().failure().ToStatus());
    }
  }

 private:
  const ShardId shard_;
  absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done_;
};

class FollowerWrite : public QueuedWrite {
 public:
  FollowerWrite(ShardId shard, std::string follower, LogPosition position, absl::AnyInvocable<void(absl::Status)> done)
      : shard_(shard), follower_(std::move(follower)), position_(position), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override { return rows.PutFollower(shard_, follower_, position_); }
  void Finish(SqliteRows*, const TransactionEnd& end) override { done_(StatusOf(end)); }

 private:
  const ShardId shard_;
  const std::string follower_;
  const LogPosition position_;
  absl::AnyInvocable<void(absl::Status)> done_;
};

class FollowerRemoval : public QueuedWrite {
 public:
  FollowerRemoval(ShardId shard, std::string follower, absl::AnyInvocable<void(absl::Status)> done)
      : shard_(shard), follower_(std::move(follower)), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override { return rows.RemoveFollower(shard_, follower_); }
  void Finish(SqliteRows*, const TransactionEnd& end) override { done_(StatusOf(end)); }

 private:
  const ShardId shard_;
  const std::string follower_;
  absl::AnyInvocable<void(absl::Status)> done_;
};

class TrimWrite : public QueuedWrite {
 public:
  TrimWrite(ShardId shard, SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again,
            absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done)
      : shard_(shard), rule_(rule), tail_(tail), again_(std::move(again)), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override { return rows.TrimSlice(shard_, rule_, more_); }

  void Finish(SqliteRows* rows, const TransactionEnd& end) override {
    const absl::Status status = StatusOf(end);
    const ShardRow* row = status.ok() ? rows->Shard(shard_) : nullptr;
    if (row != nullptr) tail_.Trim(shard_, row->trimmed);
    if (status.ok() && more_) {
      again_(std::make_unique<TrimWrite>(shard_, rule_, tail_, again_, std::move(done_)));
      return;
    }
    if (!status.ok()) {
      done_(status);
    } else if (const std::optional<LogPosition> kept = rows->FirstKept(shard_)) {
      done_(*kept);
    } else {
      done_(rows->connection().failure().ToStatus());
    }
  }

 private:
  const ShardId shard_;
  const SqliteRows::TrimRule rule_;
  LogTail& tail_;
  const EnqueueWrite again_;
  absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done_;
  bool more_ = false;
};

class RetentionWrite : public QueuedWrite {
 public:
  RetentionWrite(SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again)
      : rule_(rule), tail_(tail), again_(std::move(again)) {}

  bool Apply(SqliteRows&) override { return true; }

  void Finish(SqliteRows* rows, const TransactionEnd&) override {
    if (rows == nullptr) return;
    // A failed slice is tried again at the next tick.
    for (const ShardId& shard : rows->Shards()) {
      again_(MakeTrimWrite(shard, rule_, tail_, again_, [](const absl::StatusOr<LogPosition>&) {}));
    }
  }

 private:
  const SqliteRows::TrimRule rule_;
  LogTail& tail_;
  const EnqueueWrite again_;
};

class AssignWrite : public QueuedWrite {
 public:
  AssignWrite(TenantId tenant, TenantShards shards, absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done)
      : tenant_(std::move(tenant)), shards_(std::move(shards)), done_(std::move(done)) {}

  bool Apply(SqliteRows& rows) override {
    const std::optional<TenantShards> current = rows.Tenant(tenant_);
    if (!current) return false;
    next_ = DecideAssignment(*current, shards_);
    return !next_.ok() || *next_ == *current || rows.PutTenant(tenant_, *next_);
  }

  void Finish(SqliteRows*, const TransactionEnd& end) override {
    const absl::Status status = StatusOf(end);
    if (status.ok()) {
      done_(std::move(next_));
    } else {
      done_(status);
    }
  }

 private:
  const TenantId tenant_;
  const TenantShards shards_;
  absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done_;
  absl::StatusOr<TenantShards> next_ = absl::UnknownError("not decided");
};

}  // namespace

std::unique_ptr<QueuedWrite> MakeTermWrite(ShardId shard, uint64_t owner_nonce, int64_t unix_ms,
                                           absl::AnyInvocable<void(absl::StatusOr<TermGrant>)> done) {
  return std::make_unique<TermWrite>(shard, owner_nonce, unix_ms, std::move(done));
}

std::unique_ptr<QueuedWrite> MakeCommitWrite(std::shared_ptr<const CommitRequest> request, Instant at, LogTail& tail,
                                             LogWatchers& watchers, absl::AnyInvocable<void(CommitResult)> done) {
  return std::make_unique<CommitWrite>(std::move(request), at, tail, watchers, std::move(done));
}

std::unique_ptr<QueuedWrite> MakeHeadRead(ShardId shard, absl::AnyInvocable<void(absl::StatusOr<ChainHead>)> done) {
  return std::make_unique<HeadRead>(shard, std::move(done));
}

std::unique_ptr<QueuedWrite> MakeFollowerWrite(ShardId shard, std::string follower, LogPosition position,
                                               absl::AnyInvocable<void(absl::Status)> done) {
  return std::make_unique<FollowerWrite>(shard, std::move(follower), position, std::move(done));
}

std::unique_ptr<QueuedWrite> MakeFollowerRemoval(ShardId shard, std::string follower,
                                                 absl::AnyInvocable<void(absl::Status)> done) {
  return std::make_unique<FollowerRemoval>(shard, std::move(follower), std::move(done));
}

std::unique_ptr<QueuedWrite> MakeTrimWrite(ShardId shard, SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again,
                                           absl::AnyInvocable<void(absl::StatusOr<LogPosition>)> done) {
  return std::make_unique<TrimWrite>(shard, rule, tail, std::move(again), std::move(done));
}

std::unique_ptr<QueuedWrite> MakeRetentionWrite(SqliteRows::TrimRule rule, LogTail& tail, EnqueueWrite again) {
  return std::make_unique<RetentionWrite>(rule, tail, std::move(again));
}

std::unique_ptr<QueuedWrite> MakeAssignWrite(TenantId tenant, TenantShards shards,
                                             absl::AnyInvocable<void(absl::StatusOr<TenantShards>)> done) {
  return std::make_unique<AssignWrite>(std::move(tenant), std::move(shards), std::move(done));
}

}  // namespace meridian
