#include "libs/domain/findings.h"

namespace meridian {
namespace {

void CheckEnumValues(const AttributeDeclaration& declaration, const std::string& field, Findings& findings) {
  const std::string values = field + ".values";
  if (declaration.use == AttributeUse::kPersonal || declaration.type != AttributeType::kEnum) {
    findings.Require(declaration.values.empty(), values, "must be empty unless the type is enum");
    return;
  }
  findings.Require(!declaration.values.empty(), values, "must have at least one entry");
  if (!findings.RequireAtMost(declaration.values.size(), kMaxEnumValues, values)) return;
  for (size_t i = 0; i < declaration.values.size(); ++i) {
    findings.Require(IsValidCode(declaration.values[i]), At(values, i),
                     "must be 1 to " + std::to_string(kMaxCodeLength) + " characters of A-Z, a-z, 0-9, '_', '.', '-'");
  }
  RequireUnique(
      declaration.values, [](const std::string& value) { return std::string_view(value); }, values, "", findings);
}

void CheckAttribute(const AttributeDeclaration& declaration, const std::string& field, Findings& findings) {
  findings.RequireName(declaration.name.value, field + ".name");
  findings.Require(declaration.use <= AttributeUse::kPersonal, field + ".use", "is unknown");
  findings.Require(declaration.type <= AttributeType::kCode, field + ".type", "is unknown");
  findings.Require(declaration.min <= declaration.max, field + ".max", "must not be less than min");
  CheckEnumValues(declaration, field, findings);
}

}  // namespace

void CheckVocabulary(const TenantConfig& config, Findings& findings) {
  if (findings.RequireAtMost(config.skills.size(), kMaxSkills, "skills")) {
    for (size_t i = 0; i < config.skills.size(); ++i) findings.RequireName(config.skills[i].value, At("skills", i));
    RequireUnique(
        config.skills, [](const SkillId& skill) { return std::string_view(skill.value); }, "skills", "", findings);
  }
  if (findings.RequireAtMost(config.attributes.size(), kMaxAttributeDeclarations, "attributes")) {
    for (size_t i = 0; i < config.attributes.size(); ++i) {
      CheckAttribute(config.attributes[i], At("attributes", i), findings);
    }
    RequireUnique(
        config.attributes, [](const AttributeDeclaration& d) { return std::string_view(d.name.value); }, "attributes",
        ".name", findings);
  }
}

void CheckChannels(const TenantConfig& config, Findings& findings) {
  if (!findings.RequireAtMost(config.channels.size(), kMaxChannels, "channels")) return;
  for (size_t i = 0; i < config.channels.size(); ++i) {
    const ChannelConfig& channel = config.channels[i];
    const std::string field = At("channels", i);
    findings.RequireName(channel.id.value, field + ".id");
    findings.RequireRange(channel.units, 1, kMaxCapacityUnits, field + ".units");
    findings.RequireRange(channel.session_lifetime, kMinSessionLifetime, kMaxSessionLifetime,
                          field + ".session_lifetime");
    findings.RequireRange(channel.leave_grace, kMinLeaveGrace, kMaxLeaveGrace, field + ".leave_grace");
  }
  RequireUnique(
      config.channels, [](const ChannelConfig& channel) { return std::string_view(channel.id.value); }, "channels",
      ".id", findings);
}

}  // namespace meridian
