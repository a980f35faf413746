#include "services/meridianctl/verifier/report.h"

#include <utility>

namespace meridian::verifier {

std::string_view ToString(Rule rule) {
  switch (rule) {
    case Rule::kContactLost:
      return "contact-lost";
    case Rule::kOneAssignment:
      return "one-assignment";
    case Rule::kLoad:
      return "load";
    case Rule::kEventOrder:
      return "event-order";
    case Rule::kPlaceInLine:
      return "place-in-line";
    case Rule::kMessages:
      return "messages";
    case Rule::kGrants:
      return "grants";
    case Rule::kOneRevision:
      return "one-revision";
  }
  return "unknown";
}

void Report::Add(Rule rule, std::string subject, std::string what) {
  ++total_;
  if (++found_[rule] <= kMaxKept) violations_.push_back({rule, std::move(subject), std::move(what)});
}

void Report::Remark(std::string what) { remarks_.push_back(std::move(what)); }

void Report::Count(std::string_view what, uint64_t number) { counts_[std::string(what)] += number; }

std::string Report::ToString() const {
  std::string text;
  for (const Violation& violation : violations_) {
    text += std::string(verifier::ToString(violation.rule)) + ": " + violation.subject + " " + violation.what + "\n";
  }
  for (const auto& [rule, number] : found_) {
    if (number > kMaxKept) {
      text += std::string(verifier::ToString(rule)) + ": and " + std::to_string(number - kMaxKept) + " more\n";
    }
  }
  for (const std::string& remark : remarks_) text += "note: " + remark + "\n";
  text += "looked at:";
  for (const auto& [what, number] : counts_) text += " " + std::to_string(number) + " " + what + ",";
  if (text.back() == ',') text.pop_back();
  text += "\n" + (total_ == 0 ? std::string("no violations") : std::to_string(total_) + " violations") + "\n";
  return text;
}

}  // namespace meridian::verifier
