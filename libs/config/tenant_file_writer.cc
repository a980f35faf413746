#include <yaml-cpp/yaml.h>

#include <map>

#include "libs/config/tenant_file.h"
#include "libs/config/yaml_fields.h"

namespace meridian {
namespace {

namespace pb = google::protobuf;

class Writer {
 public:
  std::string Write(const pb::Message& message) {
    Message(message);
    return std::string(out_.c_str()) + "\n";
  }

 private:
  void Message(const pb::Message& message) {
    out_ << YAML::BeginMap;
    const pb::Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const pb::FieldDescriptor& field = *message.GetDescriptor()->field(i);
      if (IsOutputOnly(field)) continue;
      bool present =
          field.is_repeated() ? reflection.FieldSize(message, &field) > 0 : reflection.HasField(message, &field);
      if (!present) continue;
      out_ << YAML::Key << field.name() << YAML::Value;
      field.is_map() ? Map(message, field) : field.is_repeated() ? List(message, field) : Value(message, field, -1);
    }
    out_ << YAML::EndMap;
  }

  void List(const pb::Message& message, const pb::FieldDescriptor& field) {
    out_ << YAML::BeginSeq;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) Value(message, field, i);
    out_ << YAML::EndSeq;
  }

  // Sorted by key: the map's own order is not stable.
  void Map(const pb::Message& message, const pb::FieldDescriptor& field) {
    std::map<std::string, const pb::Message*> entries;
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      const pb::Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
      entries[entry.GetReflection()->GetString(entry, field.message_type()->map_key())] = &entry;
    }
    out_ << YAML::BeginMap;
    for (const auto& [key, entry] : entries) {
      out_ << YAML::Key << key << YAML::Value;
      Value(*entry, *field.message_type()->map_value(), -1);
    }
    out_ << YAML::EndMap;
  }

  void Value(const pb::Message& message, const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& reflection = *message.GetReflection();
    bool item = index >= 0;
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_MESSAGE: {
        const pb::Message& child =
            item ? reflection.GetRepeatedMessage(message, &field, index) : reflection.GetMessage(message, &field);
        if (!IsDuration(field)) return Message(child);
        pb::Duration duration;
        duration.CopyFrom(child);
        out_ << FormatYamlDuration(duration);
        return;
      }
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        out_ << ShortEnumName(
            *(item ? reflection.GetRepeatedEnum(message, &field, index) : reflection.GetEnum(message, &field)));
        return;
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        out_ << (item ? reflection.GetRepeatedBool(message, &field, index) : reflection.GetBool(message, &field));
        return;
      case pb::FieldDescriptor::CPPTYPE_STRING:
        out_ << YAML::DoubleQuoted
             << (item ? reflection.GetRepeatedString(message, &field, index) : reflection.GetString(message, &field));
        return;
      case pb::FieldDescriptor::CPPTYPE_UINT32:
        out_ << (item ? reflection.GetRepeatedUInt32(message, &field, index) : reflection.GetUInt32(message, &field));
        return;
      case pb::FieldDescriptor::CPPTYPE_INT32:
        out_ << (item ? reflection.GetRepeatedInt32(message, &field, index) : reflection.GetInt32(message, &field));
        return;
      default:
        out_ << (item ? reflection.GetRepeatedInt64(message, &field, index) : reflection.GetInt64(message, &field));
    }
  }

  YAML::Emitter out_;
};

}  // namespace

std::string WriteTenantFile(const admin::v1::TenantConfig& config) { return Writer().Write(config); }

}  // namespace meridian
