#include "tests/soak/world.h"

#include <chrono>
#include <utility>

namespace meridian::soak {

World::World(std::string data, load::Tokens tokens, std::unique_ptr<Journal> journal, uint64_t seed)
    : data_(std::move(data)),
      tokens_(std::move(tokens)),
      journal_(std::move(journal)),
      ids_(*RegionCode::Parse("soak"), seed, clock_) {}

std::unique_ptr<rpc::Client> World::Connect(const std::string& service, const std::string& token) {
  while (!stopped_) {
    const auto address = load::AwaitAddress(data_, Duration::Milliseconds(200), service);
    if (address.ok()) {
      return rpc::Client::Connect({.target = *address, .token = token, .timeout = Duration::Seconds(5)});
    }
  }
  return nullptr;
}

void World::Rest(bool resting) {
  {
    std::lock_guard lock(mutex_);
    resting_ = resting;
  }
  changed_.notify_all();
}

void World::Finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
}

bool World::AwaitTurn() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !resting_ || finishing_ || stopped_; });
  return !finishing_ && !stopped_;
}

void World::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

void World::Pause(Duration length) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::nanoseconds(length.ns), [&] { return stopped_.load(); });
}

void World::SawEnd(const std::string& contact) {
  {
    std::lock_guard lock(mutex_);
    ended_.insert(contact);
  }
  changed_.notify_all();
}

bool World::AwaitEnd(const std::string& contact, Duration limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(limit.ns),
                           [&] { return stopped_ || ended_.contains(contact); });
}

void World::Acknowledged(const std::string& contact) {
  std::lock_guard lock(mutex_);
  acknowledged_.insert(contact);
}

std::set<std::string> World::Open() const {
  std::lock_guard lock(mutex_);
  std::set<std::string> open;
  for (const std::string& contact : acknowledged_) {
    if (!ended_.contains(contact)) open.insert(contact);
  }
  return open;
}

int64_t World::acknowledged() const {
  std::lock_guard lock(mutex_);
  return static_cast<int64_t>(acknowledged_.size());
}

}  // namespace meridian::soak
