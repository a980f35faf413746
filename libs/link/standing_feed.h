// A feed that is opened again, with a pause that grows, when its stream breaks or its server says UNAVAILABLE or
// RESOURCE_EXHAUSTED. Any thread; the destructor waits for a callback that runs, so it must not run inside one.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "libs/link/link_client.h"

namespace meridian {

struct StandingFeedPlan {
  // Opens it once more: finds the server and says from where to go on. Not within a callback, and one at a time.
  std::function<std::unique_ptr<LinkFeed>(std::shared_ptr<FeedEvents>)> open;
  std::function<void(std::string_view)> on_item;
  // The feed has ended for good.
  std::function<void(const absl::Status&)> on_ended;
  rpc::DeadlineTimer* timer = nullptr;  // outlives the feed
};

class StandingFeed {
 public:
  explicit StandingFeed(StandingFeedPlan plan);
  ~StandingFeed();
  StandingFeed(const StandingFeed&) = delete;
  StandingFeed& operator=(const StandingFeed&) = delete;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace meridian
