// A customer: submits a contact, reads, writes, waits for its end, perhaps comes back; and, as often as the mix says,
// clicks twice, cancels, closes the page without a word, or closes the conversation in the middle.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/worlds/judge.h"
#include "tests/simulation/worlds/session_owner.h"

namespace meridian::worlds {

class Customer final : public Party {
 public:
  Customer(Schedule& schedule, Judge& judge, const Mix& mix, Network& network, std::vector<SessionOwner*> session,
           std::string name);

  void Start();
  // From now on it does the right thing.
  void Behave();
  // Stops waiting: gives up what nobody serves.
  void GiveUp();

  bool served_by_nobody() const { return language_.ToString() == "fi"; }
  // Nothing is asked that was not answered, and no contact of its lives as far as it knows.
  bool done() const { return !asking_ && contact_.uuid.IsNil() && to_submit_ == 0; }
  const ContactId& contact() const { return contact_; }
  const ConversationId& conversation() const { return conversation_; }  // of the newest contact
  const std::set<ConversationId>& conversations() const { return conversations_; }
  WorldClock& clock() { return clock_; }
  std::string Standing() const;

 private:
  bool Misbehaves() { return !behaves_ && schedule().Happens(mix_.customer_mischief); }
  template <typename Id>
  Id NewId() {
    return {kRegionOfIds(), NewUuid()};
  }
  static RegionCode kRegionOfIds();
  Uuid NewUuid();

  void Submit();
  void Ask(const conversation::SubmitContact& command);
  void OnSubmitted(const conversation::SubmitContact& asked, const absl::StatusOr<conversation::Submitted>& submitted);
  void Read();
  void OnStatus(const ingress::v1::ContactStatus& status);
  void OnEnded(const absl::Status& status);
  void ContactOver();
  void GoOn();
  void Write();
  void WriteAgain(conversation::AppendMessage message);
  void Cancel();
  void Close();

  Judge& judge_;
  const Mix& mix_;
  WorldClock clock_;
  SessionFromAfar session_;
  const LanguageTag language_;
  const std::string channel_;
  bool behaves_ = false;
  bool asking_ = false;
  uint64_t to_submit_ = 1;
  uint64_t to_write_ = 0;
  uint64_t client_number_ = 0;
  uint64_t seen_ = 0;
  uint64_t reads_ = 0;
  ConversationId conversation_;
  ContactId contact_;
  std::set<ConversationId> conversations_;
  std::unique_ptr<SessionFromAfar::Connection> reading_;
};

}  // namespace meridian::worlds
