#include "tests/benchmark/platform/agent_stream.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "libs/rpc/grpc_status.h"
#include "meridian/agent/v1/agent_service.pb.h"
#include "tests/benchmark/platform/access.h"

namespace meridian::load {

using agent::v1::ConnectRequest;
using agent::v1::ConnectResponse;

// On a stream: all of 100,000 at once would be refused for their number.
constexpr int kAttachesAtOnce = 16;

class AgentStream::Reactor : public grpc::ClientBidiReactor<ConnectRequest, ConnectResponse> {
 public:
  Reactor(std::shared_ptr<grpc::Channel> channel, const std::string& token, std::vector<std::string> agents,
          IdSource& ids, Scoreboard& scoreboard)
      : stub_(std::move(channel)), ids_(ids), scoreboard_(scoreboard), agents_(agents.size()) {
    context_.AddMetadata("authorization", "Bearer " + token);
    stub_.PrepareBidiStreamingCall(&context_, "/meridian.agent.v1.AgentService/Connect", {}, this);
    to_attach_.assign(std::make_move_iterator(agents.begin()), std::make_move_iterator(agents.end()));
    for (int i = 0; i < kAttachesAtOnce; ++i) AttachNext();
    AddHold();  // writes also begin outside the reactions
    StartRead(&response_);
    StartCall();
  }

