#include "tests/unit/services/session/session_world.h"

#include <algorithm>
#include <utility>

#include "libs/error/error.h"

namespace meridian {
namespace {

template <typename Id>
Id IdNo(uint64_t n) {
  return {*RegionCode::Parse("eu1"), Uuid::Version7(1'750'000'000'000, 1, n)};
}

std::string ReasonText(const absl::Status& status) {
  const std::string reason = ErrorReason(status);
  return reason.empty() ? absl::StatusCodeToString(status.code()) : reason;
}

std::vector<conversation::MessagePart> Text(std::string text) {
  return {conversation::TextPart{std::move(text), {}, {}}};
}

}  // namespace

void RecordingReader::OnMessage(const type::v1::Message& message) {
  numbers_.push_back(message.number());
  lines.push_back(std::to_string(message.number()) + " " + message.parts(0).text().text());
}

void RecordingReader::OnStatus(const ingress::v1::ContactStatus& status) {
  std::string line = type::v1::ContactState_Name(status.state());
  if (!status.agent_name().empty()) line += " " + status.agent_name();
  lines.push_back(std::move(line));
}

void RecordingReader::OnEnded(const absl::Status& status) {
  EXPECT_FALSE(ended_) << "ended twice";
  ended_ = true;
  lines.push_back("ended " + (status.ok() ? "OK" : ReasonText(status)));
}

std::vector<uint64_t> RecordingReader::Numbers() const { return numbers_; }

bool RecordingReader::Has(const std::string& line) const {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

SessionWorld::SessionWorld(bool may_lose_tail, bool says_so, Duration keep_closed)
    : store_(MemoryStore::Options{true, clock_.monotonic(), may_lose_tail ? size_t{1000} : 0}),
      keep_closed_(keep_closed) {
  way_.SetMayLoseTail(may_lose_tail && says_so);
  Boot();
}

void SessionWorld::Boot() {
  SessionShardOptions options;
  options.identity = {{ShardKind::kSession, 0}, "test", ++nonce_};
  options.routing_shards = {{ShardKind::kRouting, 0}};
  options.core.keep_closed = keep_closed_;
  SessionPorts ports;
  ShardStore* store = &store_;
  if (way_.MayLoseAcknowledgedTail()) store = &way_;
  ports.shard = {store, &store_.leases(), clock_.monotonic(), clock_.wall()};
  ports.log = &routing.log();
  ports.routing = &routing;
  std::vector<std::unique_ptr<SessionShard>> shards;
  shards.push_back(std::make_unique<SessionShard>(std::move(options), std::move(ports)));
  service_ = std::make_unique<SessionService>(std::move(shards));
  shard().SetWaker([this] { woken_ = true; });
  service_->Start();
  Settle();
}

void SessionWorld::Crash() {
  store_.DropWaiting();
  routing.LoseAnswers();
  service_.reset();
  store_.DropWaiting();
}

void SessionWorld::StepShard() {
  if (!running()) return;
  do {
    woken_ = false;
    while (shard().Step()) {
    }
  } while (woken_);
}

void SessionWorld::Settle() {
  do {
    StepShard();
  } while (store_.Step());
}

void SessionWorld::Pass(Duration time) {
  const MonotonicInstant end = clock_.MonotonicNow() + time;
  for (;;) {
    Settle();
    const MonotonicInstant wake = shard().NextWake();
    if (wake > end) break;
    clock_.Advance(std::max(wake - clock_.MonotonicNow(), Duration::Microseconds(1)));
  }
  clock_.Advance(end - clock_.MonotonicNow());
  Settle();
}

ContactId SessionWorld::Contact(uint64_t n) { return IdNo<ContactId>(n); }
ConversationId SessionWorld::Conversation(uint64_t n) { return IdNo<ConversationId>(n); }

conversation::SubmitContact SessionWorld::Submission(uint64_t n, uint64_t client_number, std::string text) {
  conversation::SubmitContact command;
  command.tenant = Tenant();
  command.identity = {"web", "visitor-" + std::to_string(n)};
  command.spec.id = Contact(n);
  command.spec.conversation = Conversation(n);
  command.spec.customer = IdNo<CustomerId>(n);
  command.spec.channel = ChannelId{"chat"};
  command.spec.language_confidence_permille = kFullConfidence;
  command.enqueue_request_id = Uuid::Version7(clock_.WallNow().ToUnixMilliseconds(), 2, n);
  command.leave_grace = Duration::Seconds(60);
  command.session_lifetime = Duration::Hours(2);
  command.client_number = client_number;
  command.parts = Text(std::move(text));
  return command;
}

void SessionWorld::Submit(const std::string& label, conversation::SubmitContact command) {
  service_->Submit(std::move(command), [this, label](absl::StatusOr<conversation::Submitted> submitted) {
    EXPECT_FALSE(answers.contains(label)) << "answered twice: " << label;
    answers[label] = submitted.ok() ? "OK " + std::to_string(submitted->number) : ReasonText(submitted.status());
  });
}

void SessionWorld::Say(const std::string& label, uint64_t n, uint64_t client_number, std::string text,
                       std::string agent) {
  conversation::AppendMessage command;
  command.tenant = Tenant();
  command.conversation = Conversation(n);
  command.author = agent.empty() ? conversation::AuthorKind::kCustomer : conversation::AuthorKind::kAgent;
  command.agent = AgentId{std::move(agent)};
  command.client_number = client_number;
  command.parts = Text(std::move(text));
  service_->Append(std::move(command), [this, label](absl::StatusOr<conversation::Appended> appended) {
    EXPECT_FALSE(answers.contains(label)) << "answered twice: " << label;
    answers[label] = appended.ok() ? "OK " + std::to_string(appended->number) : ReasonText(appended.status());
  });
}

absl::StatusOr<session::v1::ListMessagesResponse> SessionWorld::List(uint64_t n, uint64_t after, int32_t page_size,
                                                                     TenantId tenant) {
  session::v1::ListMessagesRequest request;
  request.set_conversation_id(Conversation(n).ToString());
  request.set_after_number(after);
  request.set_page_size(page_size);
  std::optional<absl::StatusOr<session::v1::ListMessagesResponse>> answer;
  service_->ListMessages(tenant, request, [&](auto response) { answer = std::move(response); });
  Settle();
  if (!answer) return absl::DeadlineExceededError("not answered");
  return *std::move(answer);
}

SessionWorld::OpenReader SessionWorld::Watch(uint64_t n, uint64_t after) {
  auto reader = std::make_shared<RecordingReader>();
  return {reader, service_->ReadAsCustomer(Tenant(), Conversation(n), after, reader)};
}

SessionWorld::OpenReader SessionWorld::Follow(uint64_t n, const std::string& agent, uint64_t after) {
  auto reader = std::make_shared<RecordingReader>();
  return {reader, service_->ReadAsAgent(Tenant(), Conversation(n), AgentId{agent}, after, reader)};
}

}  // namespace meridian
