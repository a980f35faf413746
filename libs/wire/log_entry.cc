#include "libs/wire/log_entry.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "libs/wire/routing_fields.h"
#include "libs/wire/stored_format.h"

namespace meridian {

// ---- bodies ----

template <class A>
void Fields(A& a, InOut<A, DecisionScore>& score) {
  a.Number(1, score.band);
  a.Signed(2, score.load_order);
  a.Signed(3, score.idle_ms);
}

template <class A>
void Fields(A& a, InOut<A, RunnerUp>& runner_up) {
  a.Number(1, runner_up.agent_hash);
  a.Sub(2, runner_up.score, kFields);
}

template <class A>
void RunnersUp(A& a, int field, InOut<A, DecisionRecord>& decision) {
  if constexpr (A::kReading) {
    std::vector<RunnerUp> list;
    a.List(field, list, kFields);
    if (list.size() > decision.runners_up.size()) return a.Fail();
    decision.runners_up = {};
    decision.runner_up_count = static_cast<uint8_t>(list.size());
    std::move(list.begin(), list.end(), decision.runners_up.begin());
  } else {
    for (uint8_t i = 0; i < decision.runner_up_count; ++i) a.Message(field, decision.runners_up[i], kFields);
  }
}

template <class A>
void Fields(A& a, InOut<A, DecisionRecord>& decision) {
  a.Number(1, decision.config_revision);
  a.Number(2, decision.plan_revision);
  a.Sub(3, decision.rule, kFields);
  a.Number(4, decision.step);
  a.Number(5, decision.class_hash);
  a.Number(6, decision.reason, DecisionReason::kRestored);
  a.Sub(7, decision.score, kFields);
  a.Signed(8, decision.static_score);
  RunnersUp(a, 9, decision);
}

template <class A>
void Fields(A& a, InOut<A, ContactQueued>& body) {
  a.Sub(1, body.spec, kFields);
  a.Text(2, body.queue.value);
  a.Text(3, body.rule);
  a.Signed(4, body.priority);
  a.Time(5, body.virtual_start, body.spec.enqueued_at);
}

template <class A>
void Fields(A& a, InOut<A, ContactRevised>& body) {
  TagField(a, 1, body.language);
  a.Number(2, body.language_confidence_permille);
  AttributesField(a, 3, body.attributes);
  a.Text(4, body.queue.value);
  a.Text(5, body.rule);
  a.Time(6, body.virtual_start);
}

template <class A>
void Fields(A& a, InOut<A, ContactOffered>& body) {
  a.Text(1, body.agent.value);
  a.Id(2, body.token.uuid);
  a.Text(3, body.queue.value);
  a.Number(4, body.units);
  a.Span(5, body.waited);
  a.Sub(6, body.decision, kFields);
}

template <class A>
void Fields(A& a, InOut<A, ContactRequeued>& body) {
  a.Number(1, body.reason, RequeueReason::kCallbackDue);
  a.Number(2, body.rescind_reason, RescindReason::kContactExpired);
  a.Text(3, body.agent.value);
  a.Id(4, body.token.uuid);
  a.Number(5, body.strike, true);
  a.Number(6, body.first_step);
  a.Time(7, body.virtual_start);
}

template <class A>
void Fields(A& a, InOut<A, ContactConnecting>& body) {
  a.Text(1, body.agent.value);
  a.Id(2, body.token.uuid);
}

template <class A>
void Fields(A& a, InOut<A, ContactAssigned>& body) {
  a.Text(1, body.agent.value);
  a.Id(2, body.token.uuid);
  a.Span(3, body.waited);
}

template <class A>
void Fields(A& a, InOut<A, ContactHeld>& body) {
  a.Text(1, body.agent.value);
}
template <class A>
void Fields(A& a, InOut<A, ContactResumed>& body) {
  a.Text(1, body.agent.value);
}

template <class A>
void Fields(A& a, InOut<A, ContactWrapping>& body) {
  a.Text(1, body.agent.value);
  a.Number(2, body.reason, EndReason::kSuperseded);
  a.Time(3, body.deadline);
}

template <class A>
void Fields(A& a, InOut<A, ContactCompleted>& body) {
  a.Text(1, body.agent.value);
  a.Number(2, body.reason, EndReason::kSuperseded);
}

template <class A>
void Fields(A& a, InOut<A, ContactAbandoned>& body) {
  a.Text(1, body.agent.value);
  a.Number(2, body.reason, CustomerLeftReason::kConnectionLost);
  a.Span(3, body.waited);
}

template <class A>
void Fields(A& a, InOut<A, ContactCanceled>& body) {
  a.Text(1, body.agent.value);
  a.Number(2, body.reason, EndReason::kSuperseded);
}

template <class A>
void Fields(A& a, InOut<A, ContactExpired>& body) {
  a.Text(1, body.agent.value);
}

template <class A>
void Fields(A& a, InOut<A, AgentAttached>& body) {
  a.Number(1, body.attachment.value);
  a.Text(2, body.activity.away_reason);
}
template <class A>
void Fields(A& a, InOut<A, AgentDetached>& body) {
  a.Number(1, body.reason, AbsenceReason::kRemoved);
  a.Time(2, body.grace_until);
}
template <class A>
void Fields(A& a, InOut<A, AgentOffline>& body) {
  a.Number(1, body.reason, AbsenceReason::kRemoved);
}
template <class A>
void Fields(A& a, InOut<A, AgentActivityChanged>& body) {
  a.Text(1, body.activity.away_reason);
}
template <class A>
void Fields(A& a, InOut<A, AgentCoolingDown>& body) {
  a.Number(1, body.strikes);
  a.Time(2, body.until);
}

template <class A>
void Fields(A& a, InOut<A, ConfigPublished>& body) {
  a.Number(1, body.revision);
  a.Number(2, body.digest);
}
template <class A>
void Fields(A& a, InOut<A, AgentRevised>& body) {
  a.Number(1, body.revision);
  a.Text(2, body.agent.value);
  a.Number(3, body.removed, true);
}

// The topic says which of the three openings it is.
template <class A>
void Fields(A& a, InOut<A, TermStarted>& body) {
  a.Number(1, body.previous_term);
  a.Number(2, body.previous_last_sequence);
}

template <class A>
void Fields(A& a, InOut<A, Grant>& grant) {
  a.Text(1, grant.agent.value);
  a.Number(2, grant.role, AssignmentRole::kMonitoring);
  a.Id(3, grant.token.uuid);
  a.Number(4, grant.may_send, true);
  a.Number(5, grant.kind, AgentKind::kExpert);
}
template <class A>
void Fields(A& a, InOut<A, ParticipantsChanged>& body, const RegionCode& home) {
  a.Id(1, body.conversation, home);
  a.Number(2, body.revision);
  a.List(3, body.grants, kFields);
}
template <class A>
void Fields(A& a, InOut<A, ContactClosed>& body, const RegionCode& home) {
  a.Id(1, body.conversation, home);
  a.Number(2, body.reason, EndReason::kSuperseded);
}

namespace {

// The field of LogEvent that holds a body of this type. Stable: part of the stored format.
template <class T>
constexpr int kBodyField = 0;
constexpr int kFirstBodyField = 16;
template <>
constexpr int kBodyField<ContactQueued> = 16;
template <>
constexpr int kBodyField<ContactRevised> = 17;
template <>
constexpr int kBodyField<ContactOffered> = 18;
template <>
constexpr int kBodyField<ContactRequeued> = 19;
template <>
constexpr int kBodyField<ContactConnecting> = 20;
template <>
constexpr int kBodyField<ContactAssigned> = 21;
template <>
constexpr int kBodyField<ContactHeld> = 22;
template <>
constexpr int kBodyField<ContactResumed> = 23;
template <>
constexpr int kBodyField<ContactWrapping> = 24;
template <>
constexpr int kBodyField<ContactCompleted> = 25;
template <>
constexpr int kBodyField<ContactAbandoned> = 26;
template <>
constexpr int kBodyField<ContactCanceled> = 27;
template <>
constexpr int kBodyField<ContactExpired> = 28;
template <>
constexpr int kBodyField<AgentAttached> = 32;
template <>
constexpr int kBodyField<AgentDetached> = 33;
template <>
constexpr int kBodyField<AgentOffline> = 34;
template <>
constexpr int kBodyField<AgentActivityChanged> = 35;
template <>
constexpr int kBodyField<AgentCoolingDown> = 36;
template <>
constexpr int kBodyField<ConfigPublished> = 40;
template <>
constexpr int kBodyField<AgentRevised> = 41;
template <>
constexpr int kBodyField<TermStarted> = 44;
template <>
constexpr int kBodyField<ParticipantsChanged> = 48;
template <>
constexpr int kBodyField<ContactClosed> = 49;

// Bodies with ids other than the event's own need the shard's region.
template <class T>
constexpr bool kHasRegion = std::is_same_v<T, ParticipantsChanged> || std::is_same_v<T, ContactClosed>;

auto BodyFields(const RegionCode& region) {
  return [&region](auto& archive, auto& body) {
    using Body = std::remove_const_t<std::remove_reference_t<decltype(body)>>;
    if constexpr (kHasRegion<Body>) {
      Fields(archive, body, region);
    } else {
      Fields(archive, body);
    }
  };
}

template <class T>
bool ReadIf(FieldReader& reader, int field, Event& event, const RegionCode& region) {
  if (kBodyField<T> != field) return false;
  T body;
  if constexpr (std::is_same_v<T, ContactQueued>) body.spec.id = event.contact;
  reader.Message(field, body, BodyFields(region));
  event.body = std::move(body);
  return true;
}

template <class... Ts>
bool ReadAnyOf(FieldReader& reader, int field, Event& event, const RegionCode& region, std::variant<Ts...>*) {
  return (ReadIf<Ts>(reader, field, event, region) || ...);
}

// message LogEvent
void WriteEvent(FieldWriter& writer, const Event& event, const RegionCode& region) {
  writer.Number(1, event.topic);
  writer.Id(2, event.contact, region);
  writer.Text(3, event.agent.value);
  writer.Number(4, event.sequence);
  writer.Number(5, event.entity_revision);
  std::visit(
      [&](const auto& body) {
        using Body = std::remove_const_t<std::remove_reference_t<decltype(body)>>;
        static_assert(kBodyField<Body> != 0);
        writer.Message(kBodyField<Body>, body, BodyFields(region));
      },
      event.body);
}

void ReadEvent(FieldReader& reader, Event& event, const RegionCode& region) {
  reader.Number(1, event.topic, EventTopic::kConfig);
  reader.Id(2, event.contact, region);
  reader.Text(3, event.agent.value);
  reader.Number(4, event.sequence);
  reader.Number(5, event.entity_revision);
  EventBody* bodies = nullptr;
  if (!ReadAnyOf(reader, reader.NextField(kFirstBodyField), event, region, bodies)) reader.Fail();
}

// Which fields a group names anew; the others are as in the group before.
enum Changed : uint8_t { kTenant = 1, kTerm = 2, kTime = 4, kRevision = 8, kActor = 16, kTrace = 32, kAll = 63 };

template <class A>
void Fields(A& a, InOut<A, Actor>& actor) {
  a.Number(1, actor.role, ActorRole::kService);
  a.Text(2, actor.subject);
}
template <class A>
void Fields(A& a, InOut<A, TraceContext>& trace) {
  a.Bytes(1, trace.trace_id);
  a.Bytes(2, trace.span_id);
  a.Number(3, trace.flags);
}

constexpr auto kOriginFields = [](auto& archive, auto& value) { Fields(archive, value); };

// message EventGroup, without its events.
template <class A>
void GroupFields(A& a, InOut<A, uint8_t>& changed, InOut<A, TenantId>& tenant, InOut<A, Event>& shared) {
  a.Number(1, changed, uint8_t{kAll});
  if (changed & kTenant) a.Text(2, tenant.value);
  if (changed & kTerm) a.Number(3, shared.term);
  if (changed & kTime) a.Time(4, shared.at);
  if (changed & kRevision) a.Number(5, shared.config_revision);
  if (changed & kActor) a.Sub(6, shared.origin.actor, kOriginFields);
  if (changed & kTrace) a.Sub(7, shared.origin.trace, kOriginFields);
}
constexpr int kGroupEvents = 8;
constexpr int kGroup = 3;  // of the entry

bool SharesGroup(const Event& a, const Event& b) {
  return a.term == b.term && a.at == b.at && a.config_revision == b.config_revision && a.origin == b.origin;
}

uint8_t Difference(const Event& before, const Event& event) {
  return (before.term == event.term ? 0 : kTerm) | (before.at == event.at ? 0 : kTime) |
         (before.config_revision == event.config_revision ? 0 : kRevision) |
         (before.origin.actor == event.origin.actor ? 0 : kActor) |
         (before.origin.trace == event.origin.trace ? 0 : kTrace);
}

}  // namespace

void LogEntryWriter::Append(const TenantId& tenant, std::span<const Event> events) {
  if (events.empty()) return;
  FieldWriter writer(&bytes_);
  const bool first = bytes_.empty();
  if (first) {
    writer.Number(1, StoredFormat());
    writer.Text(2, region_.view());
  }
  while (!events.empty()) {
    size_t count = 1;
    while (count < events.size() && SharesGroup(events[count], events[0])) ++count;
    const Event& shared = events[0];
    uint8_t changed = kAll;
    if (bytes_.size() > 0 && !tenant_.empty()) changed = Difference(last_, shared) | (tenant == tenant_ ? 0 : kTenant);
    writer.Message(kGroup, events.first(count), [&](FieldWriter& group, std::span<const Event> list) {
      GroupFields(group, changed, tenant, shared);
      for (const Event& event : list) {
        group.Message(kGroupEvents, event,
                      [&](FieldWriter& inner, const Event& one) { WriteEvent(inner, one, region_); });
      }
    });
    tenant_ = tenant;
    last_.term = shared.term;
    last_.at = shared.at;
    last_.config_revision = shared.config_revision;
    last_.origin = shared.origin;
    events = events.subspan(count);
  }
}

std::string LogEntryWriter::Take() {
  tenant_ = {};
  return std::exchange(bytes_, {});
}

absl::StatusOr<RoutingLogEntry> DecodeLogEntry(std::string_view bytes) {
  FieldReader reader(bytes);
  RoutingLogEntry entry;
  uint64_t version = 0;
  std::string region;
  reader.Number(1, version);
  reader.Text(2, region);
  auto parsed = RegionCode::Parse(region);
  if (!reader.ok() || !IsReadableFormat(version) || !parsed) {
    return absl::DataLossError("a log entry cannot be read");
  }
  entry.region = *parsed;
  LoggedEvent shared;
  struct Group {};
  std::vector<Group> groups;
  reader.List(kGroup, groups, [&](FieldReader& group, Group&) {
    uint8_t changed = 0;
    GroupFields(group, changed, shared.tenant, shared.event);
    while (group.NextField() == kGroupEvents) {
      LoggedEvent& logged = entry.events.emplace_back(shared);
      group.Message(kGroupEvents, logged.event,
                    [&](FieldReader& inner, Event& event) { ReadEvent(inner, event, entry.region); });
    }
  });
  if (!reader.ok()) return absl::DataLossError("a log entry cannot be read");
  return entry;
}

bool MayMention(std::string_view entry, const ContactId& contact) {
  std::string uuid;
  AppendUuid(&uuid, contact.uuid);
  return entry.find(uuid) != std::string_view::npos;
}

}  // namespace meridian
