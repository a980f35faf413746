// The options of a program: each service's options struct binds its fields here by name, and the parser writes them,
// from the command line and from one options file (options_file.h), in which they have the same names without "--". The
// command line wins over the file. Every program that binds options so also has
//
//   --help           explains every option, and ends
//   --options FILE   reads options from the file
//   --check          names all that is wrong with the options, and ends
//
// Used on the main thread at start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "libs/app/option_rules.h"
#include "libs/base/time.h"

namespace meridian {

// What is wrong with a program's options: all of it, each named by where it was written. Handed to checks.
class OptionProblems {
 public:
  virtual ~OptionProblems() = default;
  // `rule` as "must be …": what holds for the option `flag` ("--port") and was not kept.
  virtual void Add(std::string_view flag, const std::string& rule) = 0;
  // The value in force, as it is written; "" for a switch that is off, and of an option that is not bound.
  virtual std::string ValueOf(std::string_view flag) const = 0;
  // Told to check with --check, and nothing is started: what takes long may be checked too.
  virtual bool thorough() const = 0;
};

class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& description);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Binds `flag` ("--port") to `target`, which holds the default, is written by Parse and must live until then.
  // A bool is a switch without a value ("--demo"; "demo: true" in the file); a vector takes one value per repetition (a
  // list in the file); a Duration is written as a number with ns, us, ms, s, m or h ("60s", "500ms").
  void Bind(const std::string& flag, std::string* target, const std::string& help);
  void Bind(const std::string& flag, int64_t* target, const std::string& help);
  void Bind(const std::string& flag, uint64_t* target, const std::string& help);
  void Bind(const std::string& flag, uint16_t* target, const std::string& help);
  void Bind(const std::string& flag, bool* target, const std::string& help);
  void Bind(const std::string& flag, Duration* target, const std::string& help);
  void Bind(const std::string& flag, std::vector<std::string>* target, const std::string& help);
  // The last bound option must be given.
  void Require();
  // Each value that is given for the last bound option must keep the rule.
  void Must(OptionRule rule);
  // Called once all targets are written, also when something was wrong before: for what several options say together.
  void Check(std::function<void(OptionProblems&)> check);

  // kInvalidArgument with all that is wrong, one a line, each naming the option, where it was written when that was in
  // the file, and the rule. With --help it is kCancelled and the message is the help text.
  absl::Status Parse(int argc, const char* const* argv);
  // --check was given.
  bool check_only() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meridian
