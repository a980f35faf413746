// Events, decisions and enumerators for people: one readable line each. Pure functions, any thread.
#pragma once

#include <string>
#include <type_traits>

#include "libs/config/yaml_fields.h"
#include "meridian/event/v1/event.pb.h"
#include "meridian/routing/v1/decision.pb.h"

namespace meridian::ctl {

// "14:03:07.250  contact  eu1-0190…  queued  queue=support language=es channel=chat"
std::string EventLine(const event::v1::Event& event);
// "best score, step 1, revision 3, score 90, before 2 others"
std::string DecisionText(const routing::v1::Decision& decision);

// "timed out" for REQUEUE_REASON_TIMED_OUT; "" for the unspecified one.
template <typename Enum>
  requires std::is_enum_v<Enum>
std::string EnumText(Enum value) {
  const auto* known = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  if (known == nullptr) return std::to_string(static_cast<int>(value));
  if (known->number() == 0) return "";
  std::string text = ShortEnumName(*known);
  for (char& c : text) {
    if (c == '_') c = ' ';
  }
  return text;
}

}  // namespace meridian::ctl
