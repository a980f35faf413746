// Customers, agents and a reader of events against a server that is killed and started again meanwhile; what they asked
// and were told goes to a journal. Standard input says "rest" and "go on" to customers who are between two contacts;
// any other line, or its end, that no more contacts shall begin. Then it runs until all that was acknowledged has
// ended, and prints a JSON object. `tests/soak/run` starts it.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "libs/app/command_line.h"
#include "libs/error/error.h"
#include "meridian/event/v1/event_service.pb.h"
#include "tests/benchmark/platform/pace.h"
#include "tests/soak/agents.h"
#include "tests/soak/customers.h"
#include "tests/soak/world.h"

namespace meridian::soak {
namespace {

constexpr uint64_t kPassersBy = 2;

struct SoakOptions {
  std::string data;
  std::string journal;
  std::string tenant = "load";
  int64_t customers = 16;
  int64_t agents = 64;
  int64_t streams = 4;
  Duration finish_limit = Duration::Seconds(60);
  uint64_t seed = 1;

  void BindTo(CommandLine& line) {
    line.Bind("--data", &data, "the server's data folder");
    line.Require();
    line.Bind("--journal", &journal, "file to append to");
    line.Require();
    line.Bind("--tenant", &tenant, "");
    line.Bind("--customers", &customers, "at a time");
    line.Bind("--agents", &agents, "agent-00000 and following");
    line.Bind("--streams", &streams, "that the agents share");
    line.Bind("--finish-limit", &finish_limit, "for what was acknowledged to end");
    line.Bind("--seed", &seed, "");
  }
};

// Goes on from the position that it was given last, as an integrator does.
void ReadEnds(World& world, const std::string& token) {
  event::v1::StreamRequest request;
  request.add_topics(event::v1::TOPIC_CONTACT);
  while (!world.stopped()) {
    const std::unique_ptr<rpc::Client> client = world.Connect("replicator", token);
    if (client == nullptr) return;
    const std::unique_ptr<rpc::ClientStream> stream = client->OpenStream("/meridian.event.v1.EventService/Stream");
    request.set_until_now(true);
    if (!stream->Write(request)) continue;
    stream->HalfClose();
    for (event::v1::StreamResponse response; stream->Read(&response);) {
      for (const event::v1::Event& event : response.events()) {
        if (event.has_contact_ended()) world.SawEnd(event.entity());
      }
      request.set_position(response.position());
    }
    const absl::Status status = stream->Finish();
    const ErrorMetadata metadata = ErrorMetadataOf(status);
    if (const auto newest = metadata.find("newest_position"); newest != metadata.end()) {
      request.set_position(newest->second);  // the store lost what followed: docs/events.md
    } else if (!status.ok()) {
      world.LostServer();
    }
    world.Pause(Duration::Milliseconds(20));
  }
}

std::string AgentName(int64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "agent-%05d", static_cast<int>(number));
  return name;
}

int Live(const SoakOptions& options, World& world, const std::string& token) {
  std::vector<std::vector<std::string>> desks(static_cast<size_t>(options.streams));
  for (int64_t i = 0; i < options.agents; ++i) {
    desks[static_cast<size_t>(i % options.streams)].push_back(AgentName(i));
  }
  std::vector<std::thread> others;
  for (const auto& desk : desks) others.emplace_back([&] { ServeAgents(world, desk); });
  others.emplace_back([&] { ReadEnds(world, token); });
  std::vector<std::thread> customers;
  for (int64_t i = 0; i < options.customers; ++i) {
    customers.emplace_back([&, i] { ServeCustomers(world, token, options.seed * 1000 + static_cast<uint64_t>(i)); });
  }
  for (uint64_t i = 0; i < kPassersBy; ++i) {
    customers.emplace_back([&, i] { ServePassersBy(world, token, options.seed * 1000 + 500 + i); });
  }
  std::cout << "running" << std::endl;
  for (std::string line; std::getline(std::cin, line) && (line == "rest" || line == "go on");) {
    world.Rest(line == "rest");
  }
  world.Finish();
  const bool all_ended = load::AwaitTrue(options.finish_limit.ns, [&] { return world.Open().empty(); });
  // A customer may still be about to be answered: it is awaited, and so is the end of its contact.
  if (!all_ended) world.Stop();
  for (std::thread& customer : customers) customer.join();
  const bool ended = all_ended && load::AwaitTrue(options.finish_limit.ns, [&] { return world.Open().empty(); });
  const nlohmann::json report{
      {"acknowledged", world.acknowledged()}, {"losses", world.losses()}, {"never_ended", world.Open()}};
  world.Stop();
  for (std::thread& other : others) other.join();
  std::cout << report.dump() << std::endl;
  return ended ? 0 : 1;
}

int Main(int argc, char** argv) {
  SoakOptions options;
  CommandLine line("soak_client", "Customers and agents that outlive their server.");
  options.BindTo(line);
  if (absl::Status status = line.Parse(argc, argv); !status.ok()) {
    std::cerr << status.message() << "\n";
    return 2;
  }
  auto tokens = load::Tokens::Open(options.data, options.tenant);
  auto journal = Journal::Open(options.journal);
  if (!tokens.ok() || !journal.ok()) {
    std::cerr << tokens.status() << "; " << journal.status() << "\n";
    return 1;
  }
  auto token = tokens->Integrator();
  if (!token.ok()) {
    std::cerr << token.status() << "\n";
    return 1;
  }
  World world(options.data, *std::move(tokens), *std::move(journal), options.seed);
  return Live(options, world, *token);
}

}  // namespace
}  // namespace meridian::soak

int main(int argc, char** argv) { return meridian::soak::Main(argc, argv); }
