#include "libs/store/redis_connection.h"

#include <utility>

namespace meridian {
namespace {

constexpr size_t kReadBytes = 64 << 10;
constexpr size_t kKeptBuffer = 256 << 10;

}  // namespace

RedisConnection::RedisConnection(std::unique_ptr<RedisSocket> socket, RedisIoThread* thread,
                                 const MonotonicClock* clock, Options options)
    : socket_(std::move(socket)),
      thread_(thread),
      clock_(clock),
      options_(std::move(options)),
      reader_(redisReaderCreate()),
      connect_by_(clock->Now() + options_.connect_timeout) {
  thread_->Add(socket_->fd(), this);
  thread_->SetWriting(socket_->fd(), this, true);
}

RedisConnection::~RedisConnection() {
  if (!closed_) thread_->Remove(socket_->fd());
}

void RedisConnection::Send(const RedisArguments& arguments, OnReply on_reply) {
  if (closed_) {
    on_reply(RedisReply());
    return;
  }
  const size_t before = out_.size();
  AppendRedisCommand(arguments, out_);
  const size_t bytes = out_.size() - before;
  waiting_bytes_ += bytes;
  in_flight_.push_back({std::move(on_reply), bytes, clock_->Now() + options_.command_timeout});
}

void RedisConnection::SendUnanswered(const RedisArguments& arguments) {
  if (!closed_) AppendRedisCommand(arguments, out_);
}

void RedisConnection::Close(absl::Status why) {
  if (failure_.ok()) failure_ = std::move(why);
}

void RedisConnection::OnReady(bool readable, bool writable) {
  if (closed_ || !failure_.ok()) return;
  if (!established_) {
    absl::StatusOr<bool> established = socket_->Establish();
    if (!established.ok()) {
      Close(established.status());
      return;
    }
    established_ = *established;
    UpdateInterest();
    if (!established_) return;
  }
  if (readable) ReadAll();
  Flush();
}

void RedisConnection::ReadAll() {
  char bytes[kReadBytes];
  while (failure_.ok()) {
    const absl::StatusOr<size_t> count = socket_->Read(bytes, sizeof bytes);
    if (!count.ok()) {
      Close(count.status());
      return;
    }
    if (*count == 0) return;
    if (redisReaderFeed(reader_.get(), bytes, *count) != REDIS_OK) {
      Close(absl::InternalError(std::string("the reader of replies: ") + reader_->errstr));
      return;
    }
    TakeReplies();
  }
}

void RedisConnection::TakeReplies() {
  while (failure_.ok()) {
    void* parsed = nullptr;
    if (redisReaderGetReply(reader_.get(), &parsed) != REDIS_OK) {
      Close(absl::InternalError(std::string("not the protocol of Redis: ") + reader_->errstr));
      return;
    }
    if (parsed == nullptr) return;
    const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(parsed), freeReplyObject);
    if (!in_flight_.empty()) {
      InFlight first = std::move(in_flight_.front());
      in_flight_.pop_front();
      waiting_bytes_ -= first.bytes;
      first.on_reply(RedisReply(reply.get()));
    } else if (options_.on_push) {
      options_.on_push(RedisReply(reply.get()));
    } else {
      Close(absl::InternalError("an answer that nobody asked for"));
    }
  }
}

void RedisConnection::Flush() {
  while (established_ && failure_.ok() && written_ < out_.size()) {
    const absl::StatusOr<size_t> count = socket_->Write(out_.data() + written_, out_.size() - written_);
    if (!count.ok()) {
      Close(count.status());
      return;
    }
    if (*count == 0) break;
    written_ += *count;
  }
  if (written_ == out_.size()) {
    written_ = 0;
    out_.clear();
    if (out_.capacity() > kKeptBuffer) out_.shrink_to_fit();
  }
  UpdateInterest();
}

void RedisConnection::UpdateInterest() {
  const bool writing = socket_->wants_write();
  if (writing == writing_) return;
  writing_ = writing;
  thread_->SetWriting(socket_->fd(), this, writing);
}

void RedisConnection::Tick() {
  if (closed_) return;
  const MonotonicInstant now = clock_->Now();
  if (failure_.ok() && !established_ && now >= connect_by_) Close(absl::UnavailableError("connecting took too long"));
  if (failure_.ok() && !in_flight_.empty() && now >= in_flight_.front().deadline) {
    Close(absl::UnavailableError("no answer in time"));
  }
  Flush();
  if (!failure_.ok()) End();
}

void RedisConnection::End() {
  closed_ = true;
  thread_->Remove(socket_->fd());
  std::deque<InFlight> lost;
  lost.swap(in_flight_);
  waiting_bytes_ = 0;
  for (InFlight& command : lost) command.on_reply(RedisReply());
  if (options_.on_closed) options_.on_closed(failure_);
}

MonotonicInstant RedisConnection::NextWake() const {
  if (closed_) return MonotonicInstant::Never();
  if (!failure_.ok()) return MonotonicInstant{};
  if (!established_) return connect_by_;
  return in_flight_.empty() ? MonotonicInstant::Never() : in_flight_.front().deadline;
}

}  // namespace meridian
