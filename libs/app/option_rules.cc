#include "libs/app/option_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <utility>

#include "libs/app/command_line.h"
#include "libs/app/option_values.h"
#include "libs/base/entity_id.h"
#include "libs/rpc/tls_files.h"

namespace meridian {
namespace {

namespace fs = std::filesystem;

bool IsHostAndPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const auto port = ParseUnsigned(text.substr(colon + 1));
  return port && *port >= 1 && *port <= 65535;
}

bool IsIpAddress(const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), address) == 1 || inet_pton(AF_INET6, text.c_str(), address) == 1;
}

// `keeps` says whether a value keeps the rule that `rule` words.
template <typename Keeps>
OptionRule Rule(std::string rule, Keeps keeps) {
  return [rule = std::move(rule), keeps = std::move(keeps)](const std::string& value) {
    return keeps(value) ? std::string() : rule + ", not " + (value.empty() ? "empty" : value);
  };
}

std::string Text(const absl::Status& status) { return {status.message().data(), status.message().size()}; }

}  // namespace

namespace rules {

OptionRule Between(int64_t least, int64_t most) {
  return Rule("must be " + std::to_string(least) + " to " + std::to_string(most), [=](const std::string& value) {
    const auto number = ParseInteger(value);
    return !number || (*number >= least && *number <= most);  // what is no number is told as such
  });
}

OptionRule Between(Duration least, Duration most) {
  return Rule("must be " + FormatDuration(least) + " to " + FormatDuration(most), [=](const std::string& value) {
    const auto length = ParseDuration(value);
    return !length || (*length >= least && *length <= most);
  });
}

OptionRule OneOf(std::vector<std::string> values) {
  std::string rule = "must be ";
  for (size_t i = 0; i < values.size(); ++i) {
    rule += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + values[i];
  }
  return Rule(std::move(rule), [values = std::move(values)](const std::string& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  });
}

OptionRule File() {
  return Rule("must be a file that can be read", [](const std::string& value) {
    std::error_code failed;
    return fs::is_regular_file(value, failed) && std::ifstream(value).good();
  });
}

OptionRule Folder() {
  return Rule("must be a folder that is there", [](const std::string& value) {
    std::error_code failed;
    return fs::is_directory(value, failed);
  });
}

OptionRule FolderOrNothing() {
  return Rule("must be a folder", [](const std::string& value) {
    std::error_code failed;
    return !value.empty() && (fs::is_directory(value, failed) || !fs::exists(value, failed));
  });
}

OptionRule FileToWrite() {
  return [](const std::string& value) -> std::string {
    std::error_code failed;
    const fs::path folder = fs::absolute(value, failed).parent_path();
    if (value.empty() || fs::is_directory(folder, failed)) return "";
    return "must be a file in a folder that is there: there is no folder " + folder.string();
  };
}

OptionRule IpAddress() { return Rule("must be an IPv4 or IPv6 address", IsIpAddress); }

OptionRule Host() {
  return Rule("must be a host's name or IP address, without a port", [](const std::string& value) {
    const bool of_a_name = std::all_of(value.begin(), value.end(), [](unsigned char c) {
      return c < 128 && (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_');
    });
    return IsIpAddress(value) || (of_a_name && !value.empty() && value.size() <= 253 && value.front() != '.' &&
                                  value.front() != '-' && value.find("..") == std::string::npos);
  });
}

OptionRule HostAndPort() {
  return Rule("must be HOST:PORT", [](const std::string& value) { return IsHostAndPort(value); });
}

OptionRule HostAndPortOrSocket() {
  return Rule("must be HOST:PORT or the path of a socket",
              [](const std::string& value) { return value.starts_with('/') || IsHostAndPort(value); });
}

OptionRule Region() {
  return Rule("must be 1 to 7 of [a-z0-9], a letter first",
              [](const std::string& value) { return RegionCode::Parse(value).has_value(); });
}

}  // namespace rules

void CheckTlsOptions(OptionProblems& problems, const std::string& name) {
  const std::string ca = problems.ValueOf(name + "-ca");
  const std::string certificate = problems.ValueOf(name + "-certificate");
  const std::string key = problems.ValueOf(name + "-key");
  if (!ca.empty()) {
    if (const absl::Status status = rpc::CheckCertificateFile(ca); !status.ok()) {
      problems.Add(name + "-ca", "must hold the authorities' certificates: " + Text(status));
    }
  }
  if (certificate.empty() && key.empty()) return;
  if (ca.empty()) problems.Add(name + "-ca", "must be given where there is a certificate or a key");
  if (key.empty()) return problems.Add(name + "-key", "must be given where there is a certificate");
  if (certificate.empty()) return problems.Add(name + "-certificate", "must be given where there is a key");
  CheckCertificateOption(problems, name + "-certificate", certificate, key);
}

void CheckCertificateOption(OptionProblems& problems, const std::string& flag, const std::string& certificate,
                            const std::string& key) {
  if (const absl::Status status = rpc::CheckTlsFiles({certificate, key, "", {}}); !status.ok()) {
    problems.Add(flag, "must be a certificate with its key: " + Text(status));
  }
}

}  // namespace meridian
