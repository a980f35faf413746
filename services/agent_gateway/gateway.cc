#include "services/agent_gateway/gateway.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/refusal_status.h"
#include "services/agent_gateway/frames.h"

namespace meridian {
namespace {

namespace pb = agent::v1;

constexpr Duration kFirstDetachRetry = Duration::Milliseconds(50);
constexpr Duration kLongestDetachRetry = Duration::Seconds(10);
constexpr Duration kFirstReadRetry = Duration::Milliseconds(50);
constexpr Duration kLongestReadRetry = Duration::Seconds(1);

void EndReadings(Attachment& attachment) {
  std::map<std::string, Attachment::Reading> readings;
  {
    std::lock_guard lock(attachment.mutex);
    attachment.over = true;
    readings.swap(attachment.readings);
  }
}

}  // namespace

// Sends an agent what is said in one conversation, and reads on when its shard was away.
class AgentGateway::ConversationReader : public SessionClient::Reader {
 public:
  // `waited` before this reading, since the last one that gave anything.
  ConversationReader(AgentGateway& gateway, std::weak_ptr<Attachment> attachment, const ConversationId& conversation,
                     uint64_t after_number, Duration waited, std::shared_ptr<bool> ended)
      : lifeline_(gateway.lifeline_),
        timer_(gateway.ports_.timer),
        attachment_(std::move(attachment)),
        conversation_(conversation),
        name_(conversation.ToString()),
        ended_(std::move(ended)),
        read_to_(after_number),
        waited_(waited) {}

  void OnMessage(const type::v1::Message& message) override {
    auto attachment = attachment_.lock();
    if (!attachment) return;
    read_to_ = message.number();
    waited_ = Duration::Zero();
    attachment->stream.Send(MakeMessage(attachment->agent, name_, message),
                            rpc::Droppable{attachment->agent.value + "/" + name_, message.number() - 1});
  }
  void OnCaughtUp(uint64_t) override { waited_ = Duration::Zero(); }
  void OnStatus(const ingress::v1::ContactStatus&) override {}
  void OnEnded(const absl::Status& status) override {
    auto attachment = attachment_.lock();
    if (!attachment) return;
    {
      std::lock_guard lock(attachment->mutex);
      *ended_ = true;
    }
    if (!absl::IsUnavailable(status)) return;
    const Duration wait = std::clamp(waited_ * 2, kFirstReadRetry, kLongestReadRetry);
    timer_.After(wait, [lifeline = lifeline_, attachment = attachment_, conversation = conversation_, ended = ended_,
                        after_number = read_to_, wait] {
      auto held = attachment.lock();
      if (!held) return;
      IfAlive(lifeline, [&](AgentGateway& gateway) {
        if (gateway.IsNewestReading(*held, conversation, ended)) gateway.Read(held, conversation, after_number, wait);
      });
    });
  }

