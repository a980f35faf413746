// Answers in the order of the questions, whatever the order in which they are found. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace meridian {

class RedisAnswers {
 public:
  using Answer = absl::AnyInvocable<void()>;

  // A place in the order.
  uint64_t Add() {
    waiting_.emplace_back();
    return first_ + waiting_.size() - 1;
  }

  // Gives the answer at `place`, as soon as all before it are given.
  void Settle(uint64_t place, Answer answer) {
    waiting_[place - first_] = std::move(answer);
    while (!waiting_.empty() && waiting_.front()) {
      Answer next = std::move(waiting_.front());
      waiting_.pop_front();
      ++first_;
      next();
    }
  }

 private:
  uint64_t first_ = 0;
  std::deque<Answer> waiting_;  // empty: not settled yet
};

}  // namespace meridian
