#include "services/session/session_port.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

#include "libs/error/error.h"
#include "libs/wire/session_command.h"
#include "meridian/internal/session/v1/session_command.pb.h"

namespace meridian {

namespace pb = internal::session::v1;
namespace link = internal::link::v1;

namespace {

// What waits for one reader; one that lets more gather is read again from where it stopped.
constexpr size_t kMaxWaitingBytes = 256 * 1024;

}  // namespace

// What one reader is told, and the reading behind it. While more waits than may, the conversation is not read: it is
// opened again from the last number when the client has taken what waited.
class SessionPort::ReadingSource final : public FeedSource {
 public:
  struct What {
    TenantId tenant;
    ConversationId conversation;
    AgentId agent;  // empty: the customer
    uint64_t after_number = 0;
  };

  ReadingSource(SessionClient* session, rpc::DeadlineTimer* timer, What what, std::shared_ptr<FeedSink> sink)
      : state_(std::make_shared<State>(session, timer, std::move(what), std::move(sink))) {
    State::Open(state_);
  }
  ~ReadingSource() override {
    std::unique_ptr<SessionClient::Reading> reading;  // ended without the lock
    std::lock_guard lock(state_->opening);
    state_->closed = true;
    reading.swap(state_->reading);
  }

  std::optional<std::string> Next() override {
    std::lock_guard lock(state_->mutex);
    if (state_->waiting.empty()) {
      if (state_->overflowed && !std::exchange(state_->reopening, true)) {
        state_->timer->After(Duration::Zero(), [state = state_] { State::Open(state); });
      }
      return std::nullopt;
    }
    std::string item = std::move(state_->waiting.front());
    state_->waiting.pop_front();
    state_->bytes -= item.size();
    return item;
  }

 private:
  class Reader;
  struct State {
    State(SessionClient* session, rpc::DeadlineTimer* timer, What what, std::shared_ptr<FeedSink> sink)
        : session(session),
          timer(timer),
          what(std::move(what)),
          sink(std::move(sink)),
          last_number(this->what.after_number) {}

    // In place of the reading before, if there is one. Not on a thread of session's.
    static void Open(const std::shared_ptr<State>& state);
    void Stop();
    void Add(const pb::ReadingItem& item, uint64_t number);

    SessionClient* const session;
    rpc::DeadlineTimer* const timer;
    const What what;
    const std::shared_ptr<FeedSink> sink;
    std::mutex opening;  // for the reading
    bool closed = false;
    std::unique_ptr<SessionClient::Reading> reading;
    std::mutex mutex;  // for all below
    std::deque<std::string> waiting;
    size_t bytes = 0;
    uint64_t last_number = 0;  // that was added
    bool overflowed = false;   // what comes is dropped
    bool reopening = false;    // since what waited has been taken
  };

