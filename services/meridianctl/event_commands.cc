#include "services/meridianctl/event_commands.h"

#include <google/protobuf/util/json_util.h>

#include "libs/config/yaml_fields.h"
#include "libs/error/error.h"
#include "services/meridianctl/event_line.h"

namespace meridian::ctl {
namespace {

using event::v1::StreamRequest;
using event::v1::StreamResponse;

std::string JsonLine(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  return status.ok() ? json : "{}";
}

void Print(const StreamResponse& response, bool json, std::ostream& out) {
  for (const event::v1::Event& event : response.events()) out << (json ? JsonLine(event) : EventLine(event)) << "\n";
  out.flush();
}

}  // namespace

absl::Status ToRequest(const EventsOptions& options, StreamRequest* request) {
  request->set_position(options.from);
  request->set_until_now(options.until_now);
  for (const std::string& name : options.topics) {
    const auto* topic = FindByShortName(*event::v1::Topic_descriptor(), name);
    if (topic == nullptr) return FieldError("--topic", "must be contact, agent or config");
    request->add_topics(static_cast<event::v1::Topic>(topic->number()));
  }
  return absl::OkStatus();
}

absl::Status ReadEvents(rpc::Client& client, const StreamRequest& request,
                        const std::function<void(const StreamResponse&)>& take) {
  auto stream = client.OpenStream("/meridian.event.v1.EventService/Stream");
  stream->Write(request);
  stream->HalfClose();
  StreamResponse response;
  while (stream->Read(&response)) take(response);
  return stream->Finish();
}

absl::Status ReadAllEvents(rpc::Client& client, StreamRequest request, Insistence& insistence,
                           const std::function<void(const StreamResponse&)>& take) {
  return insistence.Until("the events", [&] {
    return ReadEvents(client, request, [&](const StreamResponse& response) {
      take(response);
      request.set_position(response.position());
      insistence.Progress();
    });
  });
}

int Events(const ConnectionOptions& connection, const EventsOptions& options, const Console& console) {
  StreamRequest request;
  if (absl::Status status = ToRequest(options, &request); !status.ok()) return Fail(console, status);
  auto client = Connect(connection, "replicator");
  if (!client.ok()) return Fail(console, client.status());
  std::string position;
  const absl::Status status = ReadEvents(**client, request, [&](const StreamResponse& response) {
    Print(response, options.json, console.out);
    if (!response.position().empty()) position = response.position();
  });
  if (!position.empty()) console.err << "continue with: --from " << position << "\n";
  return status.ok() ? kDone : Fail(console, status);
}

}  // namespace meridian::ctl
