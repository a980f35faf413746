#include <nlohmann/json.hpp>

#include "libs/config/tenant_file.h"
#include "libs/config/yaml_fields.h"

namespace meridian {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;

class SchemaWriter {
 public:
  Json Write(const pb::Descriptor& root) {
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Meridian tenant file"}};
    schema["$ref"] = Reference(root);
    schema["$defs"] = std::move(definitions_);
    return schema;
  }

 private:
  std::string Reference(const pb::Descriptor& type) {
    if (!definitions_.contains(type.name())) {
      definitions_[type.name()] = nullptr;  // ends the recursion of types that contain themselves
      definitions_[type.name()] = Message(type);
    }
    return "#/$defs/" + type.name();
  }

  Json Message(const pb::Descriptor& type) {
    Json schema = {{"type", type.field_count() == 0 ? Json::array({"object", "null"}) : Json("object")},
                   {"additionalProperties", false},
                   {"properties", Json::object()}};
    for (int i = 0; i < type.field_count(); ++i) {
      const pb::FieldDescriptor& field = *type.field(i);
      if (!IsOutputOnly(field)) schema["properties"][field.name()] = Field(field);
    }
    return schema;
  }

  Json Field(const pb::FieldDescriptor& field) {
    if (field.is_map()) {
      return {{"type", "object"}, {"additionalProperties", Value(*field.message_type()->map_value())}};
    }
    if (field.is_repeated()) return {{"type", "array"}, {"items", Value(field)}};
    return Value(field);
  }

  Json Value(const pb::FieldDescriptor& field) {
    if (IsDuration(field)) {
      return {{"type", Json::array({"string", "integer"})},
              {"pattern", "^(0|([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$"}};
    }
    switch (field.cpp_type()) {
      case pb::FieldDescriptor::CPPTYPE_MESSAGE:
        return {{"$ref", Reference(*field.message_type())}};
      case pb::FieldDescriptor::CPPTYPE_ENUM:
        return {{"enum", ShortEnumNames(*field.enum_type())}};
      case pb::FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case pb::FieldDescriptor::CPPTYPE_STRING:
        return {{"type", Json::array({"string", "number", "boolean"})}};  // YAML reads 1.0 or no as such
      case pb::FieldDescriptor::CPPTYPE_UINT32:
      case pb::FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "integer"}, {"minimum", 0}};
      default:
        return {{"type", "integer"}};
    }
  }

  Json definitions_ = Json::object();
};

}  // namespace

std::string TenantFileSchema() { return SchemaWriter().Write(*admin::v1::TenantConfig::descriptor()).dump(2) + "\n"; }

}  // namespace meridian