  const std::shared_ptr<State> state_;
};

class SessionPort::ReadingSource::Reader final : public SessionClient::Reader {
 public:
  explicit Reader(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void OnMessage(const type::v1::Message& message) override {
    pb::ReadingItem item;
    *item.mutable_message() = message;
    Add(item, message.number());
  }
  void OnCaughtUp(uint64_t last_number) override {
    pb::ReadingItem item;
    item.set_caught_up(last_number);
    Add(item, last_number);
  }
  void OnStatus(const ingress::v1::ContactStatus& status) override {
    pb::ReadingItem item;
    *item.mutable_status() = status;
    Add(item, 0);
  }
  void OnEnded(const absl::Status& status) override {
    {
      // A customer reads the rest of an ended conversation when it is opened again; an agent's grant is over.
      std::lock_guard lock(state_->mutex);
      if (state_->overflowed && state_->what.agent.empty()) return;
    }
    state_->sink->End(status);
  }

 private:
  void Add(const pb::ReadingItem& item, uint64_t number) {
    state_->Add(item, number);
    bool stop = false;
    {
      std::lock_guard lock(state_->mutex);
      stop = state_->overflowed && !std::exchange(stopping_, true);
    }
    // Elsewhere, because a reading waits for its reader's call to end.
    if (stop) state_->timer->After(Duration::Zero(), [state = state_] { state->Stop(); });
  }

  const std::shared_ptr<State> state_;
  bool stopping_ = false;  // under the state's mutex
};

void SessionPort::ReadingSource::State::Open(const std::shared_ptr<State>& state) {
  std::lock_guard lock(state->opening);
  if (state->closed) return;
  state->reading.reset();  // no call of its reader comes after this
  uint64_t after = 0;
  {
    std::lock_guard waiting_lock(state->mutex);
    state->overflowed = state->reopening = false;
    after = state->last_number;
  }
  auto reader = std::make_shared<Reader>(state);
  const What& what = state->what;
  state->reading =
      what.agent.empty()
          ? state->session->ReadAsCustomer(what.tenant, what.conversation, after, std::move(reader))
          : state->session->ReadAsAgent(what.tenant, what.conversation, what.agent, after, std::move(reader));
}

void SessionPort::ReadingSource::State::Stop() {
  std::lock_guard lock(opening);
  {
    std::lock_guard waiting_lock(mutex);
    if (!overflowed) return;  // opened again already
  }
  reading.reset();
}

void SessionPort::ReadingSource::State::Add(const pb::ReadingItem& item, uint64_t number) {
  {
    std::lock_guard lock(mutex);
    if (overflowed) return;
    waiting.push_back(item.SerializeAsString());
    bytes += waiting.back().size();
    last_number = std::max(last_number, number);
    overflowed = bytes > kMaxWaitingBytes;
  }
  sink->Notify();
}

// ---- the port ----

absl::Status SessionPort::CheckOwner(const TenantId& tenant) const {
  return options_.check ? options_.check(tenant) : absl::OkStatus();
}

void SessionPort::Bind(LinkServer& server) {
  Serve(server, link::METHOD_SUBMIT, &SessionClient::Submit);
  Serve(server, link::METHOD_APPEND, &SessionClient::Append);
  Serve(server, link::METHOD_CANCEL, &SessionClient::Cancel);
  Serve(server, link::METHOD_CLOSE, &SessionClient::Close);
  server.ServeCall(link::METHOD_LIST_MESSAGES,
                   [this](const IncomingCall& call, LinkAnswer answer) { ListMessages(call, std::move(answer)); });
  server.ServeFeed(link::METHOD_READ, false, [this](const IncomingCall& call, std::shared_ptr<FeedSink> sink) {
    return OpenReading(call, std::move(sink));
  });
}

template <class Command, class Answer>
void SessionPort::Serve(LinkServer& server, LinkMethod method,
                        void (SessionClient::*function)(Command, SessionClient::Done<Answer>)) {
  server.ServeCall(method, [this, function](const IncomingCall& call, LinkAnswer answer) {
    const absl::Status owner = CheckOwner(call.tenant);
    if (!owner.ok()) return answer(owner);
    absl::StatusOr<Command> command = DecodeSessionCommand<Command>(call.body, call.tenant);
    if (!command.ok()) return answer(command.status());
    (session_->*function)(*std::move(command), [answer = std::move(answer)](absl::StatusOr<Answer> answered) mutable {
      if (!answered.ok()) return answer(answered.status());
      answer(Encode(*answered));
    });
  });
}

void SessionPort::ListMessages(const IncomingCall& call, LinkAnswer answer) {
  const absl::Status owner = CheckOwner(call.tenant);
  if (!owner.ok()) return answer(owner);
  session::v1::ListMessagesRequest request;
  if (!request.ParseFromString(call.body)) return answer(absl::InvalidArgumentError("the request cannot be read"));
  session_->ListMessages(
      call.tenant, std::move(request),
      [answer = std::move(answer)](absl::StatusOr<session::v1::ListMessagesResponse> response) mutable {
        if (!response.ok()) return answer(response.status());
        answer(response->SerializeAsString());
      });
}

absl::StatusOr<std::unique_ptr<FeedSource>> SessionPort::OpenReading(const IncomingCall& call,
                                                                     std::shared_ptr<FeedSink> sink) {
  const absl::Status owner = CheckOwner(call.tenant);
  if (!owner.ok()) return owner;
  pb::OpenReading open;
  if (!open.ParseFromString(call.body)) return absl::InvalidArgumentError("the reading cannot be read");
  const auto conversation = ConversationId::Parse(open.conversation_id());
  if (!conversation) return FieldError("conversation_id", "must be the id of a conversation");
  return std::make_unique<ReadingSource>(
      session_, timer_, ReadingSource::What{call.tenant, *conversation, {open.agent()}, open.after_number()},
      std::move(sink));
}

}  // namespace meridian
