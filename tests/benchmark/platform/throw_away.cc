// A benchmark, not a product: the least that a platform with these parts must do for a life cycle, for `region` beside
// it to measure ours against. It serves the load client as ingress and agent gateway do and uses the same Redis and
// Kafka, but has no engine, rules, sessions, queues, owners, repeats, authentication or recovery: an offer goes to the
// next agent in turn. What a step makes is durable (Redis, one replica) before anybody is told, and goes to Kafka after
// that.
//
//   --role one    all in one process
//   --role core   Redis and Kafka alone, behind a link with mutual TLS; --role edge: the clients' side, before it
//
// Steps that wait become durable together: one pipeline of a record each and one entry of a stream with all their
// events, and a WAIT. Prints its address as a line; ends when standard input ends.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <cstdlib>
#include <iostream>

#include "libs/app/command_line.h"
#include "libs/rpc/tls_credentials.h"
#include "meridian/agent/v1/agent_service.pb.h"
#include "meridian/ingress/v1/ingress_service.pb.h"
#include "tests/benchmark/platform/throw_away_link.h"

namespace meridian::load {
namespace {

using agent::v1::ConnectRequest;
using agent::v1::ConnectResponse;

class Service : public grpc::CallbackGenericService {
 public:
  Service(const ThrowAwayOptions& options, Durable& store) : options_(options), store_(store) {}

 private:
  // A unary call, as a stream of one message each way.
  class Submit : public grpc::ServerGenericBidiReactor {
   public:
    explicit Submit(Service& service) : service_(service) { StartRead(&message_); }
    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::CANCELLED);
      service_.Submitted(Unpacked(message_), [this](const std::string& answer) {
        message_ = Packed(answer);
        StartWriteAndFinish(&message_, {}, grpc::Status::OK);
      });
    }
    void OnDone() override { delete this; }

   private:
    Service& service_;
    grpc::ByteBuffer message_;
  };

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    if (context->method().ends_with("/SubmitContact")) return new Submit(*this);
    const bool link = context->method() == "/core/Steps";
    auto* pipe = new ServerPipe(link);
    pipe->on_frame = [this, link, pipe](const std::string& frame) { link ? Steps(frame, pipe) : Command(frame, pipe); };
    pipe->on_end = [this, pipe] { Forget(pipe); };
    pipe->Begin();
    return pipe;
  }

  void Steps(std::string_view frame, ServerPipe* edge) {
    while (!frame.empty()) {
      store_.Write(TakeStep(frame), [edge] {
        std::string one;
        PutCount(1, one);
        edge->Send(one);
      });
    }
  }

  void Submitted(const std::string& body, std::function<void(const std::string&)> answer) {
    ingress::v1::SubmitContactRequest request;
    MERIDIAN_CHECK(request.ParseFromString(body));
    const std::string contact = "load-" + request.request_id();
    std::pair<std::string, ServerPipe*> agent;
    {
      std::lock_guard lock(mutex_);
      MERIDIAN_CHECK(!agents_.empty());
      agent = agents_[next_agent_++ % agents_.size()];
    }
    auto offered = [contact, agent, locale = request.locale(), answer = std::move(answer)] {
      ingress::v1::SubmitContactResponse response;
      response.set_contact_id(contact);
      response.set_conversation_id(contact);
      response.set_customer_id(contact);
      response.set_message_number(1);
      answer(response.SerializeAsString());
      ConnectResponse update;
      update.set_agent(agent.first);
      Describe(contact, *update.mutable_offer_made()->mutable_contact());
      update.mutable_offer_made()->set_offer_token(contact);
      agent.second->Send(update.SerializeAsString());
    };
    store_.Write({contact, body, options_.events - 2}, std::move(offered));
  }

  void Forget(ServerPipe* stream) {
    std::lock_guard lock(mutex_);
    std::erase_if(agents_, [&](const auto& agent) { return agent.second == stream; });
  }

  static void Describe(const std::string& contact, agent::v1::ContactSummary& summary) {
    summary.set_contact_id(contact);
    summary.set_conversation_id(contact);
    summary.set_channel("chat");
    summary.set_queue("line-0");
    (*summary.mutable_attributes())["line"] = "line-0";
  }

  // The record of an accepted contact is about as long as that of a waiting one.
  void Command(const std::string& frame, ServerPipe* stream) {
    ConnectRequest request;
    MERIDIAN_CHECK(request.ParseFromString(frame));
    ConnectResponse result;
    ConnectResponse update;
    result.set_agent(request.agent());
    update.set_agent(request.agent());
    result.mutable_result()->set_request_id(request.request_id());
    Step step;
    if (request.has_attach()) {
      update.mutable_attached()->set_attachment(1);
      std::lock_guard lock(mutex_);
      agents_.emplace_back(request.agent(), stream);
    } else if (request.has_accept_offer()) {
      step = {request.accept_offer().contact_id(), frame + frame, 1};
      Describe(step.key, *update.mutable_assignment_started()->mutable_contact());
      update.mutable_assignment_started()->set_offer_token(step.key);
    } else {
      step = {request.complete_contact().contact_id(), "", 1};
      update.mutable_assignment_ended()->set_contact_id(step.key);
      update.mutable_assignment_ended()->set_reason(agent::v1::AssignmentEnded::REASON_COMPLETED);
    }
    auto tell = [stream, first = result.SerializeAsString(), second = update.SerializeAsString()] {
      stream->Send(first);
      stream->Send(second);
    };
    if (request.has_attach()) return tell();
    store_.Write(std::move(step), tell);
  }

  const ThrowAwayOptions& options_;
  Durable& store_;
  std::mutex mutex_;
  std::vector<std::pair<std::string, ServerPipe*>> agents_;
  size_t next_agent_ = 0;
};

absl::Status Serve(const ThrowAwayOptions& options) {
  std::unique_ptr<Durable> store;
  if (options.role == "edge") {
    store = std::make_unique<RemoteStore>(options);
  } else {
    store = std::make_unique<Store>(options);
  }
  Service service(options, *store);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(
      "127.0.0.1:0", options.role == "core" ? rpc::ServerTls(TlsIn(options.tls)) : grpc::InsecureServerCredentials(),
      &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return absl::UnavailableError("the server did not start");
  std::cout << "127.0.0.1:" << port << std::endl;
  for (std::string line; std::getline(std::cin, line);) continue;
  std::_Exit(0);
}

int Main(int argc, char** argv) {
  ThrowAwayOptions options;
  CommandLine line("throw_away", "The least that a platform must do for a life cycle, to measure ours beside it.");
  line.Bind("--role", &options.role, "one, edge or core");
  line.Bind("--core", &options.core, "the edge's: where the core is");
  line.Bind("--tls", &options.tls, "edge and core: folder with certificate.pem, key.pem and roots.pem");
  line.Bind("--redis-port", &options.redis_port, "of a primary with a replica, on this machine");
  line.Bind("--brokers", &options.brokers, "of Kafka");
  line.Bind("--topic", &options.topic, "that takes the events");
  line.Bind("--events", &options.events, "of a life cycle");
  line.Bind("--event-bytes", &options.event_bytes, "of one");
  absl::Status status = line.Parse(argc, argv);
  if (status.ok()) status = Serve(options);
  std::cerr << status << "\n";
  return 1;
}

}  // namespace
}  // namespace meridian::load

int main(int argc, char** argv) { return meridian::load::Main(argc, argv); }
