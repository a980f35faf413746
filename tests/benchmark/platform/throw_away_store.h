// Where a step of the throw-away path becomes durable: see throw_away.cc.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/kafka/kafka_producer.h"

struct redisContext;

namespace meridian::load {

struct ThrowAwayOptions {
  std::string role = "one";
  std::string core;  // the edge's
  std::string tls;   // folder with certificate.pem, key.pem, roots.pem
  int64_t redis_port = 0;
  std::string brokers;
  std::string topic;
  int64_t events = 4;         // of a life cycle: one each of accept and complete, the others of submit
  int64_t event_bytes = 680;  // as many as ours have in Kafka's log
};

// One step of a life cycle: what it leaves in the store and how many events it publishes.
struct Step {
  std::string key;
  std::string record;  // empty: the contact is gone
  int64_t events = 0;
};
using Done = std::function<void()>;

class Durable {
 public:
  virtual ~Durable() = default;
  // `done` when the step is durable: in the order of the steps, on a thread of the implementation. Any thread.
  virtual void Write(Step step, Done done) = 0;
};

// Redis and Kafka. Its thread ends with the process.
class Store final : public Durable {
 public:
  explicit Store(const ThrowAwayOptions& options);
  void Write(Step step, Done done) override;

 private:
  void Append(std::initializer_list<std::string_view> words);
  int64_t Reply();
  void Commit();

  const ThrowAwayOptions& options_;
  redisContext* redis_;
  std::unique_ptr<kafka::KafkaProducer> kafka_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Step, Done>> waiting_;
};

}  // namespace meridian::load
