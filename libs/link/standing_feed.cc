#include "libs/link/standing_feed.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace meridian {
namespace {

constexpr Duration kFirstPause = Duration::Milliseconds(20);
constexpr Duration kLongestPause = Duration::Seconds(1);

bool MayComeBack(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
}

}  // namespace

struct StandingFeed::State {
  class Events;

  explicit State(StandingFeedPlan given) : plan(std::move(given)) {}

  static void Open(const std::shared_ptr<State>& state);
  static void OpenLater(const std::shared_ptr<State>& state);

  const StandingFeedPlan plan;
  std::mutex calling;            // while a callback of the plan runs
  bool over = false;             // under calling
  Duration pause = kFirstPause;  // under calling
  std::mutex mutex;              // for the feed
  bool closed = false;
  bool opening = false;
  std::condition_variable opened;
  std::unique_ptr<LinkFeed> feed;
};

class StandingFeed::State::Events final : public FeedEvents {
 public:
  explicit Events(std::weak_ptr<State> state) : state_(std::move(state)) {}

  void OnItem(std::string_view item) override {
    const auto state = state_.lock();
    if (state == nullptr) return;
    std::lock_guard lock(state->calling);
    if (state->over) return;
    state->pause = kFirstPause;
    state->plan.on_item(item);
  }

  void OnEnded(const absl::Status& status) override {
    const auto state = state_.lock();
    if (state == nullptr) return;
    std::lock_guard lock(state->calling);
    if (state->over) return;
    if (MayComeBack(status)) return OpenLater(state);
    state->over = true;
    state->plan.on_ended(status);
  }

 private:
  const std::weak_ptr<State> state_;
};

// Without a lock: the feed may end within the call that opens it.
void StandingFeed::State::Open(const std::shared_ptr<State>& state) {
  std::unique_ptr<LinkFeed> last;
  {
    std::lock_guard lock(state->mutex);
    if (state->closed) return;
    state->opening = true;
    last = std::move(state->feed);
  }
  last.reset();
  std::unique_ptr<LinkFeed> opened = state->plan.open(std::make_shared<Events>(state));
  std::lock_guard lock(state->mutex);
  state->feed = std::move(opened);
  state->opening = false;
  state->opened.notify_all();
}

void StandingFeed::State::OpenLater(const std::shared_ptr<State>& state) {
  const Duration pause = state->pause;
  state->pause = std::min(pause * 2, kLongestPause);
  state->plan.timer->After(pause, [weak = std::weak_ptr(state)] {
    const auto later = weak.lock();
    if (later != nullptr) Open(later);
  });
}

StandingFeed::StandingFeed(StandingFeedPlan plan) : state_(std::make_shared<State>(std::move(plan))) {
  State::Open(state_);
}

StandingFeed::~StandingFeed() {
  {
    std::lock_guard lock(state_->calling);
    state_->over = true;
  }
  std::unique_ptr<LinkFeed> feed;  // closed without the lock
  std::unique_lock lock(state_->mutex);
  state_->closed = true;
  state_->opened.wait(lock, [this] { return !state_->opening; });
  feed.swap(state_->feed);
}

}  // namespace meridian
