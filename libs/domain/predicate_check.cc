#include <algorithm>

#include "libs/domain/predicate.h"

namespace meridian {
namespace {

class PredicateChecker {
 public:
  PredicateChecker(std::span<const AttributeDeclaration> attributes, std::span<const ChannelId> channels)
      : attributes_(attributes), channels_(channels) {}

  void Check(const Predicate& predicate, const std::string& field, size_t depth) {
    if (depth > kMaxPredicateDepth) {
      return Report(field, "must not be nested deeper than " + std::to_string(kMaxPredicateDepth) + " levels");
    }
    if (++nodes_ > kMaxPredicateNodes) {
      // Once for the whole tree: the rest is not looked at.
      if (nodes_ == kMaxPredicateNodes + 1) {
        Report(field, "must have at most " + std::to_string(kMaxPredicateNodes) + " conditions in all");
      }
      return;
    }
    switch (predicate.op) {
      case PredicateOp::kAll:
      case PredicateOp::kAny:
      case PredicateOp::kNot:
        return CheckBranch(predicate, field, depth);
      case PredicateOp::kEquals:
      case PredicateOp::kIn:
      case PredicateOp::kAtLeast:
      case PredicateOp::kAtMost:
      case PredicateOp::kPresent:
        return CheckLeaf(predicate, field);
    }
    Report(field + ".op", "is unknown");
  }

  std::vector<FieldViolation> Take() { return std::move(violations_); }

 private:
  void Report(std::string field, std::string rule) { violations_.push_back({std::move(field), std::move(rule)}); }

  void CheckBranch(const Predicate& predicate, const std::string& field, size_t depth) {
    const std::string op(ToString(predicate.op));
    if (!predicate.values.empty()) Report(field + ".values", "must be empty for " + op);
    if (predicate.op == PredicateOp::kNot && predicate.children.size() != 1) {
      Report(field + ".children", "must be exactly one for not");
    }
    for (size_t i = 0; i < predicate.children.size(); ++i) {
      Check(predicate.children[i], field + ".children[" + std::to_string(i) + "]", depth + 1);
    }
  }

  void CheckLeaf(const Predicate& predicate, const std::string& field) {
    if (!predicate.children.empty()) {
      Report(field + ".children", "must be empty for " + std::string(ToString(predicate.op)));
    }
    CheckValueCount(predicate, field);
    if (predicate.operand == Operand::kAttribute) return CheckAttribute(predicate, field);
    if (!predicate.attribute.empty()) {
      Report(field + ".attribute", "must be empty for the operand " + std::string(ToString(predicate.operand)));
    }
    if (IsComparison(predicate.op)) return Report(field + ".op", "is only for number attributes");
    for (size_t i = 0; i < predicate.values.size(); ++i) {
      if (auto rule = BrokenOperandRule(predicate.operand, predicate.values[i])) Report(ValueField(field, i), *rule);
    }
  }

  void CheckValueCount(const Predicate& predicate, const std::string& field) {
    const size_t count = predicate.values.size();
    switch (predicate.op) {
      case PredicateOp::kIn:
        if (count == 0 || count > kMaxPredicateValues) {
          Report(field + ".values", "must have 1 to " + std::to_string(kMaxPredicateValues) + " entries");
        }
        return;
      case PredicateOp::kPresent:
        if (count != 0) Report(field + ".values", "must be empty for present");
        return;
      default:
        if (count != 1) Report(field + ".values", "must be exactly one");
    }
  }

  void CheckAttribute(const Predicate& predicate, const std::string& field) {
    const auto declared = std::find_if(attributes_.begin(), attributes_.end(),
                                       [&](const AttributeDeclaration& d) { return d.name == predicate.attribute; });
    if (declared == attributes_.end()) return Report(field + ".attribute", "is not declared as an attribute");
    if (declared->use == AttributeUse::kPersonal) {
      return Report(field + ".attribute", "is declared personal and may not be used for routing");
    }
    if (IsComparison(predicate.op)) return CheckBound(*declared, predicate, field);
    for (size_t i = 0; i < predicate.values.size(); ++i) {
      if (auto rule = BrokenRule(*declared, predicate.values[i])) Report(ValueField(field, i), *rule);
    }
  }

  // A bound may lie outside the declared range: it is compared with, never stored.
  void CheckBound(const AttributeDeclaration& declared, const Predicate& predicate, const std::string& field) {
    if (declared.type != AttributeType::kNumber) {
      return Report(field + ".attribute", "must be a number attribute for at_least and at_most");
    }
    if (predicate.values.size() == 1 && !std::holds_alternative<int64_t>(predicate.values[0])) {
      Report(ValueField(field, 0), "must be a whole number");
    }
  }

  std::optional<std::string> BrokenOperandRule(Operand operand, const AttributeValue& value) const {
    const std::string* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text";
    switch (operand) {
      case Operand::kChannel:
        if (std::find(channels_.begin(), channels_.end(), ChannelId{*text}) != channels_.end()) return std::nullopt;
        return "is not a channel of the tenant";
      case Operand::kLanguage:
        if (LanguageTag::Parse(*text)) return std::nullopt;
        return "must be a language tag such as es or es-MX";
      case Operand::kCountry: {
        const auto code = CountryCode::Parse(*text);
        if (code && code->view() == *text) return std::nullopt;
        return "must be a country code of two capital letters";
      }
      case Operand::kCustomerKind:
        if (ParseCustomerKind(*text)) return std::nullopt;
        return "must be anonymous, identified or verified";
      case Operand::kDirection:
        if (ParseDirection(*text)) return std::nullopt;
        return "must be inbound or outbound";
      case Operand::kAttribute:
        break;
    }
    return "has an unknown operand";
  }

  static bool IsComparison(PredicateOp op) { return op == PredicateOp::kAtLeast || op == PredicateOp::kAtMost; }
  static std::string ValueField(const std::string& field, size_t i) {
    return field + ".values[" + std::to_string(i) + "]";
  }

  std::span<const AttributeDeclaration> attributes_;
  std::span<const ChannelId> channels_;
  size_t nodes_ = 0;
  std::vector<FieldViolation> violations_;
};

}  // namespace

std::vector<FieldViolation> CheckPredicate(const Predicate& predicate, std::string_view field,
                                           std::span<const AttributeDeclaration> attributes,
                                           std::span<const ChannelId> channels) {
  PredicateChecker checker(attributes, channels);
  checker.Check(predicate, std::string(field), 1);
  return checker.Take();
}

}  // namespace meridian
