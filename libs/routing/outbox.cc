#include "libs/routing/outbox.h"

namespace meridian {
namespace {

// An event beside what is counted apart: ids, names, a decision, the origin.
constexpr size_t kEventBytes = 384;
constexpr size_t kContactBytes = 512;  // ids, times and numbers of a record, and its key
constexpr size_t kFieldBytes = 16;     // around a text: tags, lengths, a number beside it

size_t EncodedBytes(const AttributeSet& attributes) {
  size_t bytes = 0;
  for (const Attribute& attribute : attributes.items()) {
    const auto* text = std::get_if<std::string>(&attribute.value);
    bytes += attribute.name.value.size() + (text == nullptr ? 0 : text->size()) + kFieldBytes;
  }
  return bytes;
}

size_t EncodedBytes(const ContactSpec& spec) {
  return spec.channel.value.size() + spec.preferred_agent.value.size() + EncodedBytes(spec.attributes) + kFieldBytes;
}

size_t EventBytes(const EventBody& body) {
  size_t bytes = kEventBytes;
  if (const auto* queued = std::get_if<ContactQueued>(&body)) bytes += EncodedBytes(queued->spec);
  if (const auto* revised = std::get_if<ContactRevised>(&body)) bytes += EncodedBytes(revised->attributes);
  return bytes;
}

}  // namespace

size_t EncodedBytes(const ContactRecord& contact) {
  size_t bytes = kContactBytes + EncodedBytes(contact.spec) + contact.agent.value.size();
  bytes += contact.past->lost_agent.value.size() + kFieldBytes;
  for (const Decline& decline : contact.past->declines) bytes += decline.agent.value.size() + kFieldBytes;
  return bytes;
}

Event& Outbox::Emit(EventTopic topic, uint64_t& sequence, uint64_t config_revision, EventBody body) {
  bytes += EventBytes(body);
  Event& event = events.emplace_back();
  event.topic = topic;
  event.term = head_.term;
  event.sequence = ++sequence;
  event.config_revision = config_revision;
  event.at = now_;
  event.origin = origin_;
  event.body = std::move(body);
  head_changed = true;
  return event;
}

void Outbox::EmitContact(ContactRecord& contact, uint64_t config_revision, EventBody body) {
  Event& event = Emit(EventTopic::kContact, head_.contact_sequence, config_revision, std::move(body));
  event.contact = contact.spec.id;
  event.entity_revision = ++contact.entity_revision;
}

void Outbox::EmitAgent(AgentRecord& agent, uint64_t config_revision, EventBody body) {
  Event& event = Emit(EventTopic::kAgent, head_.agent_sequence, config_revision, std::move(body));
  event.agent = agent.agent;
  event.entity_revision = ++agent.entity_revision;
}

void Outbox::EmitConfig(uint64_t config_revision, EventBody body) {
  Event& event = Emit(EventTopic::kConfig, head_.config_sequence, config_revision, std::move(body));
  event.entity_revision = config_revision;
}

void Outbox::EmitFact(const ContactRecord& contact, uint64_t config_revision, EventBody body) {
  bytes += EventBytes(body);
  Event& event = events.emplace_back();
  event.topic = EventTopic::kFact;
  event.term = head_.term;
  event.config_revision = config_revision;
  event.at = now_;
  event.contact = contact.spec.id;
  event.origin = origin_;
  event.body = std::move(body);
}

void Outbox::StartTerm(uint64_t term) {
  const StreamHead previous = head_;
  head_ = {.term = term};
  const auto open = [&](EventTopic topic, uint64_t& sequence, uint64_t last) {
    Emit(topic, sequence, 0, TermStarted{previous.term, last});
  };
  open(EventTopic::kContact, head_.contact_sequence, previous.contact_sequence);
  open(EventTopic::kAgent, head_.agent_sequence, previous.agent_sequence);
  open(EventTopic::kConfig, head_.config_sequence, previous.config_sequence);
}

void Outbox::Clear() {
  events.clear();
  messages.clear();
  changed_contacts.clear();
  changed_agents.clear();
  ended_contacts.clear();
  dropped_configs.clear();
  changed_revisions.clear();
  dropped_revisions.clear();
  head_changed = false;
  bytes = 0;
}

void Outbox::Send(const AgentRecord& agent, GatewayMessageBody body) {
  if (agent.presence != AgentPresence::kAttached) return;
  messages.push_back({agent.gateway, agent.agent, agent.attachment, std::move(body)});
}

}  // namespace meridian
