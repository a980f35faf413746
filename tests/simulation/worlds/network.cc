#include "tests/simulation/worlds/network.h"

#include <algorithm>

namespace meridian::worlds {
namespace {

constexpr Duration kShortest = Duration::Microseconds(50);
constexpr Duration kUsual = Duration::Microseconds(500);

std::pair<std::string, std::string> Between(const Party& a, const Party& b) {
  return a.name() < b.name() ? std::pair(a.name(), b.name()) : std::pair(b.name(), a.name());
}

}  // namespace

void Network::Heal() {
  faulty_ = false;
  cut_until_.clear();
}

void Network::Cut(const Party& a, const Party& b, Duration time) {
  cut_until_[Between(a, b)] = schedule_.now() + time;
  a.Note("is cut off from " + b.name() + " for " + std::to_string(time.ToMilliseconds()) + " ms");
}

bool Network::Loses(const Party& from, const Party& to) {
  if (!faulty_) return false;
  const auto cut = cut_until_.find(Between(from, to));
  return (cut != cut_until_.end() && schedule_.now() < cut->second) || schedule_.Happens(mix_.lost);
}

Duration Network::Arrival(const Party& from, const Party& to) {
  const bool slow = faulty_ && schedule_.Happens(mix_.slow);
  const Duration delay = schedule_.Between(kShortest, slow ? mix_.slowest : kUsual);
  Duration& last = last_arrival_[{from.name(), to.name()}];
  last = std::max(schedule_.now() + delay, last + Duration::Nanoseconds(1));
  return last - schedule_.now();
}

bool Network::Send(Party& from, Party& to, Schedule::Call deliver, Schedule::Call lost) {
  if (faulty_ && mix_.freeze_at_send > 0 && schedule_.Happens(mix_.freeze_at_send)) {
    from.Freeze(schedule_.Between(Duration::Milliseconds(100), mix_.longest_freeze));
  }
  const bool loses = Loses(from, to);
  if (loses) {
    from.Note("lost on its way to " + to.name());
    schedule_.After(schedule_.Between(Duration::Milliseconds(10), Duration::Seconds(1)), std::move(lost));
    return false;
  }
  struct Letter {
    Schedule::Call deliver;
    Schedule::Call lost;
  };
  auto letter = std::make_shared<Letter>(Letter{std::move(deliver), std::move(lost)});
  auto arrive = [&to, letter] {
    if (!to.alive()) return letter->lost();
    to.WhenAwake(std::move(letter->deliver), std::move(letter->lost));
  };
  schedule_.After(Arrival(from, to), [&from, letter, arrive] {
    if (!from.KeepsWhatItSent()) return arrive();
    from.WhenAwake(arrive, [letter] { letter->lost(); });
  });
  return true;
}

}  // namespace meridian::worlds
