// A process that owns the session shard, or waits to: the real service, with its shard, loop and core. Others reach it
// over the network.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/session/session_service.h"
#include "tests/simulation/worlds/network.h"
#include "tests/simulation/worlds/process.h"
#include "tests/simulation/worlds/routing_owner.h"

namespace meridian::worlds {

inline constexpr ShardId kSessionShard{ShardKind::kSession, 0};

class SessionOwner final : public Process {
 public:
  SessionOwner(Schedule& schedule, StoreRoads& roads, Network& network, std::vector<RoutingOwner*> routing,
               std::string name)
      : Process(schedule, roads, std::move(name)),
        judge_(roads.judge),
        keep_closed_(roads.mix.keep_closed),
        routing_(*this, network, std::move(routing)) {}
  ~SessionOwner() override { Destroy(); }

  SessionClient& service() { return *service_; }
  bool serving() const override;
  void CheckInside() override {}
  // An answer that rests on the shard's state leaves.
  void Answered() { judge_.Answered(kSessionShard, name()); }

  // The readings that others opened here, by the number that they gave them. `broken` is called when it ends with the
  // process.
  struct OpenReading {
    std::unique_ptr<SessionClient::Reading> reading;
    std::function<void()> broken;
  };
  std::map<uint64_t, OpenReading> readings;

 protected:
  Stepped* Build() override;
  void Launch() override { service_->Start(); }
  void Destroy() override;

 private:
  Judge& judge_;
  const Duration keep_closed_;
  RoutingFromAfar routing_;
  std::unique_ptr<SessionService> service_;
};

// What a reader is told, on the reader's side. The last call is on_ended.
struct RemoteReader {
  std::function<void(const type::v1::Message&)> on_message;
  std::function<void(const ingress::v1::ContactStatus&)> on_status;
  std::function<void(const absl::Status&)> on_ended;
};

// Session as another party sees it: it asks the owner that answered last, and the other one when that does not serve.
class SessionFromAfar {
 public:
  template <typename T>
  using Done = SessionClient::Done<T>;

  SessionFromAfar(Party& from, Network& network, std::vector<SessionOwner*> owners)
      : from_(from), network_(network), owners_(std::move(owners)) {}

  void Submit(conversation::SubmitContact command, Done<conversation::Submitted> done);
  void Append(conversation::AppendMessage command, Done<conversation::Appended> done);
  void Cancel(conversation::CancelContact command, Done<conversation::Done> done);
  void Close(conversation::CloseConversation command, Done<conversation::Done> done);
  void ListMessages(session::v1::ListMessagesRequest request, Done<session::v1::ListMessagesResponse> done);

  // A reading over the network; it ends when this object goes, and when the connection is lost.
  class Connection {
   public:
    ~Connection();

   private:
    friend class SessionFromAfar;
    struct State;
    explicit Connection(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_;
  };
  // An empty `agent` is the customer.
  std::unique_ptr<Connection> Read(const ConversationId& conversation, const AgentId& agent, uint64_t after_number,
                                   RemoteReader reader);

 private:
  class Forwarder;
  template <typename T>
  void Ask(std::function<void(SessionClient&, Done<T>)> serve, Done<T> done);

  Party& from_;
  Network& network_;
  const std::vector<SessionOwner*> owners_;
  size_t believed_ = 0;
};

}  // namespace meridian::worlds
