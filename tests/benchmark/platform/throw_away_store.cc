#include "tests/benchmark/platform/throw_away_store.h"

#include <hiredis/hiredis.h>

#include <array>
#include <thread>

#include "libs/base/check.h"

namespace meridian::load {

Store::Store(const ThrowAwayOptions& options)
    : options_(options), redis_(redisConnect("127.0.0.1", static_cast<int>(options.redis_port))) {
  MERIDIAN_CHECK(redis_ != nullptr && redis_->err == 0);
  kafka::ProducerOptions producer;
  producer.connection.brokers = options.brokers;
  kafka_ = std::move(*kafka::KafkaProducer::Make(std::move(producer)));
  std::thread([this] {
    for (;;) Commit();
  }).detach();
}

void Store::Write(Step step, Done done) {
  std::lock_guard lock(mutex_);
  waiting_.emplace_back(std::move(step), std::move(done));
  if (waiting_.size() == 1) changed_.notify_one();
}

void Store::Append(std::initializer_list<std::string_view> words) {
  std::array<const char*, 8> starts{};
  std::array<size_t, 8> sizes{};
  size_t count = 0;
  for (const std::string_view word : words) {
    starts[count] = word.data();
    sizes[count++] = word.size();
  }
  redisAppendCommandArgv(redis_, static_cast<int>(count), starts.data(), sizes.data());
}

int64_t Store::Reply() {
  redisReply* reply = nullptr;
  MERIDIAN_CHECK(redisGetReply(redis_, reinterpret_cast<void**>(&reply)) == REDIS_OK);
  MERIDIAN_CHECK(reply->type != REDIS_REPLY_ERROR);
  const int64_t integer = reply->integer;
  freeReplyObject(reply);
  return integer;
}

void Store::Commit() {
  std::vector<std::pair<Step, Done>> batch;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !waiting_.empty(); });
    batch.swap(waiting_);
  }
  std::vector<KafkaRecord> records;
  for (const auto& [step, done] : batch) {
    if (step.record.empty()) {
      Append({"HDEL", "contacts", step.key});
    } else {
      Append({"HSET", "contacts", step.key, step.record});
    }
    const std::string event(static_cast<size_t>(options_.event_bytes) - step.key.size(), 'e');
    for (int64_t i = 0; i < step.events; ++i) records.push_back({options_.topic, 0, step.key, {}, event});
  }
  std::string entry;
  for (const KafkaRecord& record : records) entry += record.key + record.value;
  Append({"XADD", "log", "MAXLEN", "~", "1000", "*", "e", entry});
  Append({"WAIT", "1", "1000"});
  for (size_t i = 0; i < batch.size() + 1; ++i) Reply();
  MERIDIAN_CHECK(Reply() >= 1);
  kafka_->Publish(std::move(records), [](const absl::Status& status) { MERIDIAN_CHECK(status.ok()); });
  for (const auto& [step, done] : batch) done();
}

}  // namespace meridian::load
