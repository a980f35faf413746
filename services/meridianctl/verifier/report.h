// What the verifier found. Values, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace meridian::verifier {

// What may not break (docs/meridianctl.md says each in full).
enum class Rule : uint8_t {
  kContactLost,    // an acknowledged contact is in the events, and ends exactly once
  kOneAssignment,  // at most one live primary assignment; a late accept is refused
  kLoad,           // 0 ≤ load ≤ capacity
  kEventOrder,     // no gaps, one content per id, terms linked, revisions 1, 2, 3 …, states as in docs/states.md
  kPlaceInLine,    // never worse
  kMessages,       // acknowledged messages: there once, in order, the same for both sides
  kGrants,         // messages reach, and come from, only agents with the conversation's contact
  kOneRevision,    // each decision under one published revision
};
std::string_view ToString(Rule rule);

struct Violation {
  Rule rule = Rule::kContactLost;
  std::string subject;  // the contact, agent, conversation or topic
  std::string what;     // "was acknowledged (request …) and is in no event"
};

class Report {
 public:
  void Add(Rule rule, std::string subject, std::string what);
  // What could not be judged, and why; no violation.
  void Remark(std::string what);
  // What was looked at: "contacts", 1200.
  void Count(std::string_view what, uint64_t number);

  const std::vector<Violation>& violations() const { return violations_; }  // at most kMaxKept of each rule
  uint64_t total() const { return total_; }
  std::string ToString() const;

 private:
  static constexpr uint64_t kMaxKept = 50;

  std::vector<Violation> violations_;
  std::map<Rule, uint64_t> found_;
  std::vector<std::string> remarks_;
  std::map<std::string, uint64_t> counts_;
  uint64_t total_ = 0;
};

}  // namespace meridian::verifier
