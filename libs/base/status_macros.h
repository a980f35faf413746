// Early return on a failed absl::Status or absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define MERIDIAN_CONCAT_INNER(a, b) a##b
#define MERIDIAN_CONCAT(a, b) MERIDIAN_CONCAT_INNER(a, b)

// Returns the status of `expression` from the function when it is not OK.
#define MERIDIAN_RETURN_IF_ERROR(expression)                                                             \
  do {                                                                                                   \
    if (::absl::Status meridian_status_ = (expression); !meridian_status_.ok()) return meridian_status_; \
  } while (false)

// Evaluates a StatusOr; on success assigns or declares `lhs`, else returns its status from the function.
#define MERIDIAN_ASSIGN_OR_RETURN(lhs, expression) \
  MERIDIAN_ASSIGN_OR_RETURN_INNER(MERIDIAN_CONCAT(meridian_or_, __LINE__), lhs, expression)
#define MERIDIAN_ASSIGN_OR_RETURN_INNER(result, lhs, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return result.status();                      \
  lhs = *std::move(result)
