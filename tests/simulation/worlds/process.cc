#include "tests/simulation/worlds/process.h"

#include <algorithm>
#include <utility>

namespace meridian::worlds {
namespace {

constexpr Duration kLongestLatency = Duration::Microseconds(100);  // from a wake to the step

}  // namespace

Process::Process(Schedule& schedule, StoreRoads& roads, std::string name)
    : Party(schedule, std::move(name)),
      roads_(roads),
      clock_(schedule, schedule.Between(Duration::Hours(1), Duration::Hours(2))) {}

void Process::Start() {
  Begin();
  ++lives_;
  Note("starts");
  link_ = std::make_unique<StoreLink>(
      roads_, *this, [this] { Crash(schedule().Between(Duration::Milliseconds(10), Duration::Seconds(6))); });
  step_due_ = false;
  stepped_ = Build();
  stepped_->SetWaker([this, life = std::weak_ptr<Life>(life())] {
    const auto now = life.lock();
    if (now != nullptr && now->alive) Wake(schedule().Between(Duration::Zero(), kLongestLatency));
  });
  Launch();
  Wake(Duration::Zero());
}

void Process::Crash(Duration down) {
  if (!alive()) return;
  Note("crashes");
  End(schedule().Happens(300));
  Destroy();
  link_.reset();
  schedule().After(down, [this, lives = lives_] {
    if (!alive() && lives == lives_) Start();
  });
}

void Process::Stop() {
  if (!alive()) return;
  End(false);
  Destroy();
  link_.reset();
}

void Process::Wake(Duration delay) {
  const Duration at = schedule().now() + delay;
  if (step_due_ && next_step_ <= at) return;
  step_due_ = true;
  next_step_ = at;
  schedule().After(delay, [this, at, life = life()] {
    if (!life->alive || !step_due_ || at != next_step_) return;
    step_due_ = false;
    WhenAwake([this] { Step(); });
  });
}

void Process::Step() {
  const auto lived = life();
  const bool again = stepped_->Step();
  if (!lived->alive) return;
  CheckInside();
  if (again) return Wake(Duration::Zero());
  const MonotonicInstant wake = stepped_->NextWake();
  if (wake == MonotonicInstant::Never()) return;
  Wake(std::max(wake - clock_.monotonic()->Now(), Duration::Microseconds(1)));
}

}  // namespace meridian::worlds
