#include "libs/runtime/completion_queue.h"

namespace meridian {

void CompletionQueue::Post(Completion completion) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    waiting_.push_back(std::move(completion));
  }
  Wake();
}

bool CompletionQueue::RunAll() {
  bool any = false;
  for (;;) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (waiting_.empty()) return any;
      running_.swap(waiting_);
    }
    any = true;
    for (Completion& completion : running_) completion();
    running_.clear();
  }
}

void CompletionQueue::Close() {
  std::vector<Completion> dropped;
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  dropped.swap(waiting_);
}

}  // namespace meridian
