// The server side of SessionClient: serves a session of this process to others over their links.
// Made where a process is assembled, after the session that it serves and before the link server's gRPC server;
// outlives that server. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/link/link_server.h"
#include "libs/rpc/deadline_timer.h"
#include "services/session/session_client.h"

namespace meridian {

struct SessionPortOptions {
  std::function<absl::Status(const TenantId&)> check;  // as RoutingPortOptions
};

class SessionPort {
 public:
  // `session` and `timer` outlive the port.
  SessionPort(SessionClient* session, rpc::DeadlineTimer* timer, SessionPortOptions options)
      : session_(session), timer_(timer), options_(std::move(options)) {}

  // Once.
  void Bind(LinkServer& server);

 private:
  class ReadingSource;

  template <class Command, class Answer>
  void Serve(LinkServer& server, LinkMethod method,
             void (SessionClient::*function)(Command, SessionClient::Done<Answer>));
  void ListMessages(const IncomingCall& call, LinkAnswer answer);
  absl::StatusOr<std::unique_ptr<FeedSource>> OpenReading(const IncomingCall& call, std::shared_ptr<FeedSink> sink);
  absl::Status CheckOwner(const TenantId& tenant) const;

  SessionClient* const session_;
  rpc::DeadlineTimer* const timer_;
  const SessionPortOptions options_;
};

}  // namespace meridian
