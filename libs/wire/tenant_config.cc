#include "libs/wire/tenant_config.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include "libs/wire/contact_types.h"

namespace meridian {
namespace {

namespace pb = admin::v1;

// Where in the message we are: "queues[2].offer_timeout".
class Path {
 public:
  Path(std::string text, std::vector<FieldViolation>* violations) : text_(std::move(text)), violations_(violations) {}

  Path Field(const std::string& name) const { return Path(text_.empty() ? name : text_ + "." + name, violations_); }
  Path At(int index) const { return Path(text_ + "[" + std::to_string(index) + "]", violations_); }
  void Violated(std::string rule) const { violations_->push_back({text_, std::move(rule)}); }

 private:
  std::string text_;
  std::vector<FieldViolation>* violations_;
};

Duration DurationOr(const google::protobuf::Duration& proto, bool present, Duration otherwise, const Path& path) {
  constexpr int32_t kMaxNanos = 999999999;
  if (!present) return otherwise;
  const bool opposed = (proto.seconds() < 0 && proto.nanos() > 0) || (proto.seconds() > 0 && proto.nanos() < 0);
  if (opposed || proto.nanos() > kMaxNanos || proto.nanos() < -kMaxNanos) {
    path.Violated("must be a Duration whose nanos are between 0 and 999999999, of the sign of its seconds");
    return otherwise;
  }
  return DurationFromProto(proto);
}

#define DURATION_OR(message, field, otherwise, path) \
  DurationOr((message).field(), (message).has_##field(), otherwise, (path).Field(#field))

// A value that the domain's type can hold stays what it is, for Validate to judge; `min` stands in for others.
template <typename Target>
Target Narrow(int64_t value, int64_t min, int64_t max, const Path& path) {
  if (value < 0 || value > std::numeric_limits<Target>::max()) {
    path.Violated("must be between " + std::to_string(min) + " and " + std::to_string(max));
    value = min;
  }
  return static_cast<Target>(value);
}

LanguageTag Language(const std::string& text, const Path& path) {
  auto tag = LanguageTag::Parse(text);
  if (!tag) path.Violated("must be a BCP 47 language tag, such as es or pt-BR");
  return tag.value_or(LanguageTag());
}

// ---- schedules ----

// "HH:MM"; -1 when malformed. "24:00" is the end of a day.
int MinuteOfDay(const std::string& text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  for (size_t i : {size_t{0}, size_t{1}, size_t{3}, size_t{4}}) {
    if (text[i] < '0' || text[i] > '9') return -1;
  }
  int hours = (text[0] - '0') * 10 + (text[1] - '0');
  int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  int total = hours * 60 + minutes;
  return minutes > 59 || total > kMinutesPerDay ? -1 : total;
}

LocalHours Hours(const pb::LocalHours& proto, const Path& path) {
  int from = MinuteOfDay(proto.from());
  int to = MinuteOfDay(proto.to());
  if (from < 0 || from == kMinutesPerDay) path.Field("from").Violated("must be a local time HH:MM from 00:00 to 23:59");
  if (to < 0) path.Field("to").Violated("must be a local time HH:MM from 00:00 to 24:00");
  return {static_cast<uint16_t>(std::max(from, 0)), static_cast<uint16_t>(std::max(to, 0))};
}

ScheduleException Exception(const pb::ScheduleException& proto, const Path& path) {
  ScheduleException exception;
  auto day = CivilDay::Parse(proto.date());
  if (!day) path.Field("date").Violated("must be a date YYYY-MM-DD");
  exception.day = day.value_or(CivilDay());
  for (int i = 0; i < proto.hours_size(); ++i) {
    exception.hours.push_back(Hours(proto.hours(i), path.Field("hours").At(i)));
  }
  return exception;
}

ShiftGroup Shifts(const pb::ShiftGroup& proto, const Path& path) {
  ShiftGroup group{ShiftGroupId{proto.name()}, {}};
  group.schedule.always = proto.always();
  if (proto.always() && proto.weekly_size() > 0) path.Field("weekly").Violated("must be empty where always is true");
  for (int i = 0; i < proto.weekly_size(); ++i) {
    const pb::WeeklyShift& shift = proto.weekly(i);
    Path at = path.Field("weekly").At(i);
    LocalHours hours = Hours(shift.hours(), at.Field("hours"));
    if (shift.days().empty()) at.Field("days").Violated("must name at least one day");
    for (int d = 0; d < shift.days_size(); ++d) {
      auto weekday = ParseWeekday(shift.days(d));
      if (!weekday) at.Field("days").At(d).Violated("must be monday, tuesday … or sunday");
      group.schedule.weekly.push_back({weekday.value_or(Weekday::kMonday), hours});
    }
  }
  for (int i = 0; i < proto.exceptions_size(); ++i) {
    group.schedule.exceptions.push_back(Exception(proto.exceptions(i), path.Field("exceptions").At(i)));
  }
  std::sort(group.schedule.exceptions.begin(), group.schedule.exceptions.end());
  return group;
}

// ---- attributes and predicates ----

AttributeDeclaration Declaration(const pb::AttributeDeclaration& proto, const Path& path) {
  AttributeDeclaration declaration;
  declaration.name = {proto.name()};
  switch (proto.type_case()) {
    case pb::AttributeDeclaration::kOneOf:
      declaration.type = AttributeType::kEnum;
      declaration.values.assign(proto.one_of().values().begin(), proto.one_of().values().end());
      break;
    case pb::AttributeDeclaration::kNumber:
      declaration.type = AttributeType::kNumber;
      if (proto.number().has_min()) declaration.min = proto.number().min();
      if (proto.number().has_max()) declaration.max = proto.number().max();
      break;
    case pb::AttributeDeclaration::kBoolean:
      declaration.type = AttributeType::kBoolean;
      break;
    case pb::AttributeDeclaration::kCode:
      declaration.type = AttributeType::kCode;
      break;
    case pb::AttributeDeclaration::kPersonal:
      declaration.use = AttributeUse::kPersonal;
      break;
    case pb::AttributeDeclaration::TYPE_NOT_SET:
      path.Violated("must have one of: one_of, number, boolean, code, personal");
      break;
  }
  return declaration;
}

class PredicateReader {
 public:
  explicit PredicateReader(const std::vector<AttributeDeclaration>& attributes) : attributes_(attributes) {}

  Predicate Read(const pb::Predicate& proto, const Path& path, size_t depth = 0) const {
    if (depth > kMaxPredicateDepth) {
      path.Violated("must not be nested deeper than " + std::to_string(kMaxPredicateDepth) + " levels");
      return Predicate::Always();
    }
    switch (proto.condition_case()) {
      case pb::Predicate::kAll:
        return Predicate::All(Children(proto.all(), path.Field("all"), depth));
      case pb::Predicate::kAny:
        return Predicate::Any(Children(proto.any(), path.Field("any"), depth));
      case pb::Predicate::kNot:
        return Predicate::Not(Read(proto.not_(), path.Field("not"), depth + 1));
      case pb::Predicate::kChannel:
        return Names(Operand::kChannel, proto.channel());
      case pb::Predicate::kLanguage:
        return Names(Operand::kLanguage, proto.language());
      case pb::Predicate::kCountry:
        return Names(Operand::kCountry, proto.country());
      case pb::Predicate::kCustomer:
        return Names(Operand::kCustomerKind, proto.customer());
      case pb::Predicate::kAttribute:
        return Attribute(proto.attribute(), path.Field("attribute"));
      case pb::Predicate::CONDITION_NOT_SET:
        return Predicate::Always();
    }
    return Predicate::Always();
  }

 private:
  std::vector<Predicate> Children(const pb::PredicateList& list, const Path& path, size_t depth) const {
    std::vector<Predicate> children;
    for (int i = 0; i < list.of_size(); ++i) children.push_back(Read(list.of(i), path.Field("of").At(i), depth + 1));
    return children;
  }

  static Predicate Names(Operand operand, const pb::NameList& list) {
    return Predicate::In(operand, {list.in().begin(), list.in().end()});
  }

  Predicate Attribute(const pb::AttributeCondition& proto, const Path& path) const {
    int given = (proto.in_size() > 0) + proto.has_at_least() + proto.has_at_most() + proto.present();
    if (given != 1) path.Violated("must have exactly one of: in, at_least, at_most, present");
    if (proto.has_at_least()) return Predicate::AttributeAtLeast(proto.name(), proto.at_least());
    if (proto.has_at_most()) return Predicate::AttributeAtMost(proto.name(), proto.at_most());
    if (proto.present()) return Predicate::AttributePresent(proto.name());
    std::vector<AttributeValue> values;
    for (int i = 0; i < proto.in_size(); ++i) {
      auto value = ParseAttributeValue(TypeOf(proto.name()), proto.in(i));
      if (!value) path.Field("in").At(i).Violated("must be a value of the attribute's declared type");
      values.push_back(value.value_or(AttributeValue(proto.in(i))));
    }
    return Predicate::AttributeIn(proto.name(), std::move(values));
  }

  AttributeType TypeOf(const std::string& name) const {
    for (const AttributeDeclaration& declaration : attributes_) {
      if (declaration.name.value == name) return declaration.type;
    }
    return AttributeType::kCode;  // undeclared: Validate says so
  }

  const std::vector<AttributeDeclaration>& attributes_;
};

// ---- queues, plans ----

QueueConfig Queue(const pb::Queue& proto, const Path& path) {
  QueueConfig queue;
  queue.id = {proto.name()};
  queue.offer_timeout = DURATION_OR(proto, offer_timeout, queue.offer_timeout, path);
  const pb::NoAnswerPolicy& no_answer = proto.no_answer();
  if (no_answer.has_strikes()) {
    queue.no_answer.strikes = Narrow<uint8_t>(no_answer.strikes(), 0, kMaxStrikes, path.Field("no_answer.strikes"));
  }
  queue.no_answer.cool_down = DURATION_OR(no_answer, cool_down, queue.no_answer.cool_down, path.Field("no_answer"));
  queue.no_answer.rejects_count = no_answer.rejects_count();
  if (proto.has_target()) {
    queue.target.permille = Narrow<uint16_t>(proto.target().permille(), 0, 1000, path.Field("target.permille"));
    queue.target.within = DURATION_OR(proto.target(), within, queue.target.within, path.Field("target"));
  }
  queue.wrap_up.longest = DURATION_OR(proto, wrap_up, Duration::Zero(), path);
  if (proto.max_waiting() != 0) queue.max_waiting = proto.max_waiting();
  queue.max_wait = DURATION_OR(proto, max_wait, queue.max_wait, path);
  queue.time_per_priority_point = DURATION_OR(proto, time_per_priority_point, queue.time_per_priority_point, path);
  queue.zone = proto.time_zone();
  queue.opening_hours = {proto.opening_hours()};
  return queue;
}

Step ReadStep(const pb::Step& proto, const Path& path) {
  Step step;
  step.after = DURATION_OR(proto, after, Duration::Zero(), path);
  for (int i = 0; i < proto.skills_size(); ++i) {
    const pb::SkillRequirement& skill = proto.skills(i);
    uint32_t level = skill.min_level() == 0 ? 1 : skill.min_level();
    step.skills.push_back({SkillId{skill.skill()}, Narrow<uint8_t>(level, kMinSkillLevel, kMaxSkillLevel,
                                                                   path.Field("skills").At(i).Field("min_level"))});
  }
  std::sort(step.skills.begin(), step.skills.end());
  switch (proto.language()) {
    case pb::LANGUAGE_POLICY_CONTACT_OR_ADDED:
      step.language = LanguagePolicy::kContactOrAdded;
      break;
    case pb::LANGUAGE_POLICY_ANY:
      step.language = LanguagePolicy::kAny;
      break;
    default:
      step.language = LanguagePolicy::kContact;
  }
  step.min_language_level = FromProto(proto.min_language_level()).value_or(LanguageLevel::kWorking);
  for (int i = 0; i < proto.added_languages_size(); ++i) {
    step.added_languages.push_back(Language(proto.added_languages(i), path.Field("added_languages").At(i)));
  }
  if (proto.kinds_size() > 0) step.kinds = AgentKinds();
  for (int i = 0; i < proto.kinds_size(); ++i) {
    auto kind = FromProto(static_cast<type::v1::AgentKind>(proto.kinds(i)));
    if (!kind) path.Field("kinds").At(i).Violated("must be human, bot or expert");
    if (kind) step.kinds = step.kinds.With(*kind);
  }
  step.zones.assign(proto.zones().begin(), proto.zones().end());
  std::sort(step.zones.begin(), step.zones.end());
  return step;
}

Rule ReadRule(const pb::Rule& proto, const PredicateReader& predicates, const Path& path) {
  Rule rule;
  rule.name = proto.name();
  if (proto.has_when()) rule.when = predicates.Read(proto.when(), path.Field("when"));
  rule.queue = {proto.queue()};
  if (proto.priority() < kMinPriority || proto.priority() > kMaxPriority) {
    path.Field("priority").Violated("must be between -100 and 100");
  } else {
    rule.priority = static_cast<int16_t>(proto.priority());
  }
  rule.head_start = DURATION_OR(proto, head_start, Duration::Zero(), path);
  rule.preferred_wait = DURATION_OR(proto, preferred_wait, Duration::Zero(), path);
  for (int i = 0; i < proto.steps_size(); ++i)
    rule.steps.push_back(ReadStep(proto.steps(i), path.Field("steps").At(i)));
  return rule;
}

// ---- agents ----

// Maps have no order in protobuf; the domain wants them sorted.
template <typename Map>
auto Sorted(const Map& map) {
  return std::map(map.begin(), map.end());
}

AgentConfig ReadAgent(const pb::Agent& proto, const Path& path) {
  AgentConfig agent;
  agent.id = {proto.name()};
  agent.display_name = proto.display_name();
  agent.kind = FromProto(proto.kind()).value_or(AgentKind::kHuman);
  for (const auto& [skill, level] : Sorted(proto.skills())) {
    agent.skills.push_back(
        {SkillId{skill}, Narrow<uint8_t>(level, kMinSkillLevel, kMaxSkillLevel, path.Field("skills." + skill))});
  }
  for (const auto& [tag, level] : Sorted(proto.languages())) {
    Path at = path.Field("languages." + tag);
    auto known = FromProto(level);
    if (!known) at.Violated("must be working, fluent or native");
    agent.languages.push_back({Language(tag, at), known.value_or(LanguageLevel::kWorking)});
  }
  std::sort(agent.languages.begin(), agent.languages.end());
  agent.zone = proto.time_zone();
  agent.shift_group = {proto.shift_group()};
  if (proto.capacity() != 0)
    agent.capacity_units = Narrow<uint16_t>(proto.capacity(), 1, kMaxCapacityUnits, path.Field("capacity"));
  for (const auto& [channel, units] : Sorted(proto.channels())) {
    agent.channels.push_back(
        {ChannelId{channel}, Narrow<uint16_t>(units, 1, kMaxCapacityUnits, path.Field("channels." + channel))});
  }
  agent.weights.cost = Narrow<int16_t>(proto.cost(), 0, kMaxAgentWeight, path.Field("cost"));
  agent.weights.learned = Narrow<int16_t>(proto.learned(), 0, kMaxAgentWeight, path.Field("learned"));
  return agent;
}

OrderPolicy Order(pb::OrderPolicy order) {
  if (order == pb::ORDER_POLICY_STRICT_PRIORITY) return OrderPolicy::kStrictPriority;
  if (order == pb::ORDER_POLICY_ACCUMULATING) return OrderPolicy::kAccumulating;
  return OrderPolicy::kVirtualStart;
}

ScoreWeights Weights(const pb::ScoreWeights& proto, const Path& path) {
  ScoreWeights weights;
  auto take = [&](bool present, int32_t value, const char* name, int16_t& target) {
    if (present) target = Narrow<int16_t>(value, 0, kMaxScoreWeight, path.Field(name));
  };
  take(proto.has_skill(), proto.skill(), "skill", weights.skill);
  take(proto.has_language(), proto.language(), "language", weights.language);
  take(proto.has_zone(), proto.zone(), "zone", weights.zone);
  take(proto.has_kind(), proto.kind(), "kind", weights.kind);
  take(proto.has_breadth(), proto.breadth(), "breadth", weights.breadth);
  take(proto.has_cost(), proto.cost(), "cost", weights.cost);
  take(proto.has_learned(), proto.learned(), "learned", weights.learned);
  return weights;
}

}  // namespace

std::vector<std::string> ZonesNamedIn(const pb::TenantConfig& proto) {
  std::set<std::string> zones;
  for (const pb::Agent& agent : proto.agents()) zones.insert(agent.time_zone());
  for (const pb::Queue& queue : proto.queues()) zones.insert(queue.time_zone());
  for (const pb::Plan& plan : proto.plans()) {
    for (const pb::Rule& rule : plan.rules()) {
      for (const pb::Step& step : rule.steps()) zones.insert(step.zones().begin(), step.zones().end());
    }
  }
  zones.erase("");
  return {zones.begin(), zones.end()};
}

std::vector<AttributeDeclaration> AttributesFromProto(const pb::TenantConfig& proto,
                                                      std::vector<FieldViolation>& violations) {
  std::vector<AttributeDeclaration> attributes;
  for (int i = 0; i < proto.attributes_size(); ++i) {
    attributes.push_back(Declaration(proto.attributes(i), Path("attributes", &violations).At(i)));
  }
  return attributes;
}

TenantConfig TenantConfigFromProto(const pb::TenantConfig& proto, const std::map<std::string, ZoneTable>& zones,
                                   std::vector<FieldViolation>& violations) {
  Path root("", &violations);
  TenantConfig config;
  config.id = {proto.tenant()};
  config.revision = proto.revision();
  for (const std::string& name : ZonesNamedIn(proto)) {
    if (auto table = zones.find(name); table != zones.end()) config.zones.push_back(table->second);
  }
  for (const std::string& skill : proto.skills()) config.skills.push_back({skill});
  config.attributes = AttributesFromProto(proto, violations);
  for (int i = 0; i < proto.channels_size(); ++i) {
    const pb::Channel& channel = proto.channels(i);
    Path path = root.Field("channels").At(i);
    ChannelConfig read{ChannelId{channel.name()}};
    if (channel.units() != 0) read.units = Narrow<uint16_t>(channel.units(), 1, kMaxCapacityUnits, path.Field("units"));
    read.exclusive = channel.exclusive();
    read.session_lifetime = DURATION_OR(channel, session_lifetime, read.session_lifetime, path);
    read.leave_grace = DURATION_OR(channel, leave_grace, read.leave_grace, path);
    config.channels.push_back(std::move(read));
  }
  for (int i = 0; i < proto.shift_groups_size(); ++i) {
    config.shift_groups.push_back(Shifts(proto.shift_groups(i), root.Field("shift_groups").At(i)));
  }
  for (int i = 0; i < proto.queues_size(); ++i) {
    config.queues.push_back(Queue(proto.queues(i), root.Field("queues").At(i)));
  }
  PredicateReader predicates(config.attributes);
  for (int i = 0; i < proto.plans_size(); ++i) {
    PlanConfig plan{PlanId{proto.plans(i).name()}, {}};
    Path path = root.Field("plans").At(i).Field("rules");
    for (int r = 0; r < proto.plans(i).rules_size(); ++r) {
      plan.rules.push_back(ReadRule(proto.plans(i).rules(r), predicates, path.At(r)));
    }
    config.plans.push_back(std::move(plan));
  }
  config.agents.reserve(static_cast<size_t>(proto.agents_size()));
  for (int i = 0; i < proto.agents_size(); ++i) {
    config.agents.push_back(ReadAgent(proto.agents(i), root.Field("agents").At(i)));
  }
  for (const pb::Site& site : proto.sites()) {
    config.sites.push_back({SiteKey{site.key()}, {site.allowed_origins().begin(), site.allowed_origins().end()}});
  }
  config.order = Order(proto.order());
  config.weights = Weights(proto.weights(), root.Field("weights"));
  config.agent_grace = DURATION_OR(proto, agent_grace, config.agent_grace, root);
  config.quotas = QuotasFromProto(proto.quotas());
  return config;
}

namespace {

RateQuota Rate(const pb::RateQuota& proto, RateQuota rate) {
  if (proto.per_second() != 0) rate = {proto.per_second(), 2 * std::min(proto.per_second(), kMaxQuotaPerSecond)};
  if (proto.burst() != 0) rate.burst = proto.burst();
  return rate;
}

}  // namespace

TenantQuotas QuotasFromProto(const pb::TenantQuotas& proto) {
  TenantQuotas quotas;
  quotas.new_contacts = Rate(proto.new_contacts(), quotas.new_contacts);
  quotas.messages = Rate(proto.messages(), quotas.messages);
  if (proto.waiting_contacts() != 0) quotas.waiting_contacts = proto.waiting_contacts();
  return quotas;
}

}  // namespace meridian
