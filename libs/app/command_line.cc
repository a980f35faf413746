#include "libs/app/command_line.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <optional>

#include "libs/base/check.h"

namespace meridian {
namespace {

struct Unit {
  std::string_view suffix;
  int64_t ns;
};

// A longer suffix stands before the one that it ends in.
constexpr Unit kUnits[] = {{"ns", 1},         {"us", 1000},       {"ms", 1000000},
                           {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}};

std::optional<Duration> ParseDuration(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const std::string_view number = text.substr(0, text.size() - unit.suffix.size());
    int64_t count = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), count);
    if (error != std::errc() || end != number.data() + number.size() || count < 0) return std::nullopt;
    if (count > std::numeric_limits<int64_t>::max() / unit.ns) return std::nullopt;
    return Duration{count * unit.ns};
  }
  return std::nullopt;
}

std::string FormatDuration(Duration duration) {
  for (size_t i = std::size(kUnits); i-- > 0;) {
    if (duration.ns % kUnits[i].ns == 0)
      return std::to_string(duration.ns / kUnits[i].ns) + std::string(kUnits[i].suffix);
  }
  return std::to_string(duration.ns) + "ns";
}

}  // namespace

struct CommandLine::Parser {
  CLI::App app;
  CLI::Option* last = nullptr;

  template <typename T>
  void Bind(const std::string& flag, T* target, const std::string& help) {
    last = app.add_option(flag, *target, help)->capture_default_str();
  }
};

CommandLine::CommandLine(const std::string& program, const std::string& description)
    : parser_(std::make_unique<Parser>()) {
  parser_->app.name(program);
  parser_->app.description(description);
}

CommandLine::~CommandLine() = default;

void CommandLine::Bind(const std::string& flag, std::string* target, const std::string& help) {
  parser_->Bind(flag, target, help);
}

void CommandLine::Bind(const std::string& flag, int64_t* target, const std::string& help) {
  parser_->Bind(flag, target, help);
}

void CommandLine::Bind(const std::string& flag, uint64_t* target, const std::string& help) {
  parser_->Bind(flag, target, help);
}

void CommandLine::Bind(const std::string& flag, uint16_t* target, const std::string& help) {
  parser_->Bind(flag, target, help);
}

void CommandLine::Bind(const std::string& flag, std::vector<std::string>* target, const std::string& help) {
  parser_->Bind(flag, target, help);
}

void CommandLine::Bind(const std::string& flag, bool* target, const std::string& help) {
  parser_->last = parser_->app.add_flag(flag, *target, help);
}

void CommandLine::Bind(const std::string& flag, Duration* target, const std::string& help) {
  const auto assign = [flag, target](const std::string& text) {
    const auto duration = ParseDuration(text);
    if (!duration) throw CLI::ValidationError(flag, "not a length of time such as 500ms, 10s or 2m: " + text);
    *target = *duration;
  };
  parser_->last = parser_->app.add_option_function<std::string>(flag, assign, help)
                      ->type_name("TIME")
                      ->default_str(FormatDuration(*target));
}

void CommandLine::Require() {
  MERIDIAN_CHECK(parser_->last != nullptr);
  parser_->last->required();
}

absl::Status CommandLine::Parse(int argc, const char* const* argv) {
  try {
    parser_->app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return absl::CancelledError(parser_->app.help());
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

}  // namespace meridian
