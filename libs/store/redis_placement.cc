#include "libs/store/redis_placement.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

namespace meridian {
namespace {

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Up to the next `mark`, which is left out; `text` goes on behind it.
std::string_view TakeUpTo(char mark, std::string_view* text) {
  const std::string_view taken = text->substr(0, text->find(mark));
  text->remove_prefix(std::min(text->size(), taken.size() + 1));
  return taken;
}

std::string FormatNumbers(const std::vector<uint32_t>& numbers) {
  std::string text;
  for (const uint32_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text.empty() ? "-" : text;
}

std::optional<std::vector<uint32_t>> ParseNumbers(std::string_view text) {
  std::vector<uint32_t> numbers;
  if (text == "-") return numbers;
  while (!text.empty()) {
    const auto number = ParseNumber<uint32_t>(TakeUpTo(',', &text));
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<ShardKind> KindOf(std::string_view prefix) {
  for (const ShardKind kind : {ShardKind::kRouting, ShardKind::kSession}) {
    if (prefix == PrefixOf(kind)) return kind;
  }
  return std::nullopt;
}

std::string NameOf(ShardKind kind, const std::string& address) { return std::string(PrefixOf(kind)) + " " + address; }

std::string FormatProcess(const ShardProcess& process) {
  return std::string(process.leaving ? "leaving" : "here") + " " + FormatNumbers(process.serving) + " " +
         FormatNumbers(process.held) + " " + process.trust;
}

std::optional<ShardProcess> ParseProcess(std::string_view name, std::string_view text) {
  ShardProcess process;
  const auto kind = KindOf(TakeUpTo(' ', &name));
  const std::string_view state = TakeUpTo(' ', &text);
  const auto serving = ParseNumbers(TakeUpTo(' ', &text));
  const auto held = ParseNumbers(TakeUpTo(' ', &text));
  if (!kind || name.empty() || !serving || !held) return std::nullopt;
  return ShardProcess{*kind, std::string(name), state == "leaving", std::string(text), *serving, *held};
}

std::optional<ShardId> ParseShard(std::string_view name) {
  const auto kind = KindOf(name.substr(0, 1));
  const auto number = ParseNumber<uint32_t>(name.substr(std::min<size_t>(1, name.size())));
  if (!kind || !number) return std::nullopt;
  return ShardId{*kind, *number};
}

// assignments, then `count` or `process` or `wish`, name, value, …
absl::StatusOr<PlacementView> Decode(RedisReply reply) {
  const absl::Status bad = absl::DataLossError("an entry of the placement cannot be read");
  PlacementView view;
  const auto assignments = ParseNumber<uint64_t>(reply.at(0).text());
  if (!assignments) return bad;
  view.assignments = *assignments;
  for (size_t i = 1; i + 2 < reply.size(); i += 3) {
    const std::string_view what = reply.at(i).text();
    const std::string_view name = reply.at(i + 1).text();
    const std::string_view value = reply.at(i + 2).text();
    if (what == "count") {
      const auto kind = KindOf(name);
      const auto count = ParseNumber<uint32_t>(value);
      if (!kind || !count) return bad;
      view.counts[*kind] = *count;
    } else if (what == "process") {
      auto process = ParseProcess(name, value);
      if (process) view.processes.push_back(*std::move(process));  // of a newer format: not for us
    } else if (what == "wish") {
      const auto shard = ParseShard(name);
      if (!shard) return bad;
      view.wishes[*shard] = std::string(value);
    }
  }
  std::sort(view.processes.begin(), view.processes.end(), [](const ShardProcess& a, const ShardProcess& b) {
    return std::tie(a.kind, a.address) < std::tie(b.kind, b.address);
  });
  return view;
}

}  // namespace

std::string RedisPlacement::Now() const {
  const WallClock* clock = parts_.options.lease_clock;
  return clock == nullptr ? "" : std::to_string(clock->Now().ToUnixMilliseconds());
}

void RedisPlacement::FixCount(ShardKind kind, uint32_t count, absl::AnyInvocable<void(absl::StatusOr<uint32_t>)> done) {
  parts_.Send(RedisCall("fix_count", base_, {std::string(PrefixOf(kind)), std::to_string(count)}),
              [this, done = std::move(done)](RedisReply reply) mutable {
                if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
                const auto in_force = ParseNumber<uint32_t>(reply.text());
                if (!in_force) return done(absl::DataLossError("the number of shards cannot be read"));
                parts_.lane.AwaitPatiently(base_,
                                           [count = *in_force, done = std::move(done)](RedisReplication how) mutable {
                                             if (how != RedisReplication::kDone) return done(StatusOf(how));
                                             done(count);
                                           });
              });
}

void RedisPlacement::FixRegion(const std::string& region, absl::AnyInvocable<void(absl::StatusOr<std::string>)> done) {
  parts_.Send(RedisCall("fix_region", base_, {region}), [this, done = std::move(done)](RedisReply reply) mutable {
    if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
    parts_.lane.AwaitPatiently(
        base_, [in_force = std::string(reply.text()), done = std::move(done)](RedisReplication how) mutable {
          if (how != RedisReplication::kDone) return done(StatusOf(how));
          done(in_force);
        });
  });
}

void RedisPlacement::Announce(const ShardProcess& process, Duration ttl, absl::AnyInvocable<void(absl::Status)> done) {
  parts_.Send(RedisCall("announce", base_,
                        {NameOf(process.kind, process.address), FormatProcess(process),
                         std::to_string(ttl.ToMilliseconds()), Now(), process.trust}),
              [done = std::move(done)](RedisReply reply) mutable {
                std::string_view answer = reply.text();
                if (TakeUpTo(' ', &answer) == "stranger") return done(OtherTrust(std::string(answer)));
                done(StatusOfReply(reply));
              });
}

void RedisPlacement::Leave(ShardKind kind, const std::string& address, absl::AnyInvocable<void(absl::Status)> done) {
  parts_.Send(RedisCall("leave", base_, {NameOf(kind, address)}),
              [done = std::move(done)](RedisReply reply) mutable { done(StatusOfReply(reply)); });
}

void RedisPlacement::Wish(ShardId shard, const std::string& address, absl::AnyInvocable<void(absl::Status)> done) {
  parts_.Send(RedisCall("wish", base_, {shard.ToString(), address}), [this, done = std::move(done)](
                                                                         RedisReply reply) mutable {
    if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
    parts_.lane.AwaitPatiently(base_, [done = std::move(done)](RedisReplication how) mutable { done(StatusOf(how)); });
  });
}

void RedisPlacement::View(absl::AnyInvocable<void(absl::StatusOr<PlacementView>)> done) {
  parts_.Send(RedisCall("placement", base_, {Now()}), [done = std::move(done)](RedisReply reply) mutable {
    if (const absl::Status status = StatusOfReply(reply); !status.ok()) return done(status);
    done(Decode(reply));
  });
}

}  // namespace meridian
