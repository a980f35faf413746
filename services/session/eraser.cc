#include "services/session/eraser.h"

#include <algorithm>
#include <utility>

#include "libs/conversation/records.h"
#include "libs/wire/session_records.h"

namespace meridian {

using conversation::EraseClosed;

void Eraser::Start() {
  ++epoch_;
  wake_ = ports_.now();
}

void Eraser::Stop() {
  ++epoch_;
  wake_ = MonotonicInstant::Never();
}

void Eraser::Step() {
  if (wake_ == MonotonicInstant::Never() || ports_.now() < wake_) return;
  wake_ = MonotonicInstant::Never();
  const conversation::SessionCore::NextErasure next = ports_.core().next_erasure();
  if (next.count == 0) return Post({next.first, {}});
  std::vector<RecordKey> keys;
  for (uint64_t i = 0; i < std::min<uint64_t>(next.count, kAtOnce); ++i) {
    keys.push_back({conversation::kClosingTable, conversation::ClosingKey(next.first + i)});
  }
  ports_.read(std::move(keys), [this, epoch = epoch_, first = next.first](const ReadingPorts::Values& values) {
    if (epoch == epoch_) OnClosings(first, values);
  });
}

void Eraser::OnClosings(uint64_t first, const ReadingPorts::Values& values) {
  if (!values.ok()) return Fail(values.status());
  EraseClosed command{first, {}};
  std::vector<RecordKey> keys;
  for (const std::optional<std::string>& value : *values) {
    command.closings.emplace_back();
    if (!value) continue;
    auto closing = DecodeClosing(*value);
    if (!closing.ok()) return Fail(closing.status());
    keys.push_back({conversation::kEndedTable, conversation::ConversationKey(closing->conversation)});
    command.closings.back() = EraseClosed::Found{*std::move(closing), 0, {}};
  }
  if (keys.empty()) return Post(std::move(command));
  ports_.read(std::move(keys),
              [this, epoch = epoch_, command = std::move(command)](const ReadingPorts::Values& records) mutable {
                if (epoch == epoch_) OnEndedRecords(std::move(command), records);
              });
}

void Eraser::OnEndedRecords(EraseClosed command, const ReadingPorts::Values& values) {
  if (!values.ok()) return Fail(values.status());
  size_t next = 0;
  for (std::optional<EraseClosed::Found>& found : command.closings) {
    if (!found) continue;
    const std::optional<std::string>& value = (*values)[next++];
    if (!value) continue;
    const auto record = DecodeConversation(*value);
    if (!record.ok()) return Fail(record.status());
    found->last_number = record->last_number;
    for (const auto& contact : record->ended_contacts) found->contacts.push_back(contact.id);
  }
  Post(std::move(command));
}

void Eraser::Post(EraseClosed command) {
  ports_.post(std::move(command), [this, epoch = epoch_](absl::StatusOr<conversation::Erased> erased) {
    if (epoch != epoch_) return;
    if (!erased.ok()) return Fail(erased.status());
    WaitFor(std::clamp(erased->wait, kPause, kLongestWait));
  });
}

void Eraser::WaitFor(Duration time) { wake_ = ports_.now() + time; }

void Eraser::Fail(const absl::Status& why) {
  if (ports_.on_error) ports_.on_error(why);
  WaitFor(kRetry);
}

}  // namespace meridian
