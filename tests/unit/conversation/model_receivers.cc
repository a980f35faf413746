// What customers, agents and routing see of the session, and what they may not see.
#include <algorithm>

#include "tests/unit/conversation/model_world.h"

namespace meridian::conversation {
namespace {

const std::vector<AgentId> kAgents{{"ana"}, {"bob"}, {"faq"}};

}  // namespace

bool ModelWorld::WasWithdrawn(const ContactId& contact) const {
  const ConversationRecord* record = session_.core().FindByContact(contact);
  if (record == nullptr) return false;
  for (const ContactRecord& known : record->contacts) {
    if (known.id == contact) return known.phase == ContactPhase::kWithdrawing;
  }
  return false;
}

void ModelWorld::Receive(const EnqueueContact& message) {
  trace_.push_back("enqueue " + message.request->spec.id.ToString());
  SendToRouting(message);
}

void ModelWorld::Receive(const TellRouting& message) {
  trace_.push_back("edge " + std::to_string(message.edge.number) + " " + std::string(ToString(message.edge.kind)));
  SendToRouting(message);
}

void ModelWorld::SendToRouting(std::variant<EnqueueContact, TellRouting> message) {
  // A network holds so much and loses the rest.
  if (to_routing_.size() == 32) to_routing_.erase(to_routing_.begin());
  to_routing_.push_back({session_.now(), std::move(message)});
}

void ModelWorld::Receive(const ContactAcknowledged& message) {
  trace_.push_back("acknowledged " + message.contact.ToString());
  EXPECT_NE(message.standing.kind, ContactStanding::Kind::kPending);
  bool first = outcomes_.emplace(message.contact, message.standing).second;
  EXPECT_TRUE(first) << "a contact was acknowledged twice";
}

void ModelWorld::Receive(const Deliver& message) {
  const Message& body = message.message->message;
  trace_.push_back("deliver " + std::to_string(body.number));
  EXPECT_EQ(session_.messages.at(MessageKey(message.conversation, body.number)), *message.message);
  uint64_t& saw = customer_saw_[message.conversation];
  EXPECT_EQ(body.number, saw + 1) << "the customer missed a message, or got one twice";
  saw = body.number;
  std::vector<AgentId> expected;
  for (const auto& [agent, participant] : routing_.After(released_entry_, body.contact).participants) {
    expected.push_back(agent);
  }
  std::vector<AgentId> granted;
  for (const auto& [key, view] : views_) {
    if (key.second == body.contact && view.granted) granted.push_back(key.first);
  }
  EXPECT_EQ(granted, expected) << "delivered to others than those with a grant";
  for (const AgentId& agent : granted) {
    View& view = views_[{agent, body.contact}];
    EXPECT_GT(body.number, view.seen) << "doubled or reordered";
    EXPECT_GE(body.number, view.from);
    for (uint64_t number = std::max(view.seen + 1, view.from); number < body.number; ++number) {
      EXPECT_NE(session_.messages.at(MessageKey(message.conversation, number)).message.contact, body.contact)
          << "the agent missed message " << number;
    }
    view.seen = body.number;
  }
}

void ModelWorld::Receive(const GrantChanged& message) {
  trace_.push_back("grant " + message.agent.value + (message.grant ? " yes" : " no"));
  View& view = views_[{message.agent, message.contact}];
  if (!message.grant) {
    EXPECT_TRUE(view.granted) << "a grant ended that never was";
    view.granted = false;
    return;
  }
  bool fresh = !view.granted;
  view.granted = true;
  view.from = message.grant->from_number;
  if (fresh) {
    CatchUp(view, {message.contact, std::max(view.seen, view.from - 1), message.last_number}, message.conversation);
  }
}

void ModelWorld::Receive(const FollowerAdvanced& message) {
  released_entry_ = message.position.position.number;
  trace_.push_back("followed " + std::to_string(released_entry_));
}

// Reads from the store what is durable by then.
void ModelWorld::CatchUp(View& view, const ReadRange& range, const ConversationId& conversation) {
  for (uint64_t number = range.after_number + 1; number <= range.last_number; ++number) {
    const Message& message = session_.messages.at(MessageKey(conversation, number)).message;
    if (message.contact != range.contact) continue;
    EXPECT_GT(number, view.seen);
    view.seen = number;
  }
}

// After a restart everybody asks from where it stands; nobody learns of what it has no grant for.
void ModelWorld::ReadAgain() {
  for (auto& [key, view] : views_) view.granted = false;
  std::vector<ConversationId> conversations;
  for (const auto& [key, record] : session_.conversations) conversations.push_back(record.id);
  for (const ConversationId& id : conversations) {
    OpenReading customer{TenantId{"demo"}, id, {}, customer_saw_[id]};
    customer_saw_[id] = session_.Get<ReadingOpened>(customer).last_number;
    const std::vector<ContactRecord> contacts = session_.core().Find(id)->contacts;
    for (const AgentId& agent : kAgents) {
      std::vector<ReadRange> ranges;
      Answer answer = session_.Do(OpenReading{TenantId{"demo"}, id, agent, 0});
      if (const auto* opened = std::get_if<ReadingOpened>(&answer)) ranges = opened->ranges;
      for (const ContactRecord& contact : contacts) {
        bool granted =
            routing_.After(released_entry_, contact.id).Has(agent) && contact.phase != ContactPhase::kWithdrawing;
        auto range = std::find_if(ranges.begin(), ranges.end(),
                                  [&](const ReadRange& other) { return other.contact == contact.id; });
        EXPECT_EQ(range != ranges.end(), granted) << agent.value;
        if (range == ranges.end()) continue;
        EXPECT_EQ(range->after_number + 1, contact.first_number) << "from the contact's first message";
        View& view = views_[{agent, contact.id}];
        view.granted = true;
        view.from = range->after_number + 1;
        range->after_number = std::max(range->after_number, view.seen);
        CatchUp(view, *range, id);
      }
      EXPECT_LE(ranges.size(), contacts.size());
    }
  }
}

}  // namespace meridian::conversation
