#include "tests/simulation/worlds/session_owner.h"

#include <utility>

#include "tests/simulation/worlds/tenant.h"

namespace meridian::worlds {
namespace {

constexpr Duration kCustomersPatience = Duration::Seconds(10);

absl::Status Broken() {
  return MakeRefusal(absl::StatusCode::kUnavailable, "CONNECTION_LOST", "the connection was lost");
}

uint64_t NextReading() {
  static uint64_t last = 0;
  return ++last;
}

}  // namespace

Stepped* SessionOwner::Build() {
  SessionShardOptions options;
  options.core.max_awake = 1;  // conversations rest between commands wherever they may
  options.identity = {kSessionShard, OwnerName(), schedule().Pick(UINT64_MAX), kLease};
  options.routing_shards = {kRoutingShard};
  options.core.keep_closed = keep_closed_;
  SessionPorts session;
  session.shard = ports();
  session.log = link();
  session.routing = &routing_;
  session.on_state = [this](ShardId, ShardState state, const absl::Status& why) {
    Note("is " + std::string(ToString(state)) + (why.ok() ? "" : ": " + std::string(why.message())));
  };
  session.on_follower_error = [this](ShardId, const absl::Status& why) {
    Note("follower: " + std::string(why.message()));
  };
  std::vector<std::unique_ptr<SessionShard>> shards;
  shards.push_back(std::make_unique<SessionShard>(std::move(options), std::move(session)));
  service_ = std::make_unique<SessionService>(std::move(shards));
  return service_->shards().front().get();
}

void SessionOwner::Destroy() {
  if (service_ == nullptr) return;
  std::map<uint64_t, OpenReading> open;
  open.swap(readings);
  service_.reset();
  for (auto& [id, reading] : open) reading.broken();
}

bool SessionOwner::serving() const {
  return service_ != nullptr && service_->shards().front()->state() == ShardState::kServing;
}

// ---- from afar: commands ----

template <typename T>
void SessionFromAfar::Ask(std::function<void(SessionClient&, Done<T>)> serve, Done<T> done) {
  SessionOwner& owner = *owners_[believed_];
  auto at_owner = [&owner, serve = std::move(serve)](Done<T> back) {
    serve(owner.service(), [&owner, life = owner.life(), back = std::move(back)](absl::StatusOr<T> result) mutable {
      if (!life->alive) return;
      if (result.ok()) owner.Answered();
      back(std::move(result));
    });
  };
  auto heard = [this, asked = believed_, done = std::move(done)](absl::StatusOr<T> result) mutable {
    if (absl::IsUnavailable(result.status()) && believed_ == asked) believed_ = (asked + 1) % owners_.size();
    done(std::move(result));
  };
  network_.Ask<T>(from_, owner, std::move(at_owner), std::move(heard), kCustomersPatience);
}

void SessionFromAfar::Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) {
  Ask<conversation::Submitted>(
      [command](SessionClient& session, auto back) { session.Submit(command, std::move(back)); }, std::move(done));
}

void SessionFromAfar::Append(conversation::AppendMessage command, Done<conversation::Appended> done) {
  Ask<conversation::Appended>(
      [command](SessionClient& session, auto back) { session.Append(command, std::move(back)); }, std::move(done));
}

void SessionFromAfar::Cancel(conversation::CancelContact command, Done<conversation::Done> done) {
  Ask<conversation::Done>([command](SessionClient& session, auto back) { session.Cancel(command, std::move(back)); },
                          std::move(done));
}

void SessionFromAfar::Close(conversation::CloseConversation command, Done<conversation::Done> done) {
  Ask<conversation::Done>([command](SessionClient& session, auto back) { session.Close(command, std::move(back)); },
                          std::move(done));
}

void SessionFromAfar::ListMessages(session::v1::ListMessagesRequest request,
                                   Done<session::v1::ListMessagesResponse> done) {
  Ask<session::v1::ListMessagesResponse>(
      [request](SessionClient& session, auto back) { session.ListMessages(kTenant, request, std::move(back)); },
      std::move(done));
}

