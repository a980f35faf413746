// What is asked of routing's engine and answered, between processes: meridian.internal.routing.v1
// (routing_command.proto). Decoding refuses malformed bytes with INVALID_ARGUMENT. Pure functions, any thread, any
// bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "libs/routing/commands.h"
#include "libs/runtime/shard_program.h"

namespace meridian {

struct KeyedCommand {
  Command command;
  std::optional<RequestKey> key;
};

// INVALID_ARGUMENT for PublishConfig: a configuration is published by RoutingClient::ApplyConfig, which checks it where
// it arrives.
absl::StatusOr<std::string> Encode(const Command& command, const std::optional<RequestKey>& key);
std::string Encode(const Answer& answer);
std::string Encode(const CommandOrigin& origin);

absl::StatusOr<KeyedCommand> DecodeRoutingCommand(std::string_view bytes);
absl::StatusOr<Answer> DecodeRoutingAnswer(std::string_view bytes);
absl::StatusOr<CommandOrigin> DecodeOrigin(std::string_view bytes);

}  // namespace meridian
