#include "libs/wire/config_path.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace meridian {
namespace {

namespace pb = google::protobuf;

struct Segment {
  std::string name;
  std::optional<int> index;
};

std::vector<Segment> Split(std::string_view path) {
  std::vector<Segment> segments;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    std::string_view part = path.substr(0, dot);
    Segment segment;
    const size_t bracket = part.find('[');
    segment.name = std::string(part.substr(0, bracket));
    if (bracket != std::string_view::npos) segment.index = std::atoi(std::string(part.substr(bracket + 1)).c_str());
    segments.push_back(std::move(segment));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return segments;
}

// Names of the domain, by message. Nothing stands for no field of its own: the message is flatter there.
const std::map<std::pair<std::string, std::string>, std::vector<std::string>>& Renamed() {
  static const auto& table = *new std::map<std::pair<std::string, std::string>, std::vector<std::string>>{
      {{"AttributeDeclaration", "values"}, {"one_of", "values"}},
      {{"AttributeDeclaration", "min"}, {"number", "min"}},
      {{"AttributeDeclaration", "max"}, {"number", "max"}},
      {{"Channel", "id"}, {"name"}},
      {{"ShiftGroup", "id"}, {"name"}},
      {{"ShiftGroup", "schedule"}, {}},
      {{"LocalHours", "start_minute"}, {"from"}},
      {{"LocalHours", "end_minute"}, {"to"}},
      {{"ScheduleException", "day"}, {"date"}},
      {{"Queue", "id"}, {"name"}},
      {{"Queue", "zone"}, {"time_zone"}},
      {{"Plan", "id"}, {"name"}},
      {{"Agent", "id"}, {"name"}},
      {{"Agent", "zone"}, {"time_zone"}},
      {{"Agent", "capacity_units"}, {"capacity"}},
      {{"Agent", "weights"}, {}},
  };
  return table;
}

class Walk {
 public:
  explicit Walk(const pb::Message& root) : at_(&root) {}

  // False when the path cannot be followed further.
  bool Step(const Segment& segment) {
    if (at_ == nullptr) return false;
    const pb::Descriptor& type = *at_->GetDescriptor();
    if (type.name() == "Predicate") return StepInPredicate(segment);
    if (type.name() == "ShiftGroup" && segment.name == "weekly" && segment.index) return StepToShift(*segment.index);
    if (type.FindFieldByName(segment.name) != nullptr) return StepToField(segment);
    const auto renamed = Renamed().find({type.name(), segment.name});
    if (renamed == Renamed().end()) return false;
    for (size_t i = 0; i < renamed->second.size(); ++i) {
      const bool last = i + 1 == renamed->second.size();
      if (!StepToField({renamed->second[i], last ? segment.index : std::nullopt})) return false;
    }
    return true;
  }

  std::string Take() { return std::move(path_); }
  // What follows is a key, as whoever reads the message itself writes it: any text, which stays what it is.
  bool in_mapping() const { return in_mapping_; }

 private:
  bool StepToField(const Segment& segment) {
    const pb::FieldDescriptor* field = at_->GetDescriptor()->FindFieldByName(segment.name);
    if (field == nullptr) return false;
    path_ += (path_.empty() ? "" : ".") + segment.name;
    if (field->is_map()) return StepToEntry(*field, segment.index);
    if (!field->is_repeated()) {
      const bool message = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
      at_ = message ? &at_->GetReflection()->GetMessage(*at_, field) : nullptr;
      return true;
    }
    if (!segment.index || *segment.index >= at_->GetReflection()->FieldSize(*at_, field)) {
      at_ = nullptr;
      return true;
    }
    return StepToItem(*field, *segment.index);
  }

  bool StepToItem(const pb::FieldDescriptor& field, int index) {
    const pb::Reflection& reflection = *at_->GetReflection();
    if (field.full_name() == "meridian.admin.v1.Step.skills") index = SortedPosition(field, "skill", index);
    if (field.full_name() == "meridian.admin.v1.ShiftGroup.exceptions") index = SortedPosition(field, "date", index);
    path_ += "[" + std::to_string(index) + "]";
    const bool message = field.cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
    at_ = message ? &reflection.GetRepeatedMessage(*at_, &field, index) : nullptr;
    return true;
  }

  // The domain keeps some lists sorted: the place in the message of what is at `index` then.
  int SortedPosition(const pb::FieldDescriptor& field, const std::string& key, int index) const {
    std::vector<std::pair<std::string, int>> order;
    for (int i = 0; i < at_->GetReflection()->FieldSize(*at_, &field); ++i) {
      const pb::Message& item = at_->GetReflection()->GetRepeatedMessage(*at_, &field, i);
      order.emplace_back(item.GetReflection()->GetString(item, item.GetDescriptor()->FindFieldByName(key)), i);
    }
    std::sort(order.begin(), order.end());
    return order[static_cast<size_t>(index)].second;
  }

  bool StepToEntry(const pb::FieldDescriptor& field, std::optional<int> index) {
    std::vector<std::string> keys;
    for (int i = 0; i < at_->GetReflection()->FieldSize(*at_, &field); ++i) {
      const pb::Message& entry = at_->GetReflection()->GetRepeatedMessage(*at_, &field, i);
      keys.push_back(entry.GetReflection()->GetString(entry, field.message_type()->map_key()));
    }
    std::sort(keys.begin(), keys.end());
    at_ = nullptr;
    in_mapping_ = !index.has_value();
    if (!index || static_cast<size_t>(*index) >= keys.size()) return false;
    path_ += "." + keys[static_cast<size_t>(*index)];
    return false;  // the entry's value is one scalar
  }

  // The domain has one entry for each day that a shift names.
  bool StepToShift(int index) {
    const auto& group = static_cast<const admin::v1::ShiftGroup&>(*at_);
    for (int i = 0; i < group.weekly_size(); ++i) {
      index -= group.weekly(i).days_size();
      if (index < 0) return StepToField({"weekly", i});
    }
    return StepToField({"weekly", std::nullopt});
  }

  bool StepInPredicate(const Segment& segment) {
    const auto& predicate = static_cast<const admin::v1::Predicate&>(*at_);
    const pb::FieldDescriptor* condition =
        predicate.GetReflection()->GetOneofFieldDescriptor(predicate, predicate.GetDescriptor()->oneof_decl(0));
    if (condition == nullptr) return false;
    if (segment.name != condition->name() && segment.name != "children" && segment.name != "values" &&
        segment.name != "attribute") {
      return false;
    }
    if (!StepToField({condition->name(), std::nullopt})) return false;
    if (segment.name == "children" && condition->name() != "not") return StepToField({"of", segment.index});
    if (segment.name == "values") return StepToField({"in", segment.index});
    return true;
  }

  const pb::Message* at_;
  std::string path_;
  bool in_mapping_ = false;
};

}  // namespace

std::string PathInProto(const admin::v1::TenantConfig& config, std::string_view path) {
  Walk walk(config);
  for (const Segment& segment : Split(path)) {
    if (!walk.Step(segment)) break;
  }
  return walk.in_mapping() ? std::string(path) : walk.Take();
}

std::vector<FieldViolation> InProtoTerms(const admin::v1::TenantConfig& config,
                                         std::vector<FieldViolation> violations) {
  for (FieldViolation& violation : violations) {
    violation.field = PathInProto(config, violation.field);
    // The message has no list of zones: whoever names one that is not there named one that tzdata does not have.
    if (violation.rule == "is not a zone of the tenant") {
      violation.rule = "must be an IANA time zone that this machine knows, such as Europe/Madrid";
    }
  }
  return violations;
}

}  // namespace meridian
