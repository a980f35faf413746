#include "tests/soak/agents.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>
#include <utility>

#include "libs/base/check.h"
#include "meridian/agent/v1/agent_service.pb.h"

namespace meridian::soak {
namespace {

using agent::v1::ConnectRequest;
using agent::v1::ConnectResponse;

constexpr int64_t kRejectEvery = 10;
constexpr Duration kRetryPause = Duration::Milliseconds(20);

class AgentDesk {
 public:
  AgentDesk(World& world, const std::vector<std::string>& agents) : world_(world), agents_(agents) {
    auto token = world.tokens().Agents(agents);
    MERIDIAN_CHECK(token.ok());
    token_ = *token;
  }

  // One connection, from its start to its end.
  void Connect() {
    const std::unique_ptr<rpc::Client> client = world_.Connect("agent_gateway", token_);
    if (client == nullptr) return;
    stream_ = client->OpenStream("/meridian.agent.v1.AgentService/Connect");
    work_.clear();
    asked_.clear();
    for (const std::string& agent : agents_) {
      ConnectRequest attach = RequestOf(agent);
      attach.mutable_attach()->set_activity("available");
      Command(attach);
    }
    std::thread ender([&, stream = stream_.get()] { CancelWhenStopped(*stream); });
    ConnectResponse response;
    while (stream_->Read(&response)) Handle(response);
    ended_ = true;
    ender.join();
    ended_ = false;
    stream_.reset();
    if (!world_.stopped()) world_.LostServer();
  }

 private:
  // A contact that the desk has accepted, until it is completed.
  struct Work {
    std::string agent;
    std::string contact;
    std::string offer_token;
    std::string text;           // the agent's answer
    uint64_t shown = 0;         // all messages up to this number
    uint64_t acknowledged = 0;  // number of the answer; 0: not yet
    bool completing = false;
  };

  void CancelWhenStopped(rpc::ClientStream& stream) {
    while (!ended_ && !world_.stopped()) world_.Pause(Duration::Milliseconds(50));
    stream.Cancel();
  }

  ConnectRequest RequestOf(const std::string& agent) {
    ConnectRequest request;
    request.set_request_id(world_.NextRequestId());
    request.set_agent(agent);
    return request;
  }

  void Handle(const ConnectResponse& response) {
    switch (response.update_case()) {
      case ConnectResponse::kOfferMade:
        return Accept(response.agent(), response.offer_made());
      case ConnectResponse::kAssignmentStarted:
        return Answer(response.agent(), response.assignment_started());
      case ConnectResponse::kMessageReceived:
        return Shown(response.agent(), response.message_received());
      case ConnectResponse::kAssignmentEnded:
        return Forget(response.assignment_ended().contact_id());
      case ConnectResponse::kResult:
        return Answered(response.result());
      default:
        return;
    }
  }

  // Now and then an offer is rejected, and then accepted all the same: too late, so that must be refused.
  void Accept(const std::string& agent, const agent::v1::OfferMade& offer) {
    if (++offers_ % kRejectEvery == 0) {
      ConnectRequest reject = RequestOf(agent);
      reject.mutable_reject_offer()->set_contact_id(offer.contact().contact_id());
      reject.mutable_reject_offer()->set_offer_token(offer.offer_token());
      Command(reject);
    }
    ConnectRequest request = RequestOf(agent);
    request.mutable_accept_offer()->set_contact_id(offer.contact().contact_id());
    request.mutable_accept_offer()->set_offer_token(offer.offer_token());
    Command(request);
  }

