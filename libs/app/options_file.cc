#include "libs/app/options_file.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <set>

#include "libs/config/text_file.h"

namespace meridian {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;

class Reader {
 public:
  explicit Reader(std::string path) : path_(std::move(path)) {}

  void Read(const std::vector<YAML::Node>& documents) {
    if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) return;
    if (documents.size() > 1) Wrong(documents[1], "", "must be one YAML document: here a second one begins");
    if (!documents[0].IsMap()) return Wrong(documents[0], "", "must be a mapping of options: NAME: VALUE");
    for (const auto& entry : documents[0]) ReadEntry(entry.first, entry.second);
  }
  void Malformed(const YAML::Exception& error) {
    const std::string line = error.mark.is_null() ? "" : ":" + std::to_string(error.mark.line + 1);
    file_.problems.push_back(path_ + line + ": must be well-formed YAML: " + error.msg);
  }
  OptionsFile Take() { return std::move(file_); }

 private:
  static int LineOf(const YAML::Node& node) { return node.Mark().line + 1; }

  void Wrong(const YAML::Node& node, const std::string& name, const std::string& rule) {
    const std::string subject = name.empty() ? "" : name + ": ";
    file_.problems.push_back(path_ + ":" + std::to_string(LineOf(node)) + ": " + subject + rule);
  }

  void ReadEntry(const YAML::Node& key, const YAML::Node& value) {
    const std::string name = key.IsScalar() ? key.Scalar() : "";
    if (name.empty()) return Wrong(key, "", "must be the name of an option");
    if (!seen_.insert(name).second) return Wrong(key, name, "must stand once");
    FileOption option{name, {}, value.IsSequence(), LineOf(key)};
    if (value.IsScalar()) {
      option.values = {value.Scalar()};
    } else if (value.IsSequence()) {
      for (const YAML::Node& item : value) {
        if (!item.IsScalar()) return Wrong(item, name, "must be a list of single values");
        option.values.push_back(item.Scalar());
      }
    }
    if (option.values.empty()) return Wrong(key, name, "must have a value");
    file_.options.push_back(std::move(option));
  }

  const std::string path_;
  std::set<std::string> seen_;
  OptionsFile file_;
};

}  // namespace

OptionsFile ParseOptions(const std::string& path, std::string_view yaml) {
  Reader reader(path);
  try {
    reader.Read(YAML::LoadAll(std::string(yaml)));
  } catch (const YAML::Exception& error) {  // yaml-cpp reports malformed YAML by exceptions only
    reader.Malformed(error);
  }
  return reader.Take();
}

OptionsFile ReadOptionsFile(const std::string& path) {
  std::error_code failed;
  const auto size = std::filesystem::file_size(path, failed);  // an error of what is no plain file, such as a pipe
  if (std::filesystem::exists(path, failed) && !std::filesystem::is_directory(path, failed) &&
      (!std::filesystem::is_regular_file(path, failed) || size > kMostBytes)) {
    OptionsFile file;
    file.problems.push_back("--options: " + path + " must be a file of at most 1 MiB");
    return file;
  }
  const auto text = ReadTextFile(path);
  if (text.ok()) return ParseOptions(path, *text);
  OptionsFile file;
  file.problems.push_back("--options: " + std::string(text.status().message().data(), text.status().message().size()));
  return file;
}

}  // namespace meridian
