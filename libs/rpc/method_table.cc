#include "libs/rpc/method_table.h"

#include <algorithm>
#include <atomic>

#include "libs/base/check.h"

namespace meridian::rpc {

struct RawReply::State {
  explicit State(Done call) : done(std::move(call)) {}
  ~State() {
    if (!answered.exchange(true)) done(absl::InternalError("the handler did not answer"));
  }

  std::atomic<bool> answered{false};
  Done done;
};

RawReply::RawReply(Done done) : state_(std::make_shared<State>(std::move(done))) {}

void RawReply::operator()(const absl::StatusOr<const Message*>& result) const {
  if (!state_->answered.exchange(true)) state_->done(result);
}

void MethodTable::Add(Method method) {
  MERIDIAN_CHECK(method.name.size() > 2 && method.name.front() == '/' && method.name.back() != '/');
  MERIDIAN_CHECK(std::count(method.name.begin(), method.name.end(), '/') == 2);
  policy_.Add(method.name, method.access);
  std::string name = method.name;
  methods_.emplace(std::move(name), std::move(method));
}

const Method* MethodTable::Find(std::string_view name) const {
  auto found = methods_.find(name);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace meridian::rpc
