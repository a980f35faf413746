// All services in one process over SQLite or Redis: the default on a laptop, the demo, the end-to-end tests.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/app/command_line.h"
#include "libs/app/environment.h"
#include "libs/app/run.h"
#include "libs/app/store_options.h"
#include "services/ingress/serve.h"
#include "services/replicator/relay_settings.h"

namespace meridian {

struct StandaloneOptions {
  std::string config;  // tenant file, published at the first start
  std::string region = "local";
  StoreOptions store;
  std::string pages;  // folder of the web pages; empty: beside the program
  int64_t history_days = 90;
  Duration keep_conversations = Duration::Hours(30 * 24);  // after their close
  bool no_demo_tokens = false;
  bool links = false;  // serves routing and session to processes of their own on this machine
  RelaySettings relay;
  int64_t log_limit_mib = 4096;  // of a shard's log, while events are relayed
  IngressOptions ingress;

  void BindTo(CommandLine& line);
};

absl::StatusOr<std::unique_ptr<Service>> AssembleStandalone(const StandaloneOptions& options, Environment& environment);

}  // namespace meridian
