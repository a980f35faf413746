#include "tests/soak/customers.h"

#include <array>
#include <random>
#include <utility>

#include "libs/rpc/error.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "tests/benchmark/platform/submitter.h"

namespace meridian::soak {
namespace {

namespace pb = ingress::v1;

constexpr std::array<const char*, load::kLanguages> kLocales = {"en", "es", "fr", "de"};
constexpr Duration kRetryPause = Duration::Milliseconds(20);
constexpr Duration kEndLimit = Duration::Seconds(5);
constexpr Duration kPassingBy = Duration::Milliseconds(50);

// Whether the server may have done it, or may do it when asked again.
bool Undecided(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

class Customer {
 public:
  Customer(World& world, const std::string& token, uint64_t seed) : world_(world), token_(token), random_(seed) {}

  void Live() {
    pb::SubmitContactResponse contact;
    if (!Submit(&contact)) return;
    const int messages = Dice(4);
    for (int i = 0; i < messages; ++i) {
      if (!Say(contact.conversation_id(), static_cast<uint64_t>(i) + 2)) break;
    }
    if (Dice(20) == 0) GiveUp(contact);
    world_.AwaitEnd(contact.contact_id(), kEndLimit);
    ReadBack(contact.conversation_id());
  }

  void PassBy() {
    pb::SubmitContactResponse contact;
    if (Submit(&contact)) world_.Pause(kPassingBy);
  }

 private:
  int Dice(int sides) { return static_cast<int>(random_() % static_cast<uint64_t>(sides)); }

  // The answer, after as many tries as it takes; CANCELLED when the world stops.
  absl::Status CallUntilAnswered(const std::string& method, const google::protobuf::MessageLite& request,
                                 google::protobuf::MessageLite* response) {
    while (!world_.stopped()) {
      if (client_ == nullptr && (client_ = world_.Connect("ingress", token_)) == nullptr) break;
      const absl::Status status = client_->Call("/meridian.ingress.v1.IngressService/" + method, request, response);
      if (!Undecided(status)) return status;
      if (status.code() != absl::StatusCode::kResourceExhausted) {
        client_.reset();  // the next server listens elsewhere
        world_.LostServer();
      }
      world_.Pause(kRetryPause);
    }
    return absl::CancelledError("the run was stopped");
  }

  bool Submit(pb::SubmitContactResponse* response) {
    pb::SubmitContactRequest request;
    request.set_request_id(world_.NextRequestId());
    request.mutable_identity()->set_kind("crm");
    request.mutable_identity()->set_address("customer-" + request.request_id());
    request.set_channel("chat");
    request.set_locale(kLocales[static_cast<size_t>(Dice(load::kLanguages))]);
    request.add_parts()->mutable_text()->set_text("Message 1 of " + request.request_id());
    (*request.mutable_attributes())["line"] = "line-" + std::to_string(Dice(load::kLines));
    world_.journal().Submit(request.request_id());
    const absl::Status status = CallUntilAnswered("SubmitContact", request, response);
    if (!status.ok()) {
      world_.journal().Note("submit " + request.request_id() + ": " + rpc::ShownReason(status));
      return false;
    }
    world_.journal().Submitted(request.request_id(), response->contact_id(), response->conversation_id());
    world_.Acknowledged(response->contact_id());
    return true;
  }

  bool Say(const std::string& conversation, uint64_t client_number) {
    pb::SendMessageRequest request;
    request.set_conversation_id(conversation);
    request.set_client_number(client_number);
    const std::string text = "Message " + std::to_string(client_number) + " of " + conversation;
    request.add_parts()->mutable_text()->set_text(text);
    world_.journal().Message(conversation, {}, client_number);
    pb::SendMessageResponse response;
    const absl::Status status = CallUntilAnswered("SendMessage", request, &response);
    if (!status.ok()) {
      world_.journal().Note("message in " + conversation + ": " + rpc::ShownReason(status));
      return false;
    }
    world_.journal().MessageSent(conversation, {}, client_number, response.number(), text);
    return true;
  }

  void GiveUp(const pb::SubmitContactResponse& contact) {
    pb::CancelContactRequest request;
    request.set_request_id(world_.NextRequestId());
    request.set_contact_id(contact.contact_id());
    request.set_conversation_id(contact.conversation_id());
    pb::CancelContactResponse response;
    const absl::Status status = CallUntilAnswered("CancelContact", request, &response);
    if (status.ok()) {
      world_.journal().Commanded("cancel", contact.contact_id(), "", "");
    } else {  // the contact has to end either way
      world_.journal().Note("cancel " + contact.contact_id() + ": " + rpc::ShownReason(status));
    }
  }

  // Watches until all that is written was shown, over as many servers as it takes, each from where the last one ended.
  void ReadBack(const std::string& conversation) {
    pb::WatchContactRequest request;
    request.set_conversation_id(conversation);
    while (!world_.stopped() && !ReadOn(request)) world_.Pause(kRetryPause);
  }

  // True when the server has no more to show.
  bool ReadOn(pb::WatchContactRequest& request) {
    if (client_ == nullptr && (client_ = world_.Connect("ingress", token_)) == nullptr) return true;
    const auto stream = client_->OpenStream("/meridian.ingress.v1.IngressService/WatchContact");
    stream->Write(request);
    stream->HalfClose();
    for (pb::WatchContactResponse response; stream->Read(&response);) {
      if (response.has_caught_up()) return true;
      if (!response.has_message()) continue;
      const type::v1::Message& message = response.message();
      world_.journal().Seen(request.conversation_id(), {}, message.number(), message.parts(0).text().text());
      request.set_after_number(message.number());
    }
    const absl::Status status = stream->Finish();
    if (status.ok()) return true;
    if (!Undecided(status)) {
      world_.journal().Note("watch " + request.conversation_id() + ": " + rpc::ShownReason(status));
      return true;
    }
    client_.reset();
    world_.LostServer();
    return false;
  }

  World& world_;
  const std::string& token_;
  std::mt19937_64 random_;
  std::unique_ptr<rpc::Client> client_;
};

}  // namespace

void ServeCustomers(World& world, const std::string& token, uint64_t seed) {
  Customer customer(world, token, seed);
  while (world.AwaitTurn()) customer.Live();
}

void ServePassersBy(World& world, const std::string& token, uint64_t seed) {
  Customer customer(world, token, seed);
  while (world.AwaitTurn()) customer.PassBy();
}

}  // namespace meridian::soak
