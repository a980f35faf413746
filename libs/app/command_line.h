// The options of a program: each service's options struct binds its fields here by name, and the parser writes them.
// Used on the main thread at start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/base/time.h"

namespace meridian {

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& description);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Binds `flag` ("--port") to `target`, which holds the default, is written by Parse and must live until then.
  // A bool is a switch without a value ("--demo"); a vector takes one value per repetition; a Duration is written as a
  // number with ns, us, ms, s, m or h ("60s", "500ms").
  void Bind(const std::string& flag, std::string* target, const std::string& help);
  void Bind(const std::string& flag, int64_t* target, const std::string& help);
  void Bind(const std::string& flag, uint64_t* target, const std::string& help);
  void Bind(const std::string& flag, uint16_t* target, const std::string& help);
  void Bind(const std::string& flag, bool* target, const std::string& help);
  void Bind(const std::string& flag, Duration* target, const std::string& help);
  void Bind(const std::string& flag, std::vector<std::string>* target, const std::string& help);
  // The last bound option must be given.
  void Require();

  // kInvalidArgument with a sentence for the user when the arguments are wrong. With --help it is kCancelled and the
  // message is the help text.
  absl::Status Parse(int argc, const char* const* argv);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace meridian
