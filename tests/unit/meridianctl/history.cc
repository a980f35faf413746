#include "tests/unit/meridianctl/history.h"

#include <cstdlib>
#include <iostream>
#include <map>

#include "libs/config/tenant_file.h"
#include "libs/wire/contact_types.h"

namespace meridian::verifier {
namespace {

using event::v1::Event;

constexpr Instant kStart = Instant::FromUnixSeconds(1767225600);

const char* Tenant() {
  return R"(tenant: demo
channels: [{name: chat}, {name: voice, exclusive: true}]
queues: [{name: help}]
plans: [{name: main, rules: [{name: all, queue: help, steps: [{}]}]}]
agents:
  - {name: ana, languages: {es: native}, time_zone: Etc/UTC, capacity: 2, channels: {chat: 2, voice: 1}}
  - {name: bob, languages: {es: native}, time_zone: Etc/UTC, capacity: 1, channels: {chat: 1}}
)";
}

class HistoryWriter {
 public:
  explicit HistoryWriter(Evidence& evidence) : evidence_(evidence) {}

  void BeginTerm(uint64_t term) {
    const uint64_t previous = std::exchange(term_, term);
    for (auto topic : {event::v1::TOPIC_CONTACT, event::v1::TOPIC_AGENT, event::v1::TOPIC_CONFIG}) {
      const uint64_t last = std::exchange(sequences_[topic], 0);
      Event& event = Add(topic, "demo");
      event.set_entity_revision(0);
      event.mutable_term_started()->set_previous_term(previous);
      event.mutable_term_started()->set_previous_last_sequence(last);
    }
  }

  void Publish() {
    Event& event = Add(event::v1::TOPIC_CONFIG, "demo");
    event.mutable_config_published()->set_revision(event.entity_revision());
  }

  void Attach(const std::string& agent) {
    Add(event::v1::TOPIC_AGENT, agent).mutable_agent_attached()->set_attachment(1);
  }

  void Queue(const std::string& contact, const std::string& conversation) {
    auto& body = *Contact(contact).mutable_contact_queued();
    body.set_conversation_id(conversation);
    body.set_channel("chat");
    body.set_queue("help");
    body.set_rule("all");
    places_[contact] = now_;
    SetTimestamp(now_, body.mutable_virtual_start());
  }

  void Revise(const std::string& contact) {
    auto& body = *Contact(contact).mutable_contact_revised();
    body.set_queue("help");
    body.set_rule("all");
    SetTimestamp(places_[contact], body.mutable_virtual_start());
  }

  void Offer(const std::string& contact, const std::string& agent, const std::string& token) {
    auto& body = *Contact(contact).mutable_contact_offered();
    body.set_agent(agent);
    body.set_offer_token(token);
    body.set_units(1);
    body.mutable_decision()->set_config_revision(1);
    body.mutable_decision()->set_plan_revision(1);
  }

  void Assign(const std::string& contact, const std::string& agent, const std::string& token) {
    auto& body = *Contact(contact).mutable_contact_assigned();
    body.set_agent(agent);
    body.set_offer_token(token);
    body.set_role(type::v1::ASSIGNMENT_ROLE_PRIMARY);
  }

  void Requeue(const std::string& contact, const std::string& agent, const std::string& token,
               type::v1::RequeueReason reason) {
    auto& body = *Contact(contact).mutable_contact_requeued();
    body.set_reason(reason);
    body.set_agent(agent);
    body.set_offer_token(token);
    SetTimestamp(places_[contact], body.mutable_virtual_start());
  }

  void Wrap(const std::string& contact, const std::string& agent) {
    Contact(contact).mutable_contact_wrapping()->set_agent(agent);
  }

  void End(const std::string& contact, const std::string& agent) {
    auto& body = *Contact(contact).mutable_contact_ended();
    body.set_state(type::v1::CONTACT_STATE_COMPLETED);
    body.set_agent(agent);
  }

  // A message written now, acknowledged to its author and seen by the other side.
  void Write(const std::string& conversation, const std::string& agent, bool by_agent, const std::string& text) {
    auto& messages = evidence_.conversations[conversation];
    type::v1::Message& message = messages.emplace_back();
    const std::string author = by_agent ? agent : "";
    message.set_number(messages.size());
    message.set_author_kind(by_agent ? type::v1::AUTHOR_KIND_AGENT : type::v1::AUTHOR_KIND_CUSTOMER);
    message.set_author(author);
    message.set_client_number(++client_numbers_[conversation + author]);
    message.add_parts()->mutable_text()->set_text(text);
    SetTimestamp(now_, message.mutable_sent_at());
    const Side writer = by_agent ? Side::kAgent : Side::kCustomer;
    const Side reader = by_agent ? Side::kCustomer : Side::kAgent;
    const std::string digest = MessageDigest({text});
    evidence_.journal.sent.push_back({conversation, writer, author, message.client_number(), message.number(), digest});
    evidence_.journal.seen.push_back({conversation, reader, by_agent ? "" : agent, message.number(), digest});
  }