// ---- from afar: reading ----

struct SessionFromAfar::Connection::State {
  Party& client;
  Network& network;
  SessionOwner& owner;
  std::shared_ptr<Life> client_life;
  RemoteReader reader;
  uint64_t number = NextReading();
  bool over = false;

  // Tells the client, unless it has gone or heard of the end.
  void Tell(const std::function<void(RemoteReader&)>& call) {
    if (!over && client_life->alive) call(reader);
  }
  void End(const absl::Status& status) {
    if (std::exchange(over, true) || !client_life->alive) return;
    reader.on_ended(status);
  }
};

// The owner's side: sends on what it is told. What gets lost breaks the connection.
class SessionFromAfar::Forwarder final : public SessionClient::Reader {
 public:
  explicit Forwarder(std::shared_ptr<Connection::State> state)
      : state_(std::move(state)), life_(state_->owner.life()) {}

  void OnMessage(const type::v1::Message& message) override {
    Send(
        [message](Connection::State& state) { state.Tell([&](RemoteReader& reader) { reader.on_message(message); }); });
  }
  void OnCaughtUp(uint64_t) override {}
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    Send([status](Connection::State& state) { state.Tell([&](RemoteReader& reader) { reader.on_status(status); }); });
  }
  void OnEnded(const absl::Status& status) override {
    Send([status](Connection::State& state) { state.End(status); });
  }

 private:
  void Send(std::function<void(Connection::State&)> what) {
    if (!life_->alive || broken_) return;
    broken_ = !state_->network.Send(
        state_->owner, state_->client, [state = state_, what = std::move(what)] { what(*state); },
        [state = state_] { state->End(Broken()); });
  }

  const std::shared_ptr<Connection::State> state_;
  const std::shared_ptr<Life> life_;
  bool broken_ = false;  // nothing arrives any more
};

SessionFromAfar::Connection::~Connection() {
  state_->over = true;
  // The owner sees the closed connection, whatever else gets lost.
  state_->owner.schedule().After(Duration::Milliseconds(1), [state = state_, life = state_->owner.life()] {
    if (life != nullptr && life->alive) {
      state->owner.WhenAwake([state] { state->owner.readings.erase(state->number); });
    }
  });
}

std::unique_ptr<SessionFromAfar::Connection> SessionFromAfar::Read(const ConversationId& conversation,
                                                                   const AgentId& agent, uint64_t after_number,
                                                                   RemoteReader reader) {
  SessionOwner& owner = *owners_[believed_];
  auto on_ended = [this, asked = believed_, ended = std::move(reader.on_ended)](const absl::Status& status) {
    if (absl::IsUnavailable(status) && believed_ == asked) believed_ = (asked + 1) % owners_.size();
    ended(status);
  };
  reader.on_ended = std::move(on_ended);
  auto state =
      std::make_shared<Connection::State>(Connection::State{from_, network_, owner, from_.life(), std::move(reader)});
  auto broken = [state] {
    Schedule& schedule = state->owner.schedule();
    schedule.After(schedule.Between(Duration::Milliseconds(1), Duration::Seconds(1)),
                   [state] { state->End(Broken()); });
  };
  network_.Send(
      from_, owner,
      [state, broken, conversation, agent, after_number] {
        if (state->over) return;
        auto forwarder = std::make_shared<Forwarder>(state);
        SessionClient& session = state->owner.service();
        state->owner.readings[state->number] = {
            agent.empty() ? session.ReadAsCustomer(kTenant, conversation, after_number, forwarder)
                          : session.ReadAsAgent(kTenant, conversation, agent, after_number, forwarder),
            broken};
      },
      broken);
  return std::unique_ptr<Connection>(new Connection(std::move(state)));
}

}  // namespace meridian::worlds
