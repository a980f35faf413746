// The way between the parties of a world. From one to another things arrive in the order in which they were sent, late
// or not at all; a request may arrive twice. While faults are on, as the mix says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/runtime/refusal.h"
#include "tests/simulation/worlds/mix.h"
#include "tests/simulation/worlds/party.h"

namespace meridian::worlds {

class Network {
 public:
  static constexpr Duration kPatience = Duration::Seconds(3);

  Network(Schedule& schedule, const Mix& mix) : schedule_(schedule), mix_(mix) {}

  // No more faults from now on.
  void Heal();
  // Nothing passes between the two, either way, for a while.
  void Cut(const Party& a, const Party& b, Duration time);

  // `deliver` runs when it has arrived and the receiver is awake; `lost` instead, after a while, when it got lost or
  // the receiver is dead. False when it got lost.
  bool Send(Party& from, Party& to, Schedule::Call deliver, Schedule::Call lost);

  // Asks `to`, whose `serve` answers, or not; `done` comes exactly once in this life of `from`: with the answer, or
  // with UNAVAILABLE when none came. What was asked may be done all the same, then or later.
  template <typename R>
  void Ask(Party& from, Party& to, std::function<void(absl::AnyInvocable<void(absl::StatusOr<R>)>)> serve,
           absl::AnyInvocable<void(absl::StatusOr<R>)> done, Duration patience = kPatience) {
    using Result = absl::StatusOr<R>;
    struct Asked {
      absl::AnyInvocable<void(Result)> done;
    };
    auto asked = std::make_shared<Asked>(Asked{std::move(done)});
    auto finish = [asked, life = from.life()](Result result) {
      if (!asked->done || !life->alive) return;
      auto done = std::exchange(asked->done, nullptr);
      done(std::move(result));
    };
    auto fail = [finish] { finish(Unanswered()); };
    from.After(patience, fail);
    const int times = Doubled() ? 2 : 1;
    for (int i = 0; i < times; ++i) {
      auto deliver = [this, &from, &to, serve, finish, fail] {
        serve([this, &from, &to, life = to.life(), finish, fail](Result result) {
          if (!life->alive) return;
          Send(
              to, from, [finish, result = std::move(result)]() mutable { finish(std::move(result)); }, fail);
        });
      };
      Send(from, to, std::move(deliver), fail);
    }
  }

 private:
  static absl::Status Unanswered() {
    return MakeRefusal(absl::StatusCode::kUnavailable, "CONNECTION_LOST", "the connection was lost");
  }
  bool Doubled() { return faulty_ && schedule_.Happens(mix_.doubled); }
  bool Loses(const Party& from, const Party& to);
  Duration Arrival(const Party& from, const Party& to);

  Schedule& schedule_;
  const Mix& mix_;
  bool faulty_ = true;
  std::map<std::pair<std::string, std::string>, Duration> last_arrival_;
  std::map<std::pair<std::string, std::string>, Duration> cut_until_;
};

}  // namespace meridian::worlds