  void Acknowledge(const std::string& contact, const std::string& conversation) {
    evidence_.journal.submitted.push_back({"request-of-" + contact, contact, conversation});
  }

  void SeePlace(const std::string& contact) {
    evidence_.journal.places.push_back({contact, places_[contact].ToUnixMilliseconds()});
  }

  void Command(Commanded::Kind kind, const std::string& contact, const std::string& agent, const std::string& token) {
    evidence_.journal.commanded.push_back({kind, contact, agent, token});
  }

 private:
  Event& Contact(const std::string& contact) { return Add(event::v1::TOPIC_CONTACT, contact); }

  Event& Add(event::v1::Topic topic, const std::string& entity) {
    now_ = now_ + Duration::Seconds(10);
    Event& event = evidence_.events.emplace_back();
    SetTimestamp(now_, event.mutable_time());
    event.set_topic(topic);
    event.set_term(term_);
    event.set_sequence(++sequences_[topic]);
    event.set_entity(entity);
    const bool counted = topic != event::v1::TOPIC_CONFIG || sequences_[topic] > 1;
    if (counted && entity != "demo") event.set_entity_revision(++revisions_[entity]);
    if (counted && topic == event::v1::TOPIC_CONFIG) event.set_entity_revision(++revisions_["demo"]);
    return event;
  }

  Evidence& evidence_;
  Instant now_ = kStart;
  std::map<std::string, Instant> places_;
  uint64_t term_ = 0;
  std::map<int, uint64_t> sequences_;
  std::map<std::string, uint64_t> revisions_;
  std::map<std::string, uint64_t> client_numbers_;
};

}  // namespace

Evidence CleanHistory() {
  Evidence evidence;
  evidence.config = ReadTenantFile(Tenant()).config;
  evidence.config.set_revision(1);
  HistoryWriter write(evidence);
  write.BeginTerm(100);
  write.Publish();
  write.Attach("ana");
  write.Queue("c1", kAnaTalk);  // contact topic: sequence 2
  write.Acknowledge("c1", kAnaTalk);
  write.Offer("c1", "bob", "t1");
  write.Requeue("c1", "bob", "t1", type::v1::REQUEUE_REASON_REJECTED);
  write.Revise("c1");
  write.Offer("c1", "ana", "t2");  // 6
  write.Assign("c1", "ana", "t2");
  write.Command(Commanded::Kind::kAccept, "c1", "ana", "t2");
  write.Write(kAnaTalk, "ana", false, "hola");
  write.Write(kAnaTalk, "ana", true, "buenos días");
  write.BeginTerm(200);
  write.Attach("ana");
  write.Requeue("c1", "ana", "t2", type::v1::REQUEUE_REASON_AGENT_LOST);  // 2
  write.Assign("c1", "ana", "t2");                                        // reclaimed
  write.Write(kAnaTalk, "ana", false, "¿sigue ahí?");
  write.Queue("c2", kBobTalk);  // 4
  write.Acknowledge("c2", kBobTalk);
  write.Offer("c2", "bob", "t3");
  write.Assign("c2", "bob", "t3");  // 6
  write.Command(Commanded::Kind::kAccept, "c2", "bob", "t3");
  write.Write(kBobTalk, "bob", false, "hello");
  write.Wrap("c1", "ana");
  write.End("c1", "ana");  // 8
  write.Command(Commanded::Kind::kComplete, "c1", "ana", "t2");
  write.End("c2", "bob");  // 9
  write.Command(Commanded::Kind::kComplete, "c2", "bob", "t3");
  write.SeePlace("c1");
  return evidence;
}

event::v1::Event& EventAt(Evidence& evidence, event::v1::Topic topic, uint64_t term, uint64_t sequence) {
  for (Event& event : evidence.events) {
    if (event.topic() == topic && event.term() == term && event.sequence() == sequence) return event;
  }
  std::cerr << "no such event in the history\n";
  std::abort();
}

void RemoveEvent(Evidence& evidence, event::v1::Topic topic, uint64_t term, uint64_t sequence) {
  const Event* event = &EventAt(evidence, topic, term, sequence);
  evidence.events.erase(evidence.events.begin() + (event - evidence.events.data()));
}

}  // namespace meridian::verifier
