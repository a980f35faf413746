// The options file: a YAML mapping of option names, as on the command line without "--", to their values.
//
//   port: 8080
//   drain-limit: 10s
//   no-demo-tokens: true
//   redis: [10.0.0.1:6379, 10.0.0.2:6379]
//
// Pure functions but for reading the file; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meridian {

struct FileOption {
  std::string name;
  std::vector<std::string> values;  // several of a list
  bool is_list = false;
  int line = 0;
};

struct OptionsFile {
  std::vector<FileOption> options;    // in the file's order
  std::vector<std::string> problems;  // "FILE:LINE: NAME: must …", or "FILE: …"
};

OptionsFile ReadOptionsFile(const std::string& path);
// `path` for the messages.
OptionsFile ParseOptions(const std::string& path, std::string_view yaml);

}  // namespace meridian
