#include "services/session/eraser.h"

#include <algorithm>
#include <string>
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
  if (next.count == 0) return Post({next.load, next.first, {}});
  std::vector<RecordKey> keys;
  for (uint64_t i = 0; i < std::min<uint64_t>(next.count, kAtOnce); ++i) {
    keys.push_back({conversation::kClosingTable, conversation::ClosingKey(next.first + i)});
  }
  ports_.read(std::move(keys), [this, epoch = epoch_, next](const ReadingPorts::Values& values) {
    if (epoch == epoch_) OnClosings({next.load, next.first, {}}, values);
  });
}

void Eraser::OnClosings(EraseClosed command, const ReadingPorts::Values& values) {
  if (!values.ok()) return Fail(values.status());
  std::optional<ErasureTrouble> trouble;
  std::vector<RecordKey> keys;
  for (const std::optional<std::string>& value : *values) {
    const uint64_t number = command.first + command.closings.size();
    command.closings.emplace_back();
    if (!value) continue;
    auto closing = DecodeClosing(*value);
    if (!closing.ok()) {
      // When it is due is not known; those before it are over first.
      command.closings.back() = EraseClosed::Found{{number, {}, {}}, 0, {}, true};
      trouble = ErasureTrouble{closing.status(), number, {}};
      break;
    }
    keys.push_back({conversation::kEndedTable, conversation::ConversationKey(closing->conversation)});
    command.closings.back() = EraseClosed::Found{*std::move(closing), 0, {}};
  }
  if (keys.empty()) return Post(std::move(command), std::move(trouble));
  ports_.read(std::move(keys), [this, epoch = epoch_, command = std::move(command),
                                trouble = std::move(trouble)](const ReadingPorts::Values& records) mutable {
    if (epoch == epoch_) OnEndedRecords(std::move(command), std::move(trouble), records);
  });
}

void Eraser::OnEndedRecords(EraseClosed command, std::optional<ErasureTrouble> trouble,
                            const ReadingPorts::Values& values) {
  if (!values.ok()) return Fail(values.status());
  size_t next = 0;
  for (size_t i = 0; i < command.closings.size(); ++i) {
    std::optional<EraseClosed::Found>& found = command.closings[i];
    if (!found || found->unreadable) continue;
    const std::optional<std::string>& value = (*values)[next++];
    const absl::StatusOr<conversation::ConversationRecord> record =
        value ? DecodeConversation(*value) : absl::NotFoundError("its ended record is missing");
    if (!record.ok()) {
      // Without a record only the closing is left to go.
      found->unreadable = value.has_value();
      trouble = ErasureTrouble{record.status(), found->closing.number, found->closing.conversation};
      command.closings.resize(i + 1);
      break;
    }
    found->last_number = record->last_number;
    for (const auto& contact : record->ended_contacts) found->contacts.push_back(contact.id);
  }
  Post(std::move(command), std::move(trouble));
}

void Eraser::Post(EraseClosed command, std::optional<ErasureTrouble> trouble) {
  const uint64_t end = command.first + command.closings.size();
  ports_.post(std::move(command),
              [this, epoch = epoch_, end, trouble = std::move(trouble)](absl::StatusOr<conversation::Erased> erased) {
                if (epoch != epoch_) return;
                if (!erased.ok()) return Fail(erased.status());
                const bool reached = ports_.core().next_erasure().first >= end;
                if (trouble && reached && ports_.on_trouble) ports_.on_trouble(*trouble);
                WaitFor(std::clamp(erased->wait, kPause, kLongestWait));
              });
}

void Eraser::WaitFor(Duration time) { wake_ = ports_.now() + time; }

void Eraser::Fail(const absl::Status& why) {
  if (ports_.on_trouble) ports_.on_trouble({why, 0, {}});
  WaitFor(kRetry);
}

}  // namespace meridian
