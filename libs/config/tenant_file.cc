#include "libs/config/tenant_file.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <set>

#include "libs/config/yaml_fields.h"

namespace meridian {
namespace {

namespace pb = google::protobuf;

constexpr int kMaxDepth = 32;

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Walks a YAML tree along a message's descriptor and sets its fields.
class Reader {
 public:
  explicit Reader(TenantFile& file) : file_(file) {}

  void ReadDocuments(const std::vector<YAML::Node>& documents) {
    file_.places[""] = {1, 1};  // also of a file without anything in it
    if (documents.size() > 1) Violated(documents[1], "", "must be one YAML document: here a second one begins");
    const YAML::Node root = documents.empty() ? YAML::Node() : documents[0];
    ReadMessage(root, file_.config, "");
    if ((root.IsMap() || root.IsNull()) && !file_.places.contains("tenant")) {
      Violated(root, "tenant", "must be set: the name of the tenant whose configuration this is");
    }
  }

  void ReadMessage(const YAML::Node& node, pb::Message& message, const std::string& path, int depth = 0) {
    Place(node, path);
    if (depth > kMaxDepth) return Violated(node, path, "must not be nested so deeply");
    if (node.IsNull()) return;  // `code:` stands for `code: {}`
    if (!node.IsMap()) return Violated(node, path, "must be a mapping of fields");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string name = entry.first.as<std::string>("");
      std::string field_path = path.empty() ? name : path + "." + name;
      const pb::FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
      if (field == nullptr || IsOutputOnly(*field)) {
        Violated(entry.first, field_path, "is not known here; known: " + KnownFields(*message.GetDescriptor()));
      } else if (!seen.insert(name).second) {
        Violated(entry.first, field_path, "stands twice");
      } else if (OtherOfOneof(*field, message)) {
        Violated(entry.first, field_path, "cannot stand beside another of: " + OneofFields(*field));
      } else {
        ReadField(entry.second, *field, message, field_path, depth);
      }
    }
  }

 private:
  void ReadField(const YAML::Node& node, const pb::FieldDescriptor& field, pb::Message& message,
                 const std::string& path, int depth) {
    Place(node, path);
    if (field.is_map()) return ReadMap(node, field, message, path);
    if (!field.is_repeated()) return ReadValue(node, field, message, path, depth);
    if (!node.IsSequence()) return Violated(node, path, "must be a list");
    int index = 0;
    for (const auto& item : node) {
      ReadValue(item, field, message, path + "[" + std::to_string(index++) + "]", depth);
    }
  }

  void ReadMap(const YAML::Node& node, const pb::FieldDescriptor& field, pb::Message& message,
               const std::string& path) {
    if (!node.IsMap()) return Violated(node, path, "must be a mapping of names to values");
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string name = entry.first.as<std::string>("");
      std::string entry_path = path + "." + name;
      Place(entry.first, entry_path);
      if (!seen.insert(name).second) {
        Violated(entry.first, entry_path, "stands twice");
        continue;
      }
      pb::Message* added = message.GetReflection()->AddMessage(&message, &field);
      added->GetReflection()->SetString(added, field.message_type()->map_key(), name);
      ReadValue(entry.second, *field.message_type()->map_value(), *added, entry_path, 0);
    }
  }

