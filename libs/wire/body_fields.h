// A variant as a oneof: `FieldOf::Of<T>()` is the field that holds the alternative T, 0 for one that is not carried; a
// T without a number does not compile. Used by the .cc files of this library only.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "libs/wire/routing_fields.h"

namespace meridian {

// False when the alternative is not carried.
template <class FieldOf, class... Ts>
bool WriteAlternative(FieldWriter& writer, const std::variant<Ts...>& body, FieldOf field_of) {
  return std::visit(
      [&](const auto& alternative) {
        using Alternative = std::remove_cvref_t<decltype(alternative)>;
        constexpr int kField = FieldOf::template Of<Alternative>();
        if constexpr (kField != 0) writer.Message(kField, alternative, kFields);
        return kField != 0;
      },
      body);
}

// Fails for a field that holds none of them, and for no field at all.
template <class FieldOf, class... Ts>
void ReadAlternative(FieldReader& reader, std::variant<Ts...>& body, FieldOf) {
  const int field = reader.NextField();
  const auto read_if = [&]<class T>(std::type_identity<T>) {
    constexpr int kField = FieldOf::template Of<T>();
    if constexpr (kField != 0) {
      if (kField != field) return false;
      T alternative{};
      reader.Message(kField, alternative, kFields);
      body = std::move(alternative);
      return true;
    }
    return false;
  };
  if (!(read_if(std::type_identity<Ts>{}) || ...)) reader.Fail();
}

}  // namespace meridian
