#include "tests/benchmark/platform/load_options.h"

namespace meridian::load {

void LoadOptions::BindTo(CommandLine& line) {
  line.Bind("--mode", &mode,
            "cycles (submit, offer, accept, complete), surge (cycles in an open loop: few, very many, few), "
            "fill (submit only), first-offer (wait for the server, attach, "
            "wait for an offer), attach, echo, echo-server");
  line.Bind("--data", &data, "the server's data folder");
  line.Bind("--tenant", &tenant, "");
  line.Bind("--target", &target, "address of the echo server");
  line.Bind("--server-pid", &server_pid, "process whose processor time is reported");
  line.Bind("--agents", &agents, "agent-00000 and following are attached");
  line.Bind("--streams", &streams, "that the agents share");
  line.Bind("--channels", &channels, "connections for submitting");
  line.Bind("--outstanding", &outstanding, "contacts on their way in a closed loop");
  line.Bind("--rate", &rate, "arrivals per second of an open loop (Poisson); 0: closed loop");
  line.Bind("--calm-rate", &calm_rate, "surge: arrivals per second before and after it");
  line.Bind("--calm", &calm, "surge: how long before and after it");
  line.Bind("--talks", &talks, "surge: conversations that go on all the time");
  line.Bind("--talk-rate", &talk_rate, "surge: messages per second of their customers, in all");
  line.Bind("--journal", &journal, "surge: file for what was acknowledged, for `meridianctl events verify`");
  line.Bind("--timeout", &timeout, "for which a customer waits for an acknowledgement");
  line.Bind("--contacts", &contacts, "how many fill submits");
  line.Bind("--linger", &linger, "attach: keep the agents attached until standard input ends");
  line.Bind("--no-events", &no_events, "cycles: nobody reads the events over gRPC");
  line.Bind("--say-when", &say_when, "cycles: print the lines `begun` and `ended` when measuring begins and ends");
  line.Bind("--warm-up", &warm_up, "before measuring");
  line.Bind("--duration", &duration, "of measuring");
  line.Bind("--seed", &seed, "of arrivals, lines and languages");
}

}  // namespace meridian::load