  void ReadValue(const YAML::Node& node, const pb::FieldDescriptor& field, pb::Message& message,
                 const std::string& path, int depth) {
    Place(node, path);
    const pb::Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      pb::Message* child =
          field.is_repeated() ? reflection.AddMessage(&message, &field) : reflection.MutableMessage(&message, &field);
      if (IsDuration(field)) return ReadDuration(node, *child, path);
      return ReadMessage(node, *child, path, depth + 1);
    }
    if (!node.IsScalar()) return Violated(node, path, "must be a single value");
    SetScalar(node, node.Scalar(), field, message, path);
  }

  void ReadDuration(const YAML::Node& node, pb::Message& child, const std::string& path) {
    auto duration = node.IsScalar() ? ParseYamlDuration(node.Scalar()) : std::nullopt;
    if (!duration) return Violated(node, path, "must be a duration such as 20s, 1m30s, 2h or 500ms");
    child.CopyFrom(*duration);
  }

  void SetScalar(const YAML::Node& node, const std::string& text, const pb::FieldDescriptor& field,
                 pb::Message& message, const std::string& path) {
    const pb::Reflection& reflection = *message.GetReflection();
    auto set = [&](auto setter, auto adder, auto value) {
      field.is_repeated() ? (reflection.*adder)(&message, &field, value)
                          : (reflection.*setter)(&message, &field, value);
    };
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return set(&pb::Reflection::SetString, &pb::Reflection::AddString, text);
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false") return Violated(node, path, "must be true or false");
        return set(&pb::Reflection::SetBool, &pb::Reflection::AddBool, text == "true");
      case pb::FieldDescriptor::CPPTYPE_INT32:
        return SetNumber<int32_t>(node, text, path,
                                  [&](int32_t n) { set(&pb::Reflection::SetInt32, &pb::Reflection::AddInt32, n); });
      case pb::FieldDescriptor::CPPTYPE_INT64:
        return SetNumber<int64_t>(node, text, path,
                                  [&](int64_t n) { set(&pb::Reflection::SetInt64, &pb::Reflection::AddInt64, n); });
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        return SetNumber<uint32_t>(node, text, path,
                                   [&](uint32_t n) { set(&pb::Reflection::SetUInt32, &pb::Reflection::AddUInt32, n); });
      case pb::FieldDescriptor::CPPTYPE_ENUM: {
        const pb::EnumValueDescriptor* value = FindByShortName(*field.enum_type(), text);
        if (value == nullptr)
          return Violated(node, path, "must be one of: " + Join(ShortEnumNames(*field.enum_type())));
        return set(&pb::Reflection::SetEnumValue, &pb::Reflection::AddEnumValue, value->number());
      }
      default:
        return Violated(node, path, "cannot stand in a tenant file");
    }
  }

  template <typename Number, typename Set>
  void SetNumber(const YAML::Node& node, const std::string& text, const std::string& path, Set set) {
    Number number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      return Violated(node, path,
                      std::is_signed_v<Number> ? "must be a whole number" : "must be a whole number, not negative");
    }
    set(number);
  }

  static bool OtherOfOneof(const pb::FieldDescriptor& field, const pb::Message& message) {
    const pb::OneofDescriptor* oneof = field.real_containing_oneof();
    return oneof != nullptr && message.GetReflection()->HasOneof(message, oneof);
  }

  static std::string OneofFields(const pb::FieldDescriptor& field) {
    std::vector<std::string> names;
    const pb::OneofDescriptor* oneof = field.real_containing_oneof();
    for (int i = 0; i < oneof->field_count(); ++i) names.push_back(oneof->field(i)->name());
    return Join(names);
  }

  static std::string KnownFields(const pb::Descriptor& type) {
    std::vector<std::string> names;
    for (int i = 0; i < type.field_count(); ++i) {
      if (!IsOutputOnly(*type.field(i))) names.push_back(type.field(i)->name());
    }
    return Join(names);
  }

  void Place(const YAML::Node& node, const std::string& path) {
    YAML::Mark mark = node.Mark();
    if (!mark.is_null()) file_.places.try_emplace(path, FilePlace{mark.line + 1, mark.column + 1});
  }

  void Violated(const YAML::Node& node, const std::string& path, std::string rule) {
    const YAML::Mark mark = node.Mark();
    const FilePlace place = mark.is_null() ? file_.PlaceOf(path) : FilePlace{mark.line + 1, mark.column + 1};
    file_.violations.push_back({path, place.line, place.column, std::move(rule)});
  }

  TenantFile& file_;
};

}  // namespace

std::string FileViolation::ToString(std::string_view file_name) const {
  std::string text(file_name);
  if (line > 0) text += ":" + std::to_string(line) + ":" + std::to_string(column);
  return text + ": " + (path.empty() ? "the file" : path) + " " + rule;
}

FilePlace TenantFile::PlaceOf(std::string path) const {
  while (!path.empty()) {
    if (auto place = places.find(path); place != places.end()) return place->second;
    size_t cut = path.find_last_of(".[");
    path.resize(cut == std::string::npos ? 0 : cut);
  }
  const auto root = places.find("");
  return root == places.end() ? FilePlace{} : root->second;
}

TenantFile ReadTenantFile(std::string_view yaml) {
  TenantFile file;
  if (yaml.size() > kMaxTenantFileBytes) {
    file.violations.push_back({"", 0, 0, "must not be larger than 16 MiB"});
    return file;
  }
  try {
    Reader(file).ReadDocuments(YAML::LoadAll(std::string(yaml)));
  } catch (const YAML::Exception& error) {  // yaml-cpp reports malformed YAML by exceptions only
    bool known = !error.mark.is_null();
    file.violations.push_back({"", known ? error.mark.line + 1 : 0, known ? error.mark.column + 1 : 0,
                               "is not well-formed YAML: " + error.msg});
  }
  return file;
}

}  // namespace meridian
