#include "services/process/periodic.h"

#include <mutex>
#include <utility>

namespace meridian {

struct Periodic::State {
  static void Run(const std::shared_ptr<State>& self) {
    std::lock_guard lock(self->mutex);
    if (self->closed) return;
    self->call();
    self->timer->After(self->interval, [weak = std::weak_ptr<State>(self)] {
      if (const auto state = weak.lock()) Run(state);
    });
  }

  rpc::DeadlineTimer* timer;
  Duration interval;
  std::function<void()> call;
  std::mutex mutex;
  bool closed = false;  // under mutex
};

Periodic::Periodic(rpc::DeadlineTimer* timer, Duration interval, std::function<void()> call)
    : state_(std::make_shared<State>()) {
  state_->timer = timer;
  state_->interval = interval;
  state_->call = std::move(call);
  State::Run(state_);
}

Periodic::~Periodic() {
  std::lock_guard lock(state_->mutex);
  state_->closed = true;
}

}  // namespace meridian
