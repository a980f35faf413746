// The client side of one link: calls and feeds to one process over one stream, written in batches. Connects when it is
// first used, and again after the stream broke: what was unanswered then fails with UNAVAILABLE (LINK_BROKEN), since
// what became of it is not known, unless it had not been sent (WasNotSent); nothing is sent twice by the link itself.
// Any thread. Callbacks come on a transport's thread, or inside the call that cannot be made; they must not block. The
// destructor fails what is unanswered and waits for callbacks that run, so it must not run inside one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/entity_id.h"
#include "libs/base/time.h"
#include "libs/rpc/client_channel.h"
#include "libs/rpc/deadline_timer.h"
#include "libs/runtime/clock.h"
#include "libs/runtime/shard_program.h"
#include "meridian/internal/link/v1/link_service.pb.h"

namespace meridian {

// What every link of a process has in common.
struct LinkOptions {
  rpc::ChannelCredentials credentials;  // PlaintextCredentials() on loopback only
  std::function<std::string()> token;   // of role service; asked for each stream and after each `token_refresh`
  Duration token_refresh = Duration::Minutes(10);
  rpc::DeadlineTimer* timer = nullptr;  // outlives the links
  const MonotonicClock* clock = nullptr;
};

struct LinkCall {
  internal::link::v1::Method method = internal::link::v1::METHOD_UNSPECIFIED;
  TenantId tenant;
  uint32_t shard = 0;  // whose credit it takes
  Lane lane = Lane::kReads;
  Duration timeout = Duration::Seconds(30);  // then DEADLINE_EXCEEDED as UNAVAILABLE (NO_ANSWER)
  std::string body;
};

// What a feed gives, in order; one call at a time. OnEnded comes last, once, unless the feed was destroyed before.
class FeedEvents {
 public:
  virtual ~FeedEvents() = default;
  virtual void OnItem(std::string_view item) = 0;
  virtual void OnEnded(const absl::Status& status) = 0;
};
// Closes the feed when destroyed; no call comes after that (it waits for one that runs, so not inside one).
class LinkFeed {
 public:
  virtual ~LinkFeed() = default;
};

class LinkClient {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

  LinkClient(const std::string& address, LinkOptions options);
  ~LinkClient();
  LinkClient(const LinkClient&) = delete;
  LinkClient& operator=(const LinkClient&) = delete;

  // RESOURCE_EXHAUSTED (MAILBOX_FULL) without credit; UNAVAILABLE (LINK_BROKEN, NO_ANSWER); else what the server says.
  // Calls of one shard and lane arrive in the order in which they were made.
  void Call(LinkCall call, Done done);
  // The call's timeout and shard are not read. Not inside the lock of whoever `events` calls.
  std::unique_ptr<LinkFeed> Follow(LinkCall call, std::shared_ptr<FeedEvents> events);

  // Connects when it is not connected. True while it is: the server has taken something on the stream that is open.
  bool Probe();

  // What the destructor does; every call from now on fails at once.
  void Close();
  // Ends the stream, as a network that fails would.
  void Break();

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace meridian
