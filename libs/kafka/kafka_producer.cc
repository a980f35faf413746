#include "libs/kafka/kafka_producer.h"

#include <utility>

#include "libs/base/check.h"
#include "libs/base/status_macros.h"
#include "libs/runtime/thread_name.h"

namespace meridian::kafka {
namespace {

constexpr int kServeMs = 100;  // between two looks at whether to end
constexpr int kProbeMs = 500;  // for an answer of a cluster that was away

}  // namespace

// A record on its way: what librdkafka hands back with it.
struct KafkaProducer::Message {
  uint64_t partition_hash = 0;
  Batch* batch = nullptr;
};

// What was handed in together; goes when its last record was reported.
struct KafkaProducer::Batch {
  Batch(size_t records, Done all_done) : messages(records), missing(records), done(std::move(all_done)) {}

  void Report(absl::Status status, size_t records = 1) {
    {
      std::lock_guard lock(mutex);
      if (first_error.ok()) first_error = std::move(status);
      missing -= records;
      if (missing > 0) return;
    }
    done(std::move(first_error));
    delete this;
  }

  std::vector<Message> messages;
  std::mutex mutex;
  size_t missing;
  absl::Status first_error;
  Done done;
};

absl::StatusOr<std::unique_ptr<KafkaProducer>> KafkaProducer::Make(ProducerOptions options) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(std::move(options)));
  MERIDIAN_RETURN_IF_ERROR(producer->Open());
  return producer;
}

absl::Status KafkaProducer::Open() {
  MERIDIAN_ASSIGN_OR_RETURN(
      ConfHandle conf,
      MakeConf(options_.connection, {
                                        {"enable.idempotence", "true"},
                                        {"enable.gapless.guarantee", "true"},
                                        {"message.timeout.ms", "0"},
                                        // A topic that a broker does not know may be a new one for so long.
                                        {"topic.metadata.propagation.max.ms", "5000"},
                                        {"linger.ms", std::to_string(options_.linger.ns / 1000000)},
                                        // Whoever publishes bounds what is on its way.
                                        {"queue.buffering.max.messages", "10000000"},
                                        {"queue.buffering.max.kbytes", "2000000"},
                                    }));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &KafkaProducer::OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), &KafkaProducer::OnError);
  rd_kafka_topic_conf_t* topic_conf = rd_kafka_topic_conf_new();
  rd_kafka_topic_conf_set_partitioner_cb(topic_conf, &ChoosePartition);
  rd_kafka_conf_set_default_topic_conf(conf.get(), topic_conf);
  char why[256];
  client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why, sizeof(why));
  if (client_ == nullptr) return absl::InvalidArgumentError(why);
  conf.release();  // the client's now
  thread_ = std::thread([this] { Serve(); });
  return absl::OkStatus();
}

KafkaProducer::~KafkaProducer() {
  if (client_ == nullptr) return;
  closing_ = true;
  Fail();
  thread_.join();
  while (rd_kafka_outq_len(client_) > 0) rd_kafka_poll(client_, kServeMs);  // what was purged is reported
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client_);
}

void KafkaProducer::Publish(std::vector<KafkaRecord> records, Done done) {
  if (records.empty()) return done(absl::OkStatus());
  if (failed_) return done(absl::AbortedError("the producer has failed"));
  auto* batch = new Batch(records.size(), std::move(done));
  for (size_t i = 0; i < records.size(); ++i) {
    Message& message = batch->messages[i];
    message = {records[i].partition_hash, batch};
    const rd_kafka_resp_err_t error = Produce(records[i], &message);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    Fail();
    return batch->Report(StatusOf(error, records[i].topic), records.size() - i);
  }
}

rd_kafka_topic_t* KafkaProducer::TopicOf(const std::string& name) {
  std::lock_guard lock(mutex_);
  rd_kafka_topic_t*& topic = topics_[name];
  if (topic == nullptr) topic = rd_kafka_topic_new(client_, name.c_str(), nullptr);
  return topic;
}

rd_kafka_resp_err_t KafkaProducer::Produce(const KafkaRecord& record, Message* message) {
  rd_kafka_headers_t* headers = rd_kafka_headers_new(record.headers.size());
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  rd_kafka_vu_t parts[6] = {};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = TopicOf(record.topic);
  parts[1].vtype = RD_KAFKA_VTYPE_KEY;
  parts[1].u.mem = {const_cast<char*>(record.key.data()), record.key.size()};
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = {const_cast<char*>(record.value.data()), record.value.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[3].u.i = RD_KAFKA_MSG_F_COPY;
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers;
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = message;
  rd_kafka_error_t* error = rd_kafka_produceva(client_, parts, std::size(parts));
  if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  rd_kafka_headers_destroy(headers);  // they are taken only with the record
  return code;
}

void KafkaProducer::Fail() {
  failed_ = true;
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void KafkaProducer::Serve() {
  NameThisThread("kafka-acks");
  while (!closing_) {
    rd_kafka_poll(client_, kServeMs);
    if (!reachable_ && !closing_) Probe();
  }
}

// Nobody need publish for the return of a cluster to be noticed.
void KafkaProducer::Probe() {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(client_, 0, nullptr, &metadata, kProbeMs) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  rd_kafka_metadata_destroy(metadata);
  SetReachable(true);
}

void KafkaProducer::SetReachable(bool reachable) {
  if (std::exchange(reachable_, reachable) != reachable && options_.on_reachable) options_.on_reachable(reachable);
}

int32_t KafkaProducer::ChoosePartition(const rd_kafka_topic_t*, const void*, size_t, int32_t partitions, void*,
                                       void* message) {
  return static_cast<int32_t>(static_cast<const Message*>(message)->partition_hash % static_cast<uint64_t>(partitions));
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) {
  auto* producer = static_cast<KafkaProducer*>(self);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->SetReachable(true);
  } else if (!producer->failed_) {
    producer->Fail();
  }
  const char* const topic = message->rkt == nullptr ? "" : rd_kafka_topic_name(message->rkt);
  static_cast<Message*>(message->_private)
      ->batch->Report(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? absl::OkStatus() : StatusOf(message->err, topic));
}

void KafkaProducer::OnError(rd_kafka_t*, int error, const char*, void* self) {
  auto* producer = static_cast<KafkaProducer*>(self);
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) producer->SetReachable(false);
}

}  // namespace meridian::kafka