 private:
  const std::shared_ptr<Lifeline> lifeline_;
  rpc::DeadlineTimer& timer_;
  const std::weak_ptr<Attachment> attachment_;
  const ConversationId conversation_;
  const std::string name_;
  const std::shared_ptr<bool> ended_;  // guarded by the attachment's mutex
  uint64_t read_to_;
  Duration waited_;
};

AgentGateway::AgentGateway(const AgentGatewayPorts& ports)
    : ports_(ports), key_{"gateway-" + ports.ids.NextUuid().ToString()}, lifeline_(new Lifeline{{}, this}) {
  registration_ = ports_.routing.RegisterGateway(
      key_, {[this](const TenantId& tenant, GatewayMessage&& message) { OnMessage(tenant, std::move(message)); },
             [this] { OnTerm(); }});
}

AgentGateway::~AgentGateway() {
  registration_.reset();
  {
    std::lock_guard lock(lifeline_->mutex);
    lifeline_->gateway = nullptr;
  }
  std::map<Key, std::shared_ptr<Attachment>> attachments;
  {
    std::lock_guard lock(mutex_);
    attachments.swap(attachments_);
  }
  for (const auto& [key, attachment] : attachments) EndReadings(*attachment);
}

// Above every earlier number, also those of this process's last life, as long as the wall clock does not go back.
AttachmentNumber AgentGateway::NextNumber() {
  const uint64_t now_us = static_cast<uint64_t>(ports_.clock.Now().ns / 1000);
  last_number_ = std::max(last_number_ + 1, now_us);
  return {last_number_};
}

std::shared_ptr<Attachment> AgentGateway::Attach(Wish wish, CommandOrigin origin,
                                                 absl::AnyInvocable<void(absl::StatusOr<AttachmentNumber>)> done) {
  // Routing's word that the earlier one has ended is not for this stream, which has the agent still.
  std::optional<AttachmentNumber> earlier;
  if (wish.earlier && Holds(*wish.earlier)) {
    earlier = wish.earlier->number;
    Forget(*wish.earlier);
  }
  std::shared_ptr<Attachment> attachment;
  {
    std::lock_guard lock(mutex_);
    attachment.reset(new Attachment{std::move(wish.tenant),
                                    std::move(wish.agent),
                                    NextNumber(),
                                    std::move(wish.stream),
                                    std::move(wish.positions),
                                    {},
                                    {},
                                    {},
                                    {}});
    attachments_.emplace(Key(attachment->tenant, attachment->agent, attachment->number.value), attachment);
  }
  AttachAgent command{attachment->agent, attachment->number, key_, std::move(wish.activity)};
  Send(*attachment, std::move(command), std::move(origin), std::nullopt,
       [lifeline = lifeline_, attachment, earlier, done = std::move(done)](absl::Status status) mutable {
         if (status.ok()) {
           attachment->confirmed = true;
           return done(attachment->number);
         }
         IfAlive(lifeline, [&](AgentGateway& gateway) {
           gateway.Forget(*attachment);
           // No stream has the agent now: neither under the earlier number, nor under the new one, should that have
           // been taken all the same.
           const auto& [tenant, agent] = std::tie(attachment->tenant, attachment->agent);
           if (earlier) gateway.TellDetached(tenant, {agent, *earlier}, Duration::Zero());
           if (absl::IsUnavailable(status)) gateway.TellDetached(tenant, {agent, attachment->number}, Duration::Zero());
         });
         done(std::move(status));
       });
  return attachment;
}

void AgentGateway::Send(const Attachment& attachment, CommandBody body, CommandOrigin origin,
                        std::optional<RequestKey> key, absl::AnyInvocable<void(absl::Status)> done) {
  ports_.routing.Send(attachment.tenant, Command{std::move(origin), std::move(body)}, std::move(key), Lane::kLiveWork,
                      [done = std::move(done)](absl::StatusOr<Answer> answer) mutable {
                        done(answer.ok() ? StatusOf(*answer) : answer.status());
                      });
}

void AgentGateway::SendAttached(const std::shared_ptr<Attachment>& attachment, CommandBody body, CommandOrigin origin,
                                absl::AnyInvocable<void(absl::Status)> done) {
  Send(*attachment, std::move(body), std::move(origin), std::nullopt,
       [lifeline = lifeline_, attachment, done = std::move(done)](absl::Status status) mutable {
         if (ErrorReason(status) == ReasonName(Refusal::kNotAttached) && attachment->confirmed) {
           bool held = false;
           IfAlive(lifeline, [&](AgentGateway& gateway) { held = gateway.Holds(*attachment); });
           if (held) {
             status = MakeError(absl::StatusCode::kUnavailable, "ATTACHING",
                                "the agent is being attached again; send the command again");
           }
         }
         done(std::move(status));
       });
}

void AgentGateway::Forget(const Attachment& attachment) {
  std::shared_ptr<Attachment> forgotten;
  {
    std::lock_guard lock(mutex_);
    auto found = attachments_.find(Key(attachment.tenant, attachment.agent, attachment.number.value));
    if (found == attachments_.end()) return;
    forgotten = std::move(found->second);
    attachments_.erase(found);
  }
  EndReadings(*forgotten);
}

void AgentGateway::ConnectionLost(const std::shared_ptr<Attachment>& attachment, DetachCause cause) {
  if (!Holds(*attachment)) return;
  Forget(*attachment);
  TellDetached(attachment->tenant, {attachment->agent, attachment->number, cause}, Duration::Zero());
}

void AgentGateway::SignOff(const Attachment& attachment, CommandOrigin origin,
                           absl::AnyInvocable<void(absl::Status)> done) {
  DetachAgent command{attachment.agent, attachment.number, DetachCause::kSignedOff};
  Send(
      attachment, command, std::move(origin), std::nullopt,
      [lifeline = lifeline_, tenant = attachment.tenant, command, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) {
          IfAlive(lifeline, [&](AgentGateway& gateway) { gateway.TellDetached(tenant, command, Duration::Zero()); });
        }
        done(std::move(status));
      });
  Forget(attachment);
}

bool AgentGateway::Holds(const Attachment& attachment) {
  return Find(attachment.tenant, attachment.agent, attachment.number) != nullptr;
}

// The answer may come on this thread, under the lifeline: it only asks for a timer.
void AgentGateway::TellDetached(TenantId tenant, DetachAgent command, Duration waited) {
  ports_.routing.Send(
      tenant, {{{ActorRole::kService, "agent_gateway"}, {}}, command}, std::nullopt, Lane::kLiveWork,
      [lifeline = lifeline_, &timer = ports_.timer, tenant, command, waited](absl::StatusOr<Answer> answer) {
        if (answer.ok()) return;
        Duration next = std::clamp(waited * 2, kFirstDetachRetry, kLongestDetachRetry);
        timer.After(next, [lifeline, tenant, command, next] {
          IfAlive(lifeline, [&](AgentGateway& gateway) { gateway.TellDetached(tenant, command, next); });
        });
      });
}

