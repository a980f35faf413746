// The smallest Program: named counters, and alarms that add one to a counter at a time. Table 1: name → value; table 2:
// name → alarm; table 3: the term that was opened last. Everything is text.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/runtime/shard_program.h"

namespace meridian {

struct CounterCommand {
  std::string name;
  int64_t delta = 0;                // 0 reads
  std::optional<Instant> alarm_at;  // sets an alarm instead
  std::optional<RequestKey> key;
  size_t padding = 0;  // bytes that the command adds to the log entry
};

struct CounterAnswer {
  int64_t value = 0;
  absl::Status refusal;
};

class CounterProgram {
 public:
  using Command = CounterCommand;
  using Answer = CounterAnswer;
  using Message = std::string;

  std::optional<RequestKey> KeyOf(const Command& command) const { return command.key; }

  static std::string_view TenantOf(const Command& command) { return command.name; }

  Answer Apply(Command command, Instant now) {
    applied_.push_back(command.name);
    if (command.alarm_at) {
      alarms_[command.name] = *command.alarm_at;
      puts_[{2, command.name}] = std::to_string(command.alarm_at->ns);
      return {};
    }
    log_.append(command.padding, '.');
    if (command.delta != 0) Add(command.name, command.delta, now);
    return {Value(command.name), absl::OkStatus()};
  }

  std::string EncodeAnswer(const Answer& answer) const { return std::to_string(answer.value); }
  Answer DecodeAnswer(std::string_view bytes) const { return {std::stoll(std::string(bytes)), absl::OkStatus()}; }
  Answer Refuse(const absl::Status& status) const { return {0, status}; }

  Instant NextDeadline() const {
    Instant next = Instant::Never();
    for (const auto& [name, at] : alarms_) next = std::min(next, at);
    return next;
  }
  bool Advance(Instant now) {
    const Instant due = NextDeadline();
    for (auto it = alarms_.begin(); it != alarms_.end(); ++it) {
      if (it->second != due || due > now) continue;
      Add(it->first, 1, now);
      deletes_.push_back({2, it->first});
      puts_.erase({2, it->first});
      alarms_.erase(it);
      break;
    }
    return NextDeadline() <= now;
  }

  BatchSize PendingSize() const { return {puts_.size() + deletes_.size(), log_.size() + 64 * puts_.size()}; }
  ProgramBatch<Message> TakeBatch(LogPosition position, Instant now) {
    ProgramBatch<Message> batch;
    for (auto& [key, value] : puts_) batch.puts.push_back({key, value});
    batch.deletes = std::move(deletes_);
    if (!log_.empty()) {
      batch.log_entry = std::to_string(position.number) + "@" + std::to_string(now.ns) + ":" + log_;
    }
    batch.messages = std::move(messages_);
    DropEffects();
    return batch;
  }

  void BeginLoad() {
    DropEffects();
    values_.clear();
    alarms_.clear();
    opened_term_ = 0;
    ++loads;
  }
  absl::Status Restore(const Record& record) {
    if (on_restore) on_restore();
    if (record.value == "broken") return absl::DataLossError("broken record");
    const int64_t number = std::stoll(record.value);
    if (record.key.table == 1) values_[record.key.key] = number;
    if (record.key.table == 2) alarms_[record.key.key] = Instant{number};
    if (record.key.table == 3) opened_term_ = static_cast<uint64_t>(number);
    return absl::OkStatus();
  }
  absl::Status FinishLoad(const TermGrant& grant, Instant now) {
    replay_window_open = grant.tail_at_risk;
    if (opened_term_ == grant.term) return absl::OkStatus();
    opened_term_ = grant.term;
    puts_[{3, "term"}] = std::to_string(grant.term);
    log_ += "term;";
    return absl::OkStatus();
  }
  std::vector<uint8_t> LiveTables() const { return {1, 2, 3}; }
  void EndReplayWindow(Instant now) { replay_window_open = false; }

  int64_t Value(const std::string& name) const {
    auto it = values_.find(name);
    return it == values_.end() ? 0 : it->second;
  }
  const std::map<std::string, int64_t>& values() const { return values_; }
  const std::vector<std::string>& applied() const { return applied_; }

  std::function<void()> on_restore;  // before each record
  int loads = 0;
  bool replay_window_open = false;

 private:
  void Add(const std::string& name, int64_t delta, Instant now) {
    int64_t& value = values_[name];
    value += delta;
    puts_[{1, name}] = std::to_string(value);
    log_ += name + "=" + std::to_string(value) + ";";
    messages_.push_back(name + "=" + std::to_string(value));
  }
  void DropEffects() {
    puts_.clear();
    deletes_.clear();
    log_.clear();
    messages_.clear();
  }

  std::map<std::string, int64_t> values_;
  std::map<std::string, Instant> alarms_;
  uint64_t opened_term_ = 0;
  std::vector<std::string> applied_;  // over all loads
  std::map<RecordKey, std::string> puts_;
  std::vector<RecordKey> deletes_;
  std::string log_;
  std::vector<std::string> messages_;
};

}  // namespace meridian
