// An answer of a Redis server, as hiredis' reader builds it, and a command as its formatter writes it. Values.
#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace meridian {

using RedisArguments = std::vector<std::string>;

// Appends the command to `out`, in the protocol's form.
void AppendRedisCommand(const RedisArguments& arguments, std::string& out);

// A view of a reply; of none when the connection was lost before there was one. Copies are cheap and live as long as
// the reply does.
class RedisReply {
 public:
  RedisReply() = default;
  explicit RedisReply(const redisReply* reply) : reply_(reply) {}

  bool lost() const { return reply_ == nullptr; }
  bool is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }
  bool is_nil() const { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }
  bool is_array() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY; }
  // Of a string, a status or an error; else empty.
  std::string_view text() const;
  // Of an integer, or of a string that holds one; else 0.
  uint64_t number() const;
  size_t size() const { return is_array() ? reply_->elements : 0; }
  RedisReply at(size_t index) const { return index < size() ? RedisReply(reply_->element[index]) : RedisReply(); }
  // The error's first word, e.g. "READONLY".
  std::string_view error_code() const;

 private:
  const redisReply* reply_ = nullptr;
};

}  // namespace meridian
