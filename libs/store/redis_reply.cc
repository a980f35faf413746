#include "libs/store/redis_reply.h"

#include <charconv>

#include "libs/base/check.h"

namespace meridian {

void AppendRedisCommand(const RedisArguments& arguments, std::string& out) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  texts.reserve(arguments.size());
  sizes.reserve(arguments.size());
  for (const std::string& argument : arguments) {
    texts.push_back(argument.data());
    sizes.push_back(argument.size());
  }
  char* command = nullptr;
  const int length = redisFormatCommandArgv(&command, static_cast<int>(arguments.size()), texts.data(), sizes.data());
  MERIDIAN_CHECK(length >= 0);
  out.append(command, static_cast<size_t>(length));
  redisFreeCommand(command);
}

std::string_view RedisReply::text() const {
  if (reply_ == nullptr) return {};
  switch (reply_->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      return {reply_->str, static_cast<size_t>(reply_->len)};
    default:
      return {};
  }
}

uint64_t RedisReply::number() const {
  if (reply_ == nullptr) return 0;
  if (reply_->type == REDIS_REPLY_INTEGER) return static_cast<uint64_t>(reply_->integer);
  const std::string_view digits = text();
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::string_view RedisReply::error_code() const {
  if (!is_error()) return {};
  const std::string_view whole = text();
  return whole.substr(0, whole.find(' '));
}

}  // namespace meridian
