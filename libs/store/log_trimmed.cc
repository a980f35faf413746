#include "libs/store/log_trimmed.h"

#include <charconv>
#include <string>
#include <string_view>

namespace meridian {
namespace {

constexpr char kOldest[] = "oldest=";

}  // namespace

absl::Status LogTrimmed(ShardId shard, LogPosition oldest) {
  return absl::OutOfRangeError("the log of shard " + shard.ToString() + " no longer holds this position, " + kOldest +
                               std::to_string(oldest.term) + "/" + std::to_string(oldest.number));
}

std::optional<LogPosition> OldestReadable(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kOutOfRange) return std::nullopt;
  const std::string_view text(status.message().data(), status.message().size());
  const size_t start = text.find(kOldest);
  if (start == std::string_view::npos) return std::nullopt;
  const char* at = text.data() + start + sizeof(kOldest) - 1;
  const char* end = text.data() + text.size();
  LogPosition position;
  const auto [slash, term_error] = std::from_chars(at, end, position.term);
  if (term_error != std::errc() || slash == end || *slash != '/') return std::nullopt;
  const auto [rest, number_error] = std::from_chars(slash + 1, end, position.number);
  if (number_error != std::errc()) return std::nullopt;
  return position;
}

}  // namespace meridian
