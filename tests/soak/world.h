// What customers and agents of one soak run share: the way to the server, which comes and goes, the journal, and which
// contacts have ended as far as the event stream says. Any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_set>

#include "absl/status/statusor.h"
#include "libs/app/id_source.h"
#include "libs/base/time.h"
#include "libs/rpc/client.h"
#include "libs/runtime/clock.h"
#include "tests/benchmark/platform/access.h"
#include "tests/soak/journal.h"

namespace meridian::soak {

class World {
 public:
  World(std::string data, load::Tokens tokens, std::unique_ptr<Journal> journal, uint64_t seed);

  // A client of a process that serves "ingress", "agent_gateway" or "replicator", as it listens now; waits while there
  // is none. Null when the world was stopped.
  std::unique_ptr<rpc::Client> Connect(const std::string& service, const std::string& token);

  const load::Tokens& tokens() const { return tokens_; }
  Journal& journal() { return *journal_; }
  std::string NextRequestId() { return ids_.NextUuid().ToString(); }

  // Whether customers rest between two contacts.
  void Rest(bool resting);
  // No new contacts from now on.
  void Finish();
  // Waits while customers rest; false when no new contact shall begin any more.
  bool AwaitTurn();
  // Everybody goes home, done or not.
  void Stop();
  bool stopped() const { return stopped_; }
  // Waits; ends early when the world is stopped.
  void Pause(Duration length);

  // What the event stream said, by contact.
  void SawEnd(const std::string& contact);
  // False when it did not end within `limit`.
  bool AwaitEnd(const std::string& contact, Duration limit);

  // Acknowledged contacts whose end nobody has seen yet.
  void Acknowledged(const std::string& contact);
  std::set<std::string> Open() const;
  int64_t acknowledged() const;
  // Each time that a client found the server gone.
  void LostServer() { ++losses_; }
  int64_t losses() const { return losses_; }

 private:
  const std::string data_;
  const load::Tokens tokens_;
  const std::unique_ptr<Journal> journal_;
  const SystemWallClock clock_;
  IdSource ids_;
  bool resting_ = false;
  bool finishing_ = false;
  std::atomic<bool> stopped_ = false;
  std::atomic<int64_t> losses_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<std::string> acknowledged_;
  std::unordered_set<std::string> ended_;
};

}  // namespace meridian::soak
