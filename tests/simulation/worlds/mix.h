// What goes wrong in a world, and how often. Each kind of fault has a mix of its own, so that it is also met alone.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "libs/base/time.h"
#include "libs/testing/fault_store.h"

namespace meridian::worlds {

// Rates are in thousandths; a `…_every` is the mean time between two faults of the kind, zero: never.
struct Mix {
  std::string_view name;

  // The way to the store.
  testing::FaultStore::Rates store;
  int slow_store = 0;  // a call or an answer takes up to `slowest_store`, and all behind it
  Duration slowest_store = Duration::Seconds(2);
  bool may_lose_tail = false;
  Duration lost_tail_every;

  // The processes. With two owners a shard's next owner is another process.
  int routing_owners = 1;
  int session_owners = 1;
  Duration crash_every;
  int crash_at_commit = 0;
  Duration freeze_every;
  int freeze_at_send = 0;  // per mille: whoever sends stands still with it
  Duration longest_freeze = Duration::Seconds(8);

  // Their clocks.
  Duration clock_fault_every;

  // The way between processes.
  int lost = 0;
  int doubled = 0;
  int slow = 0;
  Duration slowest = Duration::Seconds(1);
  Duration cut_every;  // between two of them, for some seconds
  Duration gateway_death_every;

  // People: how often one does not simply do the next right thing.
  int agent_mischief = 0;
  int customer_mischief = 0;

  // How long a conversation stays open without a contact, and is kept when it has closed.
  Duration session_lifetime = Duration::Minutes(10);
  Duration keep_closed = Duration::Hours(30 * 24);
};

std::span<const Mix> Mixes();
std::optional<Mix> FindMix(std::string_view name);
// Every seed has one of them.
const Mix& MixOf(uint64_t seed);

}  // namespace meridian::worlds
