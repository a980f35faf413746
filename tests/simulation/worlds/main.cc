// worlds: runs fault worlds of seeds, and prints the first that fails. See docs/development.md.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "tests/simulation/worlds/world.h"

namespace meridian::worlds {
namespace {

uint64_t current_seed = 0;

// A broken invariant stops the process: its seed is said first.
void OnAbort(int) {
  char text[64];
  const int size = std::snprintf(text, sizeof(text), "\nFAILED seed %llu: the process stopped\n",
                                 static_cast<unsigned long long>(current_seed));
  if (write(STDERR_FILENO, text, static_cast<size_t>(size)) < 0) _exit(3);
  _exit(2);
}

struct Arguments {
  uint64_t from = 1;
  uint64_t count = 1;
  std::optional<Mix> mix;
  bool trace = false;
  bool twice = false;
  bool go_on = false;
};

WorldOptions OptionsOf(const Arguments& arguments, uint64_t seed) {
  WorldOptions options;
  options.seed = seed;
  options.mix = arguments.mix ? *arguments.mix : MixOf(seed);
  options.trace = arguments.trace;
  return options;
}

bool RunSeed(const Arguments& arguments, uint64_t seed) {
  current_seed = seed;
  Outcome outcome = World(OptionsOf(arguments, seed)).Run();
  if (arguments.twice && World(OptionsOf(arguments, seed)).Run().digest != outcome.digest) {
    outcome.violations.push_back("two runs differ");
  }
  if (outcome.violations.empty()) {
    if (arguments.count == 1) {
      std::printf("seed %llu: %llu events, %llu commits in %lld s, digest %016llx\n",
                  static_cast<unsigned long long>(seed), static_cast<unsigned long long>(outcome.events),
                  static_cast<unsigned long long>(outcome.commits), static_cast<long long>(outcome.took.ToSeconds()),
                  static_cast<unsigned long long>(outcome.digest));
    }
    return true;
  }
  std::printf("FAILED seed %llu (%s)\n", static_cast<unsigned long long>(seed),
              std::string(OptionsOf(arguments, seed).mix.name).c_str());
  for (const std::string& violation : outcome.violations) std::printf("  %s\n", violation.c_str());
  std::fflush(stdout);
  return false;
}

int Usage() {
  std::fprintf(stderr, "worlds [--seed N] [--trace] | [--from A --count N] [--mix NAME] [--twice] [--go-on]\nmixes:");
  for (const Mix& mix : Mixes()) std::fprintf(stderr, " %s", std::string(mix.name).c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

bool Parse(int argc, char** argv, Arguments* arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool has_value = i + 1 < argc;
    if (name == "--trace") {
      arguments->trace = true;
    } else if (name == "--twice") {
      arguments->twice = true;
    } else if (name == "--go-on") {
      arguments->go_on = true;
    } else if ((name == "--seed" || name == "--from") && has_value) {
      arguments->from = std::strtoull(argv[++i], nullptr, 10);
    } else if (name == "--count" && has_value) {
      arguments->count = std::strtoull(argv[++i], nullptr, 10);
    } else if (name == "--mix" && has_value) {
      arguments->mix = FindMix(argv[++i]);
      if (!arguments->mix) return false;
    } else {
      return false;
    }
  }
  return true;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  if (!Parse(argc, argv, &arguments)) return Usage();
  std::signal(SIGABRT, OnAbort);
  const auto began = std::chrono::steady_clock::now();
  uint64_t failed = 0;
  for (uint64_t seed = arguments.from; seed < arguments.from + arguments.count; ++seed) {
    if (RunSeed(arguments, seed)) continue;
    ++failed;
    if (!arguments.go_on) break;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (arguments.count > 1) {
    std::printf("%llu of %llu seeds from %llu failed, %.1f s\n", static_cast<unsigned long long>(failed),
                static_cast<unsigned long long>(arguments.count), static_cast<unsigned long long>(arguments.from),
                took.count());
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace meridian::worlds

int main(int argc, char** argv) { return meridian::worlds::Main(argc, argv); }
