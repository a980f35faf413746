#include "libs/app/command_line.h"

#include <algorithm>
#include <limits>
#include <set>
#include <sstream>

#include "libs/app/option_values.h"
#include "libs/app/options_file.h"
#include "libs/base/check.h"

namespace meridian {
namespace {

constexpr size_t kHelpWidth = 100;

struct Option {
  std::string flag;
  std::string type;  // "NUMBER"; empty: a switch
  std::string help;
  std::string default_text;
  bool is_list = false;
  bool required = false;
  std::function<bool(const std::vector<std::string>&)> assign;  // false: no value of the type
  std::string type_rule;
  std::vector<OptionRule> rules;

  std::vector<std::string> given;
  std::string place;  // "FILE:LINE: " where it was written in a file
  bool from_line = false;

  bool is_switch() const { return type.empty(); }
  std::string name() const { return flag.substr(2); }
};

// Words of the text in lines of the help.
std::string Wrapped(const std::string& text) {
  std::istringstream words(text);
  std::string wrapped, line, word;
  while (words >> word) {
    if (!line.empty() && line.size() + 1 + word.size() > kHelpWidth - 6) {
      wrapped += "      " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return wrapped + "      " + line + "\n";
}

std::string HelpOf(const Option& option) {
  std::string text = "  " + option.flag + (option.is_switch() ? "" : " " + option.type);
  if (option.required) {
    text += "  (required)";
  } else if (option.is_switch()) {
    text += "  (a switch; default: " + option.default_text + ")";
  } else {
    text += "  (default: " + (option.default_text.empty() ? "none" : option.default_text) + ")";
  }
  return text + (option.is_list ? "  (may be repeated)" : "") + "\n" + Wrapped(option.help);
}

}  // namespace

struct CommandLine::State final : OptionProblems {
  Option* Find(std::string_view flag) {
    const auto found = std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.flag == flag; });
    return found == options.end() ? nullptr : &*found;
  }
  Option& Add(const std::string& flag, const std::string& type, const std::string& help) {
    MERIDIAN_CHECK(flag.starts_with("--") && Find(flag) == nullptr);
    Option& option = options.emplace_back();
    option.flag = flag;
    option.type = type;
    option.help = help;
    return option;
  }
  template <typename T, typename Parse>
  void AddNumber(const std::string& flag, T* target, const std::string& help, Parse parse) {
    using Limits = std::numeric_limits<T>;
    Option& option = Add(flag, "NUMBER", help);
    option.default_text = std::to_string(*target);
    option.type_rule =
        "must be a whole number, " + std::to_string(Limits::min()) + " to " + std::to_string(Limits::max());
    option.assign = [target, parse](const std::vector<std::string>& values) {
      const auto number = parse(values[0]);
      if (!number || *number > Limits::max()) return false;
      *target = static_cast<T>(*number);
      return true;
    };
  }

  // ---- OptionProblems ----
  void Add(std::string_view flag, const std::string& rule) override {
    const Option* option = Find(flag);
    const bool in_file = option != nullptr && !option->place.empty();
    const std::string subject = in_file ? option->place + option->name() : std::string(flag);
    problems.push_back(subject + ": " + rule);
  }
  std::string ValueOf(std::string_view flag) const override {
    for (const Option& option : options) {
      if (option.flag != flag) continue;
      if (!option.given.empty()) return option.given[0];
      return option.is_switch() && option.default_text == "off" ? "" : option.default_text;
    }
    return "";
  }
  bool thorough() const override { return check; }

  // ---- reading ----
  void ReadArguments(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
      std::string flag = argv[i];
      if (flag == "-h") flag = "--help";
      std::string value;
      const size_t equals = flag.find('=');
      const bool has_value = flag.starts_with("--") && equals != std::string::npos;
      if (has_value) {
        value = flag.substr(equals + 1);
        flag.resize(equals);
      }
      Option* option = Find(flag);
      if (option == nullptr) {
        problems.push_back(flag + ": must be an option of " + program);
        continue;
      }
      if (!has_value && option->is_switch()) value = "true";
      if (!has_value && !option->is_switch()) {
        if (i + 1 >= argc || std::string_view(argv[i + 1]).starts_with("--")) {
          Add(flag, "must have a value");
          continue;
        }
        value = argv[++i];
      }
      option->from_line = true;
      option->given.push_back(std::move(value));
    }
  }
  void ReadFile(const std::string& path) {
    OptionsFile file = ReadOptionsFile(path);
    for (std::string& problem : file.problems) problems.push_back(std::move(problem));
    for (FileOption& given : file.options) {
      const std::string place = path + ":" + std::to_string(given.line) + ": ";
      Option* option = Find("--" + given.name);
      if (option == nullptr || own.contains(option->flag)) {
        problems.push_back(place + given.name + ": must be an option of " + program);
      } else if (!option->from_line) {
        option->place = place;
        option->given = std::move(given.values);
      }
    }
  }
  void Write(Option& option) {
    if (option.given.empty()) {
      if (option.required) Add(option.flag, "must be given");
      return;
    }
    if (option.given.size() > 1 && !option.is_list) return Add(option.flag, "must be given once");
    if (!option.assign(option.given)) return Add(option.flag, option.type_rule + ", not " + option.given[0]);
    for (const std::string& value : option.given) {
      for (const OptionRule& rule : option.rules) {
        if (const std::string broken = rule(value); !broken.empty()) Add(option.flag, broken);
      }
    }
  }
  std::string Help() const {
    std::string text = description + "\n\nUsage: " + program + " [--OPTION VALUE]... [--SWITCH]...\n" +
                       "A TIME is a whole number with a unit: ns, us, ms, s, m or h.\n\n";
    for (const Option& option : options) text += HelpOf(option);
    return text;
  }

