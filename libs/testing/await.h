// Waiting in a test for the callback of an asynchronous call, with a deadline instead of a sleep.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "libs/base/check.h"

namespace meridian::testing {

// Calls `call` with a callback that takes a T and returns what the callback was given. Stops the test when no answer
// comes within 30 s. T must be named: Await<CommitResult>([&](auto done) { store.Commit(request, std::move(done)); }).
template <typename T, typename Call>
T Await(Call call) {
  auto promise = std::make_shared<std::promise<T>>();
  std::future<T> answer = promise->get_future();
  call([promise](T value) { promise->set_value(std::move(value)); });
  MERIDIAN_CHECK(answer.wait_for(std::chrono::seconds(30)) == std::future_status::ready);
  return answer.get();
}

}  // namespace meridian::testing