std::shared_ptr<Attachment> AgentGateway::Find(const TenantId& tenant, const AgentId& agent, AttachmentNumber number) {
  std::lock_guard lock(mutex_);
  auto found = attachments_.find(Key(tenant, agent, number.value));
  return found == attachments_.end() ? nullptr : found->second;
}

void AgentGateway::OnMessage(const TenantId& tenant, GatewayMessage&& message) {
  auto attachment = Find(tenant, message.agent, message.attachment);
  if (!attachment) return;
  const bool sent = attachment->stream.Send(FrameOf(message, ports_.clock.Now()));
  if (const auto* offer = std::get_if<OfferMade>(&message.body); offer != nullptr && sent) {
    Send(*attachment, OfferDelivered{message.agent, message.attachment, offer->contact, offer->token}, {}, std::nullopt,
         [](const absl::Status&) {});  // lost or late: routing takes the offer back and offers anew
  }
  if (const auto* started = std::get_if<AssignmentStarted>(&message.body)) {
    ReadAssigned(attachment, *started);
  }
  if (std::holds_alternative<AttachmentEnded>(message.body)) Forget(*attachment);
}

// A new term of routing has every agent detached until it attaches again, under the same number. One whose first
// attachment is under way is not attached again before that is answered: it would lose the activity that it asks for.
void AgentGateway::OnTerm() {
  std::vector<std::shared_ptr<Attachment>> held;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, attachment] : attachments_) {
      if (attachment->confirmed) held.push_back(attachment);
    }
  }
  for (const auto& attachment : held) {
    Send(*attachment, AttachAgent{attachment->agent, attachment->number, key_, std::nullopt},
         {{ActorRole::kService, "agent_gateway"}, {}}, std::nullopt,
         [lifeline = lifeline_, attachment](const absl::Status& status) {
           if (!status.ok()) {
             // The agent's client attaches anew, and so do all others on its stream.
             attachment->stream.Finish(MakeError(absl::StatusCode::kUnavailable, "ATTACHMENT_LOST", "connect again"));
             return;
           }
           // It may have left while it was attached again.
           IfAlive(lifeline, [&](AgentGateway& gateway) {
             if (gateway.Holds(*attachment)) return;
             gateway.TellDetached(attachment->tenant, {attachment->agent, attachment->number}, Duration::Zero());
           });
         });
  }
}

void AgentGateway::ReadAssigned(const std::shared_ptr<Attachment>& attachment, const AssignmentStarted& started) {
  const std::string name = started.conversation.ToString();
  if (started.resumed) {
    // A new term of routing tells of the same work again: what is being read goes on.
    std::lock_guard lock(attachment->mutex);
    auto reading = attachment->readings.find(name);
    if (reading != attachment->readings.end() && !*reading->second.ended) return;
  }
  auto read = attachment->positions.find(name);
  Read(attachment, started.conversation, read == attachment->positions.end() ? 0 : read->second);
}

bool AgentGateway::IsNewestReading(Attachment& attachment, const ConversationId& conversation,
                                   const std::shared_ptr<bool>& ended) {
  std::lock_guard lock(attachment.mutex);
  const auto reading = attachment.readings.find(conversation.ToString());
  return reading != attachment.readings.end() && reading->second.ended == ended;
}

void AgentGateway::Read(const std::shared_ptr<Attachment>& attachment, const ConversationId& conversation,
                        uint64_t after_number, Duration waited) {
  const std::string name = conversation.ToString();
  std::vector<Attachment::Reading> over;  // ended outside the lock
  auto ended = std::make_shared<bool>(false);
  {
    std::lock_guard lock(attachment->mutex);
    if (attachment->over) return;
    for (auto reading = attachment->readings.begin(); reading != attachment->readings.end();) {
      if (*reading->second.ended || reading->first == name) {
        over.push_back(std::move(reading->second));
        reading = attachment->readings.erase(reading);
      } else {
        ++reading;
      }
    }
  }
  over.clear();
  Attachment::Reading begun;  // or what another thread began meanwhile: ended outside the lock
  begun.reading = ports_.session.ReadAsAgent(
      attachment->tenant, conversation, attachment->agent, after_number,
      std::make_shared<ConversationReader>(*this, attachment, conversation, after_number, waited, ended));
  begun.ended = std::move(ended);
  std::lock_guard lock(attachment->mutex);
  if (!attachment->over) std::swap(attachment->readings[name], begun);
}

}  // namespace meridian