  std::string program;
  std::string description;
  std::vector<Option> options;
  const std::set<std::string, std::less<>> own = {"--help", "--options", "--check"};  // not in the file
  std::vector<std::function<void(OptionProblems&)>> checks;
  std::vector<std::string> problems;
  bool help = false;
  bool check = false;
  std::string options_file;
};

CommandLine::CommandLine(const std::string& program, const std::string& description)
    : state_(std::make_unique<State>()) {
  state_->program = program;
  state_->description = description;
  Bind("--help", &state_->help, "Explains every option, and ends");
  Bind("--options", &state_->options_file,
       "A YAML file of these options, NAME: VALUE without the dashes; what the command line says wins over it");
  Bind("--check", &state_->check,
       "Starts nothing: names all that is wrong with the options and the files that they name, and ends, with code 0 "
       "when nothing is, else 2");
}

CommandLine::~CommandLine() = default;

void CommandLine::Bind(const std::string& flag, std::string* target, const std::string& help) {
  Option& option = state_->Add(flag, "TEXT", help);
  option.default_text = *target;
  option.assign = [target](const std::vector<std::string>& values) {
    *target = values[0];
    return true;
  };
}

void CommandLine::Bind(const std::string& flag, int64_t* target, const std::string& help) {
  state_->AddNumber(flag, target, help, ParseInteger);
}

void CommandLine::Bind(const std::string& flag, uint64_t* target, const std::string& help) {
  state_->AddNumber(flag, target, help, ParseUnsigned);
}

void CommandLine::Bind(const std::string& flag, uint16_t* target, const std::string& help) {
  state_->AddNumber(flag, target, help, ParseUnsigned);
}

void CommandLine::Bind(const std::string& flag, std::vector<std::string>* target, const std::string& help) {
  Option& option = state_->Add(flag, "TEXT", help);
  option.is_list = true;
  option.assign = [target](const std::vector<std::string>& values) {
    *target = values;
    return true;
  };
}

void CommandLine::Bind(const std::string& flag, bool* target, const std::string& help) {
  Option& option = state_->Add(flag, "", help);
  option.default_text = *target ? "on" : "off";
  option.type_rule = "must be true or false";
  option.assign = [target](const std::vector<std::string>& values) {
    const auto value = ParseBool(values[0]);
    if (value) *target = *value;
    return value.has_value();
  };
}

void CommandLine::Bind(const std::string& flag, Duration* target, const std::string& help) {
  Option& option = state_->Add(flag, "TIME", help);
  option.default_text = FormatDuration(*target);
  option.type_rule = "must be a length of time such as 500ms, 10s or 2m";
  option.assign = [target](const std::vector<std::string>& values) {
    const auto length = ParseDuration(values[0]);
    if (length) *target = *length;
    return length.has_value();
  };
}

void CommandLine::Require() { state_->options.back().required = true; }

void CommandLine::Must(OptionRule rule) { state_->options.back().rules.push_back(std::move(rule)); }

void CommandLine::Check(std::function<void(OptionProblems&)> check) { state_->checks.push_back(std::move(check)); }

bool CommandLine::check_only() const { return state_->check; }

absl::Status CommandLine::Parse(int argc, const char* const* argv) {
  State& state = *state_;
  state.problems.clear();
  for (Option& option : state.options) {
    option.given.clear();
    option.place.clear();
    option.from_line = false;
  }
  state.ReadArguments(argc, argv);
  if (const Option* help = state.Find("--help"); !help->given.empty()) return absl::CancelledError(state.Help());
  if (const Option* file = state.Find("--options"); file->given.size() == 1) state.ReadFile(file->given[0]);
  for (Option& option : state.options) state.Write(option);
  for (const auto& check : state.checks) check(state);
  if (state.problems.empty()) return absl::OkStatus();
  std::string message;
  for (const std::string& problem : state.problems) message += (message.empty() ? "" : "\n") + problem;
  return absl::InvalidArgumentError(message);
}

}  // namespace meridian
