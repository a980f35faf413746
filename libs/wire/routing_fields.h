// Lists of fields (field_codec.h) of the nouns that records, log entries and commands hold. Used by the .cc files of
// this library only.
#pragma once

#include <string>
#include <variant>

#include "libs/domain/agent.h"
#include "libs/domain/attributes.h"
#include "libs/domain/contact.h"
#include "libs/domain/origin.h"
#include "libs/domain/plan.h"
#include "libs/routing/commands.h"
#include "libs/wire/field_codec.h"

namespace meridian {

// Calls the Fields overload of whatever it is given.
inline constexpr auto kFields = [](auto& archive, auto& value) { Fields(archive, value); };

inline void TagField(FieldWriter& a, int field, const LanguageTag& tag) {
  if (!tag.empty()) a.Text(field, tag.ToString());
}
inline void TagField(FieldReader& a, int field, LanguageTag& tag) {
  const std::string_view text = a.Block(field);
  tag = {};
  if (text.empty()) return;
  auto parsed = LanguageTag::Parse(text);
  if (!parsed) return a.Fail();
  tag = *parsed;
}

inline void CountryField(FieldWriter& a, int field, const CountryCode& country) { a.Text(field, country.view()); }
inline void CountryField(FieldReader& a, int field, CountryCode& country) {
  const std::string_view text = a.Block(field);
  country = {};
  if (text.empty()) return;
  auto parsed = CountryCode::Parse(text);
  if (!parsed) return a.Fail();
  country = *parsed;
}

// message Attribute
inline void Fields(FieldWriter& a, const Attribute& attribute) {
  a.Text(1, attribute.name.value);
  a.Number(2, attribute.value.index());
  if (const auto* number = std::get_if<int64_t>(&attribute.value)) a.Signed(3, *number);
  if (const auto* flag = std::get_if<bool>(&attribute.value)) a.Signed(3, int64_t{*flag});
  if (const auto* text = std::get_if<std::string>(&attribute.value)) a.Text(4, *text);
}
inline void Fields(FieldReader& a, Attribute& attribute) {
  size_t kind = 0;
  int64_t number = 0;
  std::string text;
  a.Text(1, attribute.name.value);
  a.Number(2, kind, size_t{2});
  a.Signed(3, number);
  a.Text(4, text);
  if (kind == 0) attribute.value = number;
  if (kind == 1) attribute.value = number != 0;
  if (kind == 2) attribute.value = std::move(text);
}

inline void AttributesField(FieldWriter& a, int field, const AttributeSet& set) {
  for (const Attribute& attribute : set.items()) a.Message(field, attribute, kFields);
}
inline void AttributesField(FieldReader& a, int field, AttributeSet& set) {
  std::vector<Attribute> attributes;
  a.List(field, attributes, kFields);
  set = AttributeSet(std::move(attributes));
}

// message ContactSpec. The contact's own id is not among the fields: its region is that of the other ids.
template <class A>
void Fields(A& a, InOut<A, ContactSpec>& spec) {
  a.Id(1, spec.customer, spec.id.region);
  a.Id(2, spec.conversation, spec.id.region);
  a.Text(3, spec.channel.value);
  a.Number(4, spec.direction, Direction::kOutbound);
  a.Number(5, spec.customer_kind, CustomerKind::kVerified);
  CountryField(a, 6, spec.country);
  TagField(a, 7, spec.language);
  a.Number(8, spec.language_confidence_permille);
  a.OptionalSigned(9, spec.utc_offset_minutes);
  a.Signed(10, spec.priority);
  a.Text(11, spec.preferred_agent.value);
  AttributesField(a, 12, spec.attributes);
  a.Time(13, spec.enqueued_at);
}

template <class A>
void Fields(A& a, InOut<A, RuleIndex>& rule) {
  a.Number(1, rule.plan);
  a.Number(2, rule.rule);
}

template <class A>
void Fields(A& a, InOut<A, AgentSkill>& skill) {
  a.Text(1, skill.skill.value);
  a.Number(2, skill.level);
}
template <class A>
void Fields(A& a, InOut<A, SpokenLanguage>& language) {
  TagField(a, 1, language.tag);
  a.Number(2, language.level, LanguageLevel::kNative);
}
template <class A>
void Fields(A& a, InOut<A, ChannelCapacity>& channel) {
  a.Text(1, channel.channel.value);
  a.Number(2, channel.units);
}

template <class A>
void Fields(A& a, InOut<A, AgentConfig>& agent) {
  a.Text(1, agent.display_name);
  a.Number(2, agent.kind, AgentKind::kExpert);
  a.List(3, agent.skills, kFields);
  a.List(4, agent.languages, kFields);
  a.Text(5, agent.zone);
  a.Text(6, agent.shift_group.value);
  a.Number(7, agent.capacity_units);
  a.List(8, agent.channels, kFields);
  a.Signed(9, agent.weights.cost);
  a.Signed(10, agent.weights.learned);
}

template <class A>
void Fields(A& a, InOut<A, SessionTerm>& session) {
  a.Number(1, session.shard);
  a.Number(2, session.term);
}

// message CommandOrigin
template <class A>
void Fields(A& a, InOut<A, CommandOrigin>& origin) {
  a.Number(1, origin.actor.role, ActorRole::kService);
  a.Text(2, origin.actor.subject);
  a.Bytes(3, origin.trace.trace_id);
  a.Bytes(4, origin.trace.span_id);
  a.Number(5, origin.trace.flags);
}

// What stands alone: its region is written too.
template <class A, class Id>
void WholeId(A& a, int field, Id& id) {
  a.Id(field, id, RegionCode());
}

}  // namespace meridian
