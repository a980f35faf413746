// Session as its users' tests need it: it notes commands, answers at once as it is told, and lets the test speak to
// readers. As the real one does, it waits for a running call of a reader whose reading is destroyed; a reading that is
// destroyed inside a call of its own reader, which would wait for ever, stops the test. Any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/check.h"
#include "services/session/session_client.h"

namespace meridian {

class FakeSessionClient : public SessionClient {
 public:
  void Submit(conversation::SubmitContact command, Done<conversation::Submitted> done) override {
    Note(submits_, std::move(command));
    done(submitted);
  }
  void Append(conversation::AppendMessage command, Done<conversation::Appended> done) override {
    Note(appends_, std::move(command));
    done(appended);
  }
  void Cancel(conversation::CancelContact command, Done<conversation::Done> done) override {
    Note(cancels_, std::move(command));
    done(canceled);
  }
  void Close(conversation::CloseConversation command, Done<conversation::Done> done) override {
    Note(closes_, std::move(command));
    done(closed);
  }
  void ListMessages(const TenantId&, session::v1::ListMessagesRequest,
                    Done<session::v1::ListMessagesResponse> done) override {
    done(absl::UnimplementedError("not in this test"));
  }

  std::unique_ptr<Reading> ReadAsCustomer(const TenantId& tenant, const ConversationId& conversation,
                                          uint64_t after_number, std::shared_ptr<Reader> reader) override {
    return Begin({tenant, conversation, {}, after_number}, std::move(reader));
  }
  std::unique_ptr<Reading> ReadAsAgent(const TenantId& tenant, const ConversationId& conversation, const AgentId& agent,
                                       uint64_t after_number, std::shared_ptr<Reader> reader) override {
    return Begin({tenant, conversation, agent, after_number}, std::move(reader));
  }

  // What every command of a kind is answered with.
  absl::StatusOr<conversation::Submitted> submitted = conversation::Submitted();
  absl::StatusOr<conversation::Appended> appended = conversation::Appended();
  absl::StatusOr<conversation::Done> canceled = conversation::Done();
  absl::StatusOr<conversation::Done> closed = conversation::Done();

  std::vector<conversation::SubmitContact> submits() const { return Copy(submits_); }
  std::vector<conversation::AppendMessage> appends() const { return Copy(appends_); }
  std::vector<conversation::CancelContact> cancels() const { return Copy(cancels_); }
  std::vector<conversation::CloseConversation> closes() const { return Copy(closes_); }

  // Every reading that was begun, in order; `is_open` until it is destroyed.
  struct Begun {
    TenantId tenant;
    ConversationId conversation;
    AgentId agent;  // empty: the customer
    uint64_t after_number = 0;
    bool is_open = true;
  };
  std::vector<Begun> readings() const {
    std::vector<Begun> all;
    for (const auto& slot : Copy(slots_)) {
      all.push_back(slot->what);
      all.back().is_open = slot->is_open;
    }
    return all;
  }
  // False when not so many were begun within 20 s.
  bool AwaitReadings(size_t count) const {
    std::unique_lock lock(mutex_);
    return noted_.wait_for(lock, std::chrono::seconds(20), [&] { return slots_.size() >= count; });
  }
  size_t open_readings() const {
    size_t open = 0;
    for (const auto& slot : Copy(slots_)) open += slot->is_open ? 1 : 0;
    return open;
  }
  // Calls the reader of the `index`-th reading, unless that was destroyed.
  void Tell(size_t index, const std::function<void(Reader&)>& call) {
    std::shared_ptr<Slot> slot;
    {
      std::lock_guard lock(mutex_);
      slot = slots_.at(index);
    }
    std::lock_guard lock(slot->calling);
    if (slot->reader == nullptr) return;
    slot->caller = std::this_thread::get_id();
    call(*slot->reader);
    slot->caller = std::thread::id();
  }
  void Say(size_t index, uint64_t number, const std::string& text) {
    type::v1::Message message;
    message.set_number(number);
    message.add_parts()->mutable_text()->set_text(text);
    Tell(index, [&](Reader& reader) { reader.OnMessage(message); });
  }

 private:
  struct Slot {
    Begun what;
    std::mutex calling;
    std::atomic<std::thread::id> caller;
    std::atomic<bool> is_open = true;
    std::shared_ptr<Reader> reader;  // under calling
  };
  class Held : public Reading {
   public:
    explicit Held(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
    ~Held() override {
      MERIDIAN_CHECK(slot_->caller.load() != std::this_thread::get_id());
      std::shared_ptr<Reader> last;
      std::lock_guard lock(slot_->calling);
      last.swap(slot_->reader);
      slot_->is_open = false;
    }

   private:
    const std::shared_ptr<Slot> slot_;
  };

  std::unique_ptr<Reading> Begin(Begun what, std::shared_ptr<Reader> reader) {
    auto slot = std::make_shared<Slot>();
    slot->what = std::move(what);
    slot->reader = std::move(reader);
    Note(slots_, slot);
    return std::make_unique<Held>(slot);
  }
  template <typename T, typename Value>
  void Note(std::vector<T>& notes, Value value) {
    std::lock_guard lock(mutex_);
    notes.push_back(std::move(value));
    noted_.notify_all();
  }
  template <typename T>
  std::vector<T> Copy(const std::vector<T>& notes) const {
    std::lock_guard lock(mutex_);
    return notes;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable noted_;
  std::vector<conversation::SubmitContact> submits_;
  std::vector<conversation::AppendMessage> appends_;
  std::vector<conversation::CancelContact> cancels_;
  std::vector<conversation::CloseConversation> closes_;
  std::vector<std::shared_ptr<Slot>> slots_;
};

}  // namespace meridian