  absl::Status AwaitAttached(Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::nanoseconds(limit.ns), [&] { return done_ || attached_ >= agents_; });
    if (attached_ >= agents_) return absl::OkStatus();
    if (done_) return rpc::FromGrpcStatus(status_);
    return absl::DeadlineExceededError(std::to_string(attached_) + " of " + std::to_string(agents_) + " attached");
  }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    context_.TryCancel();
    RemoveHold();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
  }

  void Keep(bool keeping) {
    std::lock_guard lock(mutex_);
    keeping_ = keeping;
  }
  size_t kept() const {
    std::lock_guard lock(mutex_);
    return kept_.size();
  }
  void CompleteKept() {
    std::vector<ConnectResponse> kept;
    {
      std::lock_guard lock(mutex_);
      kept.swap(kept_);
    }
    for (const ConnectResponse& started : kept) Complete(started);
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    Handle(response_);
    response_.Clear();
    StartRead(&response_);
  }

  void OnWriteDone(bool ok) override {
    std::lock_guard lock(mutex_);
    outgoing_.pop_front();
    if (ok && !outgoing_.empty()) WriteFirst();
  }

  void OnDone(const grpc::Status& status) override {
    std::lock_guard lock(mutex_);
    if (!stopping_) scoreboard_.Mishap("stream ended: " + status.error_message());
    status_ = status;
    done_ = true;
    changed_.notify_all();
  }

 private:
  ConnectRequest RequestOf(std::string agent) {
    ConnectRequest request;
    request.set_request_id(ids_.NextUuid().ToString());
    request.set_agent(std::move(agent));
    return request;
  }

  void AttachNext() {
    std::string agent;
    {
      std::lock_guard lock(mutex_);
      if (to_attach_.empty()) return;
      agent = std::move(to_attach_.front());
      to_attach_.pop_front();
    }
    ConnectRequest request = RequestOf(std::move(agent));
    request.mutable_attach()->set_activity("available");
    Send(std::move(request));
  }

  // What failed while not all are attached was an attach.
  void AttachAgain(const std::string& agent) {
    {
      std::lock_guard lock(mutex_);
      if (attached_ >= agents_) return;
      to_attach_.push_back(agent);
    }
    AttachNext();
  }

  void Send(ConnectRequest request) {
    std::lock_guard lock(mutex_);
    if (stopping_ || done_) return;
    outgoing_.push_back(std::move(request));
    if (outgoing_.size() == 1) WriteFirst();
  }

  void WriteFirst() {
    grpc::WriteOptions options;
    if (outgoing_.size() > 1) options.set_buffer_hint();
    StartWrite(&outgoing_.front(), options);
  }

  void Handle(const ConnectResponse& response) {
    switch (response.update_case()) {
      case ConnectResponse::kAttached: {
        {
          std::lock_guard lock(mutex_);
          ++attached_;
          changed_.notify_all();
        }
        return AttachNext();
      }
      case ConnectResponse::kOfferMade:
        scoreboard_.Offered(response.offer_made().contact().contact_id());
        return Accept(response);
      case ConnectResponse::kAssignmentStarted:
        scoreboard_.Accepted(Answered(response.assignment_started().contact().contact_id()));
        if (!Keeps(response)) Complete(response);
        return;
      case ConnectResponse::kAssignmentEnded:
        scoreboard_.Completed(Answered(response.assignment_ended().contact_id()));
        if (response.assignment_ended().reason() != agent::v1::AssignmentEnded::REASON_COMPLETED) {
          scoreboard_.Mishap("assignment not completed");
        }
        return scoreboard_.Ended(response.assignment_ended().contact_id());
      case ConnectResponse::kOfferRescinded:
        return scoreboard_.Mishap("offer rescinded");
      case ConnectResponse::kDetached:
        return scoreboard_.Mishap("agent detached");
      case ConnectResponse::kResult:
        if (response.result().has_error()) {
          scoreboard_.Mishap("agent's command: " + response.result().error().reason());
          AttachAgain(response.agent());
        }
        return;
      default:
        return;
    }
  }

  void Accept(const ConnectResponse& response) {
    ConnectRequest request = RequestOf(response.agent());
    request.mutable_accept_offer()->set_contact_id(response.offer_made().contact().contact_id());
    request.mutable_accept_offer()->set_offer_token(response.offer_made().offer_token());
    Asked(response.offer_made().contact().contact_id());
    Send(std::move(request));
  }

  void Complete(const ConnectResponse& response) {
    ConnectRequest request = RequestOf(response.agent());
    request.mutable_complete_contact()->set_contact_id(response.assignment_started().contact().contact_id());
    request.mutable_complete_contact()->set_offer_token(response.assignment_started().offer_token());
    Asked(response.assignment_started().contact().contact_id());
    Send(std::move(request));
  }

  // The agent asks for something of the contact, of which one thing at a time is under way; and when it asked for what
  // it has now been answered.
  void Asked(const std::string& contact) {
    std::lock_guard lock(mutex_);
    asked_ns_[contact] = MonotonicNs();
  }
  int64_t Answered(const std::string& contact) {
    std::lock_guard lock(mutex_);
    auto asked = asked_ns_.extract(contact);
    return asked.empty() ? 0 : asked.mapped();
  }

  bool Keeps(const ConnectResponse& response) {
    std::lock_guard lock(mutex_);
    if (keeping_) kept_.push_back(response);
    return keeping_;
  }

  grpc::TemplatedGenericStub<ConnectRequest, ConnectResponse> stub_;
  grpc::ClientContext context_;
  IdSource& ids_;
  Scoreboard& scoreboard_;
  const size_t agents_;
  ConnectResponse response_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<ConnectRequest> outgoing_;  // the first one is being written
  std::deque<std::string> to_attach_;
  std::unordered_map<std::string, int64_t> asked_ns_;  // by contact
  bool keeping_ = false;
  std::vector<ConnectResponse> kept_;
  size_t attached_ = 0;
  bool stopping_ = false;
  bool done_ = false;
  grpc::Status status_;
};

AgentStream::AgentStream(std::shared_ptr<grpc::Channel> channel, const std::string& token,
                         std::vector<std::string> agents, IdSource& ids, Scoreboard& scoreboard)
    : reactor_(std::make_unique<Reactor>(std::move(channel), token, std::move(agents), ids, scoreboard)) {}

AgentStream::~AgentStream() { reactor_->Stop(); }

absl::Status AgentStream::AwaitAttached(Duration limit) { return reactor_->AwaitAttached(limit); }

void AgentStream::Keep(bool keeping) { reactor_->Keep(keeping); }

size_t AgentStream::kept() const { return reactor_->kept(); }

void AgentStream::CompleteKept() { reactor_->CompleteKept(); }

}  // namespace meridian::load
