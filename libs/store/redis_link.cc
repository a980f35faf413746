#include "libs/store/redis_link.h"

#include <algorithm>
#include <utility>

#include "libs/store/redis_functions.h"

namespace meridian {

RedisLink::RedisLink(const RedisOptions& options, TlsContext tls, RedisIoThread* thread, Events events)
    : options_(options),
      tls_(std::move(tls)),
      thread_(thread),
      events_(std::move(events)),
      retry_delay_(options.first_retry),
      random_(options.jitter_seed) {}

RedisLink::~RedisLink() = default;

bool RedisLink::durability_lane_needed() const {
  return options_.durability == RedisDurability::kReplicated ||
         (options_.durability == RedisDurability::kStrict && options_.replicas > 0);
}

void RedisLink::Send(const RedisArguments& arguments, RedisConnection::OnReply on_reply) {
  if (!up()) return on_reply(RedisReply());
  writes_->Send(arguments, std::move(on_reply));
}

void RedisLink::SendDurability(const RedisArguments& arguments, RedisConnection::OnReply on_reply) {
  if (!up()) return on_reply(RedisReply());
  durability_->Send(arguments, std::move(on_reply));
}

// ---- finding the primary ----

void RedisLink::Begin() {
  retry_at_ = MonotonicInstant::Never();
  facts_ = {};
  if (options_.sentinel_master.empty()) {
    Connect(options_.servers.front(), {});
  } else {
    AskNextSentinel();
  }
}

void RedisLink::AskNextSentinel() {
  state_ = State::kAskingSentinel;
  const RedisEndpoint& endpoint = options_.servers[next_sentinel_++ % options_.servers.size()];
  sentinel_ = Open(endpoint, [this, session = session_](const absl::Status& why) {
    if (session == session_ && state_ == State::kAskingSentinel) Fail(why);
  });
  if (!sentinel_) return;
  Authenticate(*sentinel_, options_.sentinel_user, options_.sentinel_password);
  sentinel_->Send(AskSentinel(options_.sentinel_master), [this](RedisReply reply) {
    if (reply.lost()) return;  // the closing says why
    const absl::StatusOr<NamedPrimary> primary = DecodeSentinel(reply);
    if (!primary.ok()) return Fail(primary.status());
    state_ = State::kVerifying;
    sentinel_->Close(absl::CancelledError("answered"));
    Retire(std::move(sentinel_));
    Connect(primary->endpoint, primary->run_id);
  });
}

std::unique_ptr<RedisConnection> RedisLink::Open(const RedisEndpoint& endpoint,
                                                 std::function<void(const absl::Status&)> on_closed) {
  absl::StatusOr<std::unique_ptr<RedisSocket>> socket =
      RedisSocket::Open(endpoint, tls_.get(), options_.tls.server_name);
  if (!socket.ok()) {
    Fail(socket.status());
    return nullptr;
  }
  return std::make_unique<RedisConnection>(*std::move(socket), thread_, options_.monotonic,
                                           RedisConnection::Options{.connect_timeout = options_.connect_timeout,
                                                                    .command_timeout = options_.command_timeout,
                                                                    .on_closed = std::move(on_closed)});
}

std::unique_ptr<RedisConnection> RedisLink::OpenAnother(RedisConnection::Options options) {
  if (!up()) return nullptr;
  absl::StatusOr<std::unique_ptr<RedisSocket>> socket =
      RedisSocket::Open(endpoint_, tls_.get(), options_.tls.server_name);
  if (!socket.ok()) return nullptr;
  auto connection =
      std::make_unique<RedisConnection>(*std::move(socket), thread_, options_.monotonic, std::move(options));
  Authenticate(*connection, options_.user, options_.password);
  return connection;
}

void RedisLink::Authenticate(RedisConnection& connection, const std::string& user, const std::string& password) {
  if (password.empty()) return;
  RedisArguments auth = {"AUTH"};
  if (!user.empty()) auth.push_back(user);
  auth.push_back(password);
  connection.Send(auth, [this](RedisReply reply) {
    if (reply.is_error()) Fail(StatusOfReply(reply));
  });
}

void RedisLink::Connect(RedisEndpoint endpoint, std::string run_id) {
  state_ = State::kVerifying;
  endpoint_ = std::move(endpoint);
  expected_run_id_ = std::move(run_id);
  writes_ = Open(endpoint_, [this, session = session_](const absl::Status& why) {
    if (session == session_) Fail(why);
  });
  if (writes_) Verify();
}

// ---- whether it may be used ----

RedisConnection::OnReply RedisLink::Expect(void (RedisLink::*handle)(RedisReply)) {
  return [this, handle, session = session_](RedisReply reply) {
    if (session != session_ || state_ != State::kVerifying || reply.lost()) return;  // the closing says why
    if (reply.is_error()) return Fail(StatusOfReply(reply));
    (this->*handle)(reply);
  };
}

void RedisLink::Verify() {
  Authenticate(*writes_, options_.user, options_.password);
  writes_->Send({"INFO"}, Expect(&RedisLink::OnInfo));
  RedisArguments settings = {"CONFIG", "GET"};
  settings.insert(settings.end(), std::begin(kRedisSettings), std::end(kRedisSettings));
  writes_->Send(settings, Expect(&RedisLink::OnSettings));
}

void RedisLink::OnInfo(RedisReply reply) { facts_.info = ParseRedisInfo(reply.text()); }

void RedisLink::OnSettings(RedisReply reply) {
  for (size_t i = 0; i + 1 < reply.size(); i += 2) {
    facts_.settings.emplace(reply.at(i).text(), reply.at(i + 1).text());
  }
  absl::Status usable = CheckRedisServer(facts_, options_);
  if (usable.ok() && !was_up_) usable = CheckRedisReplicas(facts_, options_);
  if (!usable.ok()) return Fail(usable);
  if (!expected_run_id_.empty() && expected_run_id_ != facts_.info["run_id"]) {
    return Fail(
        absl::UnavailableError("the server at " + endpoint_.ToString() + " is not the one that the sentinel names"));
  }
  FindLibrary();
}

// Looked for before it is loaded: a server without memory refuses to load what it has.
void RedisLink::FindLibrary() {
  writes_->Send({"FUNCTION", "LIST", "LIBRARYNAME", std::string(kRedisLibraryName), "WITHCODE"},
                Expect(&RedisLink::OnLibraryFound));
}

void RedisLink::OnLibraryFound(RedisReply reply) {
  if (reply.size() == 0) return LoadLibrary();
  const RedisReply library = reply.at(0);
  for (size_t i = 0; i + 1 < library.size(); i += 2) {
    if (library.at(i).text() == "library_code" && library.at(i + 1).text() == RedisFunctionLibrary()) {
      return AskServerName();
    }
  }
  Fail(absl::FailedPreconditionError("the Redis server holds another function library named " +
                                     std::string(kRedisLibraryName)));
}

void RedisLink::LoadLibrary() {
  writes_->Send({"FUNCTION", "LOAD", std::string(RedisFunctionLibrary())},
                [this, session = session_](RedisReply reply) {
                  if (session != session_ || state_ != State::kVerifying || reply.lost()) return;
                  if (!reply.is_error()) return AskServerName();
                  // Another process was quicker.
                  if (reply.text().find("already exists") != std::string_view::npos) return FindLibrary();
                  Fail(StatusOfReply(reply));
                });
}

void RedisLink::AskServerName() {
  writes_->Send(RedisCall("check", RedisKeys(options_.key_prefix).Directory(), {}), Expect(&RedisLink::OnServerName));
}

void RedisLink::OnServerName(RedisReply reply) {
  server_ = std::string(reply.text());
  if (server_ != RedisServerName(facts_)) return Fail(absl::UnavailableError("the Redis server changed meanwhile"));
  if (durability_lane_needed()) {
    OpenDurabilityLane();
  } else {
    CameUp();
  }
}

void RedisLink::OpenDurabilityLane() {
  durability_ = Open(endpoint_, [this, session = session_](const absl::Status& why) {
    if (session == session_) Fail(why);
  });
  if (!durability_) return;
  Authenticate(*durability_, options_.user, options_.password);
  durability_->Send(RedisCall("server", RedisKeys(options_.key_prefix).Directory(), {}),
                    Expect(&RedisLink::OnDurabilityServerName));
}

void RedisLink::OnDurabilityServerName(RedisReply reply) {
  if (reply.text() != server_) return Fail(absl::UnavailableError("the two lanes lead to two Redis servers"));
  CameUp();
}

void RedisLink::CameUp() {
  state_ = State::kUp;
  was_up_ = true;
  retry_delay_ = options_.first_retry;
  events_.on_up();
}

// ---- losing it ----

void RedisLink::Retire(std::unique_ptr<RedisConnection> connection) {
  if (connection) retired_.push_back(std::move(connection));
}

void RedisLink::Fail(const absl::Status& why) {
  if (state_ == State::kDown && retry_at_ != MonotonicInstant::Never()) return;
  const bool was = up();
  state_ = State::kDown;
  ++session_;
  retry_at_ = RetryTime();
  for (auto* connection : {&sentinel_, &writes_, &durability_}) {
    if (!*connection) continue;
    (*connection)->Close(why);
    Retire(std::move(*connection));
  }
  if (was) {
    events_.on_down(why);
  } else {
    events_.on_failure(why);
  }
}

void RedisLink::Close() {
  if (std::exchange(closing_, true)) return;
  Fail(absl::CancelledError("the store is closed"));
}

// Between half the delay and one and a half.
MonotonicInstant RedisLink::RetryTime() {
  random_ += 0x9e3779b97f4a7c15ULL;
  uint64_t mixed = random_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  mixed ^= mixed >> 31;
  const Duration delay = retry_delay_;
  retry_delay_ = std::min(retry_delay_ * 2, options_.longest_retry);
  return options_.monotonic->Now() + delay / 2 +
         Duration{static_cast<int64_t>(mixed % static_cast<uint64_t>(delay.ns))};
}

void RedisLink::Tick() {
  for (auto* connection : {&sentinel_, &writes_, &durability_}) {
    if (*connection) (*connection)->Tick();
  }
  for (size_t i = 0; i < retired_.size(); ++i) retired_[i]->Tick();  // may retire more
  std::erase_if(retired_, [](const auto& connection) { return connection->closed(); });
  if (state_ == State::kDown && !closing_ && options_.monotonic->Now() >= retry_at_) Begin();
}

MonotonicInstant RedisLink::NextWake() const {
  if (!retired_.empty()) return MonotonicInstant{};
  MonotonicInstant wake = state_ == State::kDown && !closing_ ? retry_at_ : MonotonicInstant::Never();
  for (const auto* connection : {&sentinel_, &writes_, &durability_}) {
    if (*connection) wake = std::min(wake, (*connection)->NextWake());
  }
  return wake;
}

}  // namespace meridian