  // A contact that is assigned again gets its answer again, with its number: the conversation must have it once. What
  // the connection has shown is not shown again while the assignment goes on.
  void Answer(const std::string& agent, const agent::v1::AssignmentStarted& started) {
    const std::string& conversation = started.contact().conversation_id();
    Work& work = work_[conversation];
    const uint64_t shown = work.contact == started.contact().contact_id() ? work.shown : 0;
    work = {.agent = agent,
            .contact = started.contact().contact_id(),
            .offer_token = started.offer_token(),
            .shown = shown};
    work.text = "Answer of " + agent + " in " + conversation;
    ConnectRequest request = RequestOf(agent);
    request.mutable_send_message()->set_conversation_id(conversation);
    request.mutable_send_message()->set_client_number(1);
    request.mutable_send_message()->add_parts()->mutable_text()->set_text(work.text);
    world_.journal().Message(conversation, {agent}, 1);
    Command(request);
  }

  void Shown(const std::string& agent, const agent::v1::MessageReceived& received) {
    const type::v1::Message& message = received.message();
    world_.journal().Seen(received.conversation_id(), {agent}, message.number(), message.parts(0).text().text());
    auto work = work_.find(received.conversation_id());
    if (work == work_.end()) return;
    work->second.shown = std::max(work->second.shown, message.number());
    CompleteWhenRead(work->second);
  }

  void Answered(const agent::v1::CommandResult& result) {
    auto asked = asked_.find(result.request_id());
    if (asked == asked_.end()) return;
    const ConnectRequest request = std::move(asked->second);
    asked_.erase(asked);
    if (result.has_error()) return Refused(request, result.error());
    if (request.has_accept_offer()) {
      world_.journal().Commanded("accept", request.accept_offer().contact_id(), request.agent(),
                                 request.accept_offer().offer_token());
    } else if (request.has_complete_contact()) {
      world_.journal().Commanded("complete", request.complete_contact().contact_id(), request.agent(),
                                 request.complete_contact().offer_token());
    } else if (request.has_send_message()) {
      const auto& sent = request.send_message();
      world_.journal().MessageSent(sent.conversation_id(), {request.agent()}, 1, result.message_number(),
                                   sent.parts(0).text().text());
      auto work = work_.find(sent.conversation_id());
      if (work == work_.end()) return;
      work->second.acknowledged = result.message_number();
      CompleteWhenRead(work->second);
    }
  }

  // What may succeed later is sent again as it is. What the agent could not say, the contact is completed without.
  void Refused(const ConnectRequest& request, const type::v1::Error& error) {
    if (error.code() == "UNAVAILABLE") {
      world_.Pause(kRetryPause);
      return Command(request);
    }
    world_.journal().Note("refused " + std::string(error.reason()) + ": " + request.ShortDebugString());
    if (!request.has_send_message()) return;
    auto work = work_.find(request.send_message().conversation_id());
    if (work != work_.end()) Complete(work->second);
  }

  void CompleteWhenRead(Work& work) {
    if (work.acknowledged != 0 && work.shown + 1 >= work.acknowledged) Complete(work);
  }

  void Complete(Work& work) {
    if (work.completing) return;
    work.completing = true;
    ConnectRequest request = RequestOf(work.agent);
    request.mutable_complete_contact()->set_contact_id(work.contact);
    request.mutable_complete_contact()->set_offer_token(work.offer_token);
    Command(request);
  }

  void Forget(const std::string& contact) {
    std::erase_if(work_, [&](const auto& entry) { return entry.second.contact == contact; });
  }

  void Command(const ConnectRequest& request) {
    stream_->Write(request);
    asked_[request.request_id()] = request;
  }

  World& world_;
  const std::vector<std::string>& agents_;
  std::string token_;
  std::unique_ptr<rpc::ClientStream> stream_;
  std::atomic<bool> ended_ = false;
  int64_t offers_ = 0;
  std::map<std::string, Work> work_;             // by conversation
  std::map<std::string, ConnectRequest> asked_;  // commands without an answer yet, by request id
};

}  // namespace

void ServeAgents(World& world, const std::vector<std::string>& agents) {
  AgentDesk desk(world, agents);
  while (!world.stopped()) {
    desk.Connect();
    world.Pause(Duration::Milliseconds(20));
  }
}

}  // namespace meridian::soak
