// The service on a real thread over the memory store and over SQLite, with restarts on the same store.
#include "services/routing/routing_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <utility>
#include <vector>

#include "libs/error/error.h"
#include "libs/runtime/thread_name.h"
#include "libs/store/memory_store.h"
#include "libs/store/sqlite_store.h"
#include "libs/testing/await.h"
#include "libs/testing/temporary_folder.h"
#include "libs/wire/log_entry.h"
#include "tests/unit/services/routing/demo_config.h"

namespace meridian {
namespace {

using testing::Await;

const TenantId kTenant{"demo"};
const RegionCode kRegion = *RegionCode::Parse("eu1");

// What a gateway is told; waits with a deadline.
class Gateway {
 public:
  RoutingClient::GatewayCallbacks Callbacks() {
    return {[this](const TenantId& tenant, GatewayMessage&& message) {
              std::lock_guard<std::mutex> lock(mutex_);
              EXPECT_EQ(tenant, kTenant);
              messages_.push_back(std::move(message));
              changed_.notify_all();
            },
            [this] {
              std::lock_guard<std::mutex> lock(mutex_);
              ++terms_;
              changed_.notify_all();
            }};
  }
  // The next message that was not taken yet; it must be of this kind.
  template <class Body>
  Body Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool came = changed_.wait_for(lock, std::chrono::seconds(30), [&] { return taken_ < messages_.size(); });
    if (!came || !std::holds_alternative<Body>(messages_[taken_].body)) {
      ADD_FAILURE() << (came ? NameOf(messages_[taken_].body) : "no message came");
      return {};
    }
    return std::get<Body>(messages_[taken_++].body);
  }
  bool AwaitTerms(int terms) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return terms_ >= terms; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<GatewayMessage> messages_;
  size_t taken_ = 0;
  int terms_ = 0;
};

enum class Backend { kMemory, kSqlite };

class RoutingServiceTest : public ::testing::TestWithParam<Backend> {
 protected:
  void SetUp() override { Open(); }
  void TearDown() override { service_ = nullptr; }

  void Open() {
    RoutingOptions options;
    options.region = kRegion;
    options.seed = ++starts_;
    RoutingPorts ports;
    ports.monotonic = &monotonic_;
    ports.wall = &wall_;
    ports.metrics = &metrics_;
    if (GetParam() == Backend::kMemory) {
      if (memory_ == nullptr) memory_ = std::make_unique<MemoryStore>();
      SetPorts(memory_.get(), &memory_->leases(), ports);
    } else {
      sqlite_ = nullptr;
      SqliteOptions sqlite;
      sqlite.path = folder_.path() + "/shards.db";
      sqlite.wall = &wall_;
      sqlite.monotonic = &monotonic_;
      auto opened = SqliteStore::Open(std::move(sqlite));
      ASSERT_TRUE(opened.ok()) << opened.status();
      sqlite_ = *std::move(opened);
      SetPorts(sqlite_.get(), &sqlite_->leases(), ports);
    }
    service_ = std::make_unique<RoutingService>(std::move(options), ports);
    gateway_ = std::make_unique<Gateway>();
    registration_ = service_->RegisterGateway({"gw"}, gateway_->Callbacks());
    service_->Start();
    ASSERT_TRUE(service_->AwaitServing(Duration::Seconds(30)));
  }
  template <class Store>
  void SetPorts(Store* store, ShardLeases* leases, RoutingPorts& ports) {
    ports.store = store;
    ports.leases = leases;
    ports.directory = store;
    ports.event_log = log_ = store;
  }
  // Drained, or as after a crash: what is in flight stays where it is.
  void Restart(bool drained) {
    if (drained) EXPECT_TRUE(service_->Drain(Duration::Seconds(30)));
    registration_ = nullptr;
    service_ = nullptr;
    Open();
  }

  Answer Do(CommandBody body) {
    auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
      service_->Send(kTenant, {{{ActorRole::kService, "test"}, {}}, std::move(body)}, std::nullopt, Lane::kLiveWork,
                     std::move(done));
    });
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? *answer : Answer{};
  }
  absl::StatusOr<admin::v1::ApplyConfigResponse> Apply(admin::v1::TenantConfig config, std::string etag = "",
                                                       bool validate_only = false) {
    admin::v1::ApplyConfigRequest request;
    request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), random_(), random_()).ToString());
    *request.mutable_config() = std::move(config);
    request.set_etag(std::move(etag));
    request.set_validate_only(validate_only);
    return Apply(request);
  }
  absl::StatusOr<admin::v1::ApplyConfigResponse> Apply(const admin::v1::ApplyConfigRequest& request) {
    return Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>([&](auto done) {
      service_->ApplyConfig(kTenant, {{ActorRole::kOperator, "olga"}, {}}, request, std::move(done));
    });
  }
  absl::StatusOr<admin::v1::GetConfigResponse> GetConfig() {
    return Await<absl::StatusOr<admin::v1::GetConfigResponse>>(
        [&](auto done) { service_->GetConfig(kTenant, std::move(done)); });
  }
  absl::StatusOr<admin::v1::ExplainContactResponse> Explain(const ContactId& contact) {
    admin::v1::ExplainContactRequest request;
    request.set_contact_id(contact.ToString());
    return Await<absl::StatusOr<admin::v1::ExplainContactResponse>>(
        [&](auto done) { service_->ExplainContact(kTenant, request, std::move(done)); });
  }

  ContactId Contact(uint64_t number) { return {kRegion, {0x0190'0000'0000'7000, number}}; }
  EnqueueContact Enqueue(uint64_t number, const char* language = "es") {
    EnqueueContact command;
    command.spec.id = Contact(number);
    command.spec.conversation = {kRegion, {5, number}};
    command.spec.customer = {kRegion, {6, number}};
    command.spec.channel = {"chat"};
    command.spec.language = *LanguageTag::Parse(language);
    command.spec.enqueued_at = wall_.Now();
    return command;
  }
  AttachAgent Attach(uint64_t number) { return {{"ana"}, {number}, {"gw"}, Activity::Available()}; }
  OfferToken Serve(uint64_t number) {
    EXPECT_TRUE(Do(Enqueue(number)).ok());
    const OfferMade offer = gateway_->Next<OfferMade>();
    EXPECT_EQ(offer.contact, Contact(number));
    EXPECT_TRUE(Do(OfferDelivered{{"ana"}, attachment_, offer.contact, offer.token}).ok());
    EXPECT_TRUE(Do(AcceptOffer{{"ana"}, attachment_, offer.contact, offer.token}).ok());
    EXPECT_EQ(gateway_->Next<AssignmentStarted>().token, offer.token);
    return offer.token;
  }
  std::vector<LoggedEvent> Log() {
    std::vector<LoggedEvent> events;
    LogPosition position;
    for (;;) {
      auto entries = Await<absl::StatusOr<std::vector<LogEntry>>>([&](auto done) {
        log_->ReadAfter({ShardKind::kRouting, 0}, position, 4096, std::move(done));
      });
      EXPECT_TRUE(entries.ok());
      if (!entries.ok() || entries->empty()) return events;
      for (const LogEntry& entry : *entries) {
        auto decoded = DecodeLogEntry(entry.bytes);
        EXPECT_TRUE(decoded.ok());
        events.insert(events.end(), decoded->events.begin(), decoded->events.end());
        position = entry.position;
      }
    }
  }

  SystemMonotonicClock monotonic_;
  SystemWallClock wall_;
  Metrics metrics_;
  testing::TemporaryFolder folder_;
  std::unique_ptr<MemoryStore> memory_;
  std::unique_ptr<SqliteStore> sqlite_;
  EventLog* log_ = nullptr;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<RoutingService> service_;
  std::unique_ptr<RoutingClient::Registration> registration_;
  AttachmentNumber attachment_{1};
  uint64_t starts_ = 0;
  std::mt19937_64 random_{7};
};

TEST_P(RoutingServiceTest, PublishesAConfigurationAndKeepsItOverARestart) {
  EXPECT_EQ(ErrorReason(GetConfig().status()), "NO_CONFIG");
  EXPECT_EQ(service_->ConfigSnapshot(kTenant), nullptr);
  const auto applied = Apply(testing::DemoConfig());
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_TRUE(applied->published());
  EXPECT_EQ(applied->revision(), 1u);
  ASSERT_NE(service_->ConfigSnapshot(kTenant), nullptr);
  EXPECT_EQ(service_->ConfigSnapshot(kTenant)->revision(), 1u);

  const auto again = Apply(testing::DemoConfig());
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->published());
  EXPECT_EQ(again->etag(), applied->etag());

  Restart(true);
  EXPECT_EQ(service_->ConfigSnapshots().size(), 1u);
  const auto config = GetConfig();
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->etag(), applied->etag());
  EXPECT_EQ(config->config().revision(), 1u);
  EXPECT_EQ(config->config().agents_size(), 2);
  EXPECT_FALSE(Apply(testing::DemoConfig())->published());
}

TEST_P(RoutingServiceTest, ChecksAConfigurationBeforeAnythingIsWritten) {
  admin::v1::TenantConfig broken = testing::DemoConfig();
  broken.mutable_agents(0)->set_time_zone("Nowhere/Land");
  broken.mutable_plans(0)->mutable_rules(0)->set_queue("none");
  broken.add_queues()->set_name("Not A Name");
  (*broken.mutable_agents(1)->mutable_channels())["fax"] = 1;
  const auto refused = Apply(broken);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  std::map<std::string, std::string> fields;
  for (const FieldViolation& violation : FieldViolations(refused.status())) fields[violation.field] = violation.rule;
  EXPECT_EQ(fields["agents[0].time_zone"], "must be an IANA time zone that this machine knows, such as Europe/Madrid");
  EXPECT_TRUE(fields.contains("queues[1].name")) << "the message's names, not the domain's: " << refused.status();
  EXPECT_TRUE(fields.contains("agents[1].channels.fax")) << refused.status();
  EXPECT_TRUE(fields.contains("plans[0].rules[0].queue")) << refused.status();

  const auto checked = Apply(testing::DemoConfig(), "", true);
  ASSERT_TRUE(checked.ok());
  EXPECT_FALSE(checked->published());
  EXPECT_EQ(service_->ConfigSnapshot(kTenant), nullptr);

  const auto applied = Apply(testing::DemoConfig());
  admin::v1::TenantConfig changed = testing::DemoConfig();
  changed.mutable_agents(0)->set_capacity(9);
  EXPECT_EQ(ErrorReason(Apply(changed, "0000").status()), "ETAG_MISMATCH");
  EXPECT_EQ(Apply(changed, applied->etag())->revision(), 2u);
}

TEST_P(RoutingServiceTest, AConfigurationThatIsNotUtf8IsRefused) {
  admin::v1::TenantConfig latin1 = testing::DemoConfig();
  latin1.mutable_agents(0)->set_display_name("Jos\xe9");
  EXPECT_EQ(FieldViolations(Apply(latin1).status()).at(0).rule, "must be UTF-8 in all its texts");
  EXPECT_EQ(ErrorReason(GetConfig().status()), "NO_CONFIG");
}

// A large configuration takes long to check: neither the caller's thread (a server's) nor the shard's is held up.
TEST_P(RoutingServiceTest, ChecksAConfigurationOnAThreadOfItsOwn) {
  admin::v1::ApplyConfigRequest request;
  request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, 1).ToString());
  *request.mutable_config() = testing::DemoConfig();
  request.mutable_config()->mutable_agents(0)->set_capacity(1'000'000);
  const auto checked_by = Await<std::string>([&](auto done) {
    service_->ApplyConfig(kTenant, {}, request, [done = std::move(done)](auto refused) mutable {
      EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
      std::array<char, kMaxThreadName + 1> name{};
      pthread_getname_np(pthread_self(), name.data(), name.size());
      done(std::string(name.data()));
    });
  });
  EXPECT_EQ(checked_by, "config-check");
}

TEST_P(RoutingServiceTest, ARequestIdOfAnotherSubjectGetsNoAnswerOfTheFirst) {
  admin::v1::ApplyConfigRequest request;
  request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, 1).ToString());
  *request.mutable_config() = testing::DemoConfig();
  ASSERT_TRUE(Apply(request)->published());
  const auto other = Await<absl::StatusOr<admin::v1::ApplyConfigResponse>>([&](auto done) {
    service_->ApplyConfig(kTenant, {{ActorRole::kOperator, "otto"}, {}}, request, std::move(done));
  });
  EXPECT_EQ(ErrorReason(other.status()), "REQUEST_ID_REUSED") << other.status();
}

TEST_P(RoutingServiceTest, ARepeatedRequestGetsTheFirstAnswer) {
  admin::v1::ApplyConfigRequest request;
  request.set_request_id(Uuid::Version7(wall_.Now().ToUnixMilliseconds(), 1, 1).ToString());
  *request.mutable_config() = testing::DemoConfig();
  ASSERT_TRUE(Apply(request)->published());
  EXPECT_TRUE(Apply(request)->published());
  Restart(false);
  const auto repeated = Apply(request);
  ASSERT_TRUE(repeated.ok()) << repeated.status();
  EXPECT_TRUE(repeated->published());
  EXPECT_EQ(repeated->revision(), 1u);
}

TEST_P(RoutingServiceTest, ALargeConfigurationTakesManyCommits) {
  admin::v1::TenantConfig large = testing::DemoConfig();
  for (int i = 0; i < 6000; ++i) testing::AddAgent(large, "agent-with-a-long-name-" + std::to_string(i), "es");
  const auto applied = Apply(large);
  ASSERT_TRUE(applied.ok()) << applied.status();
  Restart(false);
  EXPECT_EQ(service_->ConfigSnapshot(kTenant)->agents_size(), 0);  // none has a display name
  admin::v1::ListAgentsRequest request;
  request.set_page_size(1000);
  std::vector<std::string> agents;
  int pages = 0;
  do {
    const auto page = Await<absl::StatusOr<admin::v1::ListAgentsResponse>>(
        [&](auto done) { service_->ListAgents(kTenant, request, std::move(done)); });
    ASSERT_TRUE(page.ok());
    for (const auto& agent : page->agents()) agents.push_back(agent.agent());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(agents.size(), 6002u);
  EXPECT_EQ(pages, 7);
  EXPECT_TRUE(std::is_sorted(agents.begin(), agents.end())) << "by name, not as they were configured";
  request.set_page_token("No Name");
  const auto refused = Await<absl::StatusOr<admin::v1::ListAgentsResponse>>(
      [&](auto done) { service_->ListAgents(kTenant, request, std::move(done)); });
  EXPECT_EQ(FieldViolations(refused.status()).at(0).field, "page_token");
}

TEST_P(RoutingServiceTest, AContactIsServedAndAnotherSurvivesARestart) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  ASSERT_TRUE(Do(Attach(1)).ok());
  const OfferToken first = Serve(1);
  const OfferToken second = Serve(2);
  EXPECT_TRUE(Do(CompleteContact{{"ana"}, attachment_, Contact(1), first}).ok());
  EXPECT_EQ(gateway_->Next<AssignmentEnded>().token, first);

  Restart(false);
  EXPECT_TRUE(gateway_->AwaitTerms(1));
  attachment_ = {2};
  ASSERT_TRUE(Do(Attach(2)).ok());
  const auto resumed = gateway_->Next<AssignmentStarted>();
  EXPECT_EQ(resumed.contact, Contact(2));
  EXPECT_EQ(resumed.token, second);
  EXPECT_TRUE(resumed.resumed);
  EXPECT_EQ(Do(CompleteContact{{"ana"}, attachment_, Contact(1), first}).refusal, Refusal::kUnknownContact);
  EXPECT_TRUE(Do(CompleteContact{{"ana"}, attachment_, Contact(2), second}).ok());
}

TEST_P(RoutingServiceTest, TheLogIsGapFreeOverRestarts) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  ASSERT_TRUE(Do(Attach(1)).ok());
  const OfferToken token = Serve(1);
  Restart(false);
  attachment_ = {2};
  ASSERT_TRUE(Do(Attach(2)).ok());
  ASSERT_TRUE(Do(CompleteContact{{"ana"}, attachment_, Contact(1), token}).ok());
  Restart(true);
  std::map<EventTopic, std::pair<uint64_t, uint64_t>> last;
  std::map<ContactId, uint64_t> revisions;
  for (const LoggedEvent& logged : Log()) {
    const Event& event = logged.event;
    if (event.topic == EventTopic::kFact) continue;
    auto& [term, sequence] = last[event.topic];
    if (const auto* started = std::get_if<TermStarted>(&event.body)) {
      EXPECT_EQ(started->previous_term, term);
      EXPECT_EQ(started->previous_last_sequence, sequence);
      EXPECT_GT(event.term, term);
      EXPECT_EQ(event.sequence, 1u);
    } else {
      EXPECT_EQ(event.term, term);
      EXPECT_EQ(event.sequence, sequence + 1);
    }
    if (event.topic == EventTopic::kContact && !event.contact.IsNil()) {
      EXPECT_EQ(event.entity_revision, ++revisions[event.contact]);
    }
    term = event.term;
    sequence = event.sequence;
  }
  EXPECT_EQ(last.size(), 3u);
  EXPECT_EQ(revisions[Contact(1)], 4u);  // queued, offered, assigned, completed
}

TEST_P(RoutingServiceTest, ExplainsWaitingServedEndedAndUnknownContacts) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  ASSERT_TRUE(Do(Attach(1)).ok());
  ASSERT_TRUE(Do(Enqueue(7, "de")).ok());
  const auto waiting = Explain(Contact(7));
  ASSERT_TRUE(waiting.ok()) << waiting.status();
  EXPECT_EQ(waiting->status().state(), type::v1::CONTACT_STATE_QUEUED);
  EXPECT_EQ(waiting->eligible_agents(), 0u);
  std::map<std::string, uint32_t> filtered;
  for (const auto& count : waiting->filtered()) filtered[count.filter()] = count.agents();
  EXPECT_EQ(filtered, (std::map<std::string, uint32_t>{{"LANGUAGE", 1}, {"OFFLINE", 1}}));
  EXPECT_EQ(waiting->summary(0), "It came to queue support by rule all.");

  const OfferToken token = Serve(1);
  const auto served = Explain(Contact(1));
  ASSERT_TRUE(served.ok());
  EXPECT_EQ(served->status().agent(), "ana");
  ASSERT_EQ(served->decisions_size(), 1);
  EXPECT_EQ(served->decisions(0).agent(), "ana");
  EXPECT_EQ(served->decisions(0).decision().reason(), routing::v1::DECISION_REASON_ONLY_ONE);

  ASSERT_TRUE(Do(CompleteContact{{"ana"}, attachment_, Contact(1), token}).ok());
  Restart(true);
  const auto ended = Explain(Contact(1));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->status().state(), type::v1::CONTACT_STATE_COMPLETED);
  EXPECT_EQ(ended->status().queue(), "support");
  EXPECT_EQ(ended->decisions_size(), 1);
  EXPECT_EQ(ended->summary(ended->summary_size() - 1), "It is over: completed (completed by agent).");
  EXPECT_EQ(ErrorReason(Explain(Contact(99)).status()), "CONTACT_NOT_FOUND");
}

TEST_P(RoutingServiceTest, ListsContactsPageByPageAndByQueue) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  for (uint64_t i = 1; i <= 5; ++i) ASSERT_TRUE(Do(Enqueue(i)).ok());
  admin::v1::ListContactsRequest request;
  request.set_page_size(2);
  int contacts = 0;
  int pages = 0;
  do {
    const auto page = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
        [&](auto done) { service_->ListContacts(kTenant, request, std::move(done)); });
    ASSERT_TRUE(page.ok());
    contacts += page->contacts_size();
    ++pages;
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(contacts, 5);
  EXPECT_EQ(pages, 3);
  request.set_queue("support");
  for (int expected : {2, 2, 1}) {
    const auto page = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
        [&](auto done) { service_->ListContacts(kTenant, request, std::move(done)); });
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->contacts_size(), expected) << "a page of one queue is no larger";
    request.set_page_token(page->next_page_token());
  }
  EXPECT_EQ(request.page_token(), "");
  request.set_queue("another");
  const auto none = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
      [&](auto done) { service_->ListContacts(kTenant, request, std::move(done)); });
  EXPECT_EQ(none->contacts_size(), 0);
  request.set_page_token("what");
  const auto refused = Await<absl::StatusOr<admin::v1::ListContactsResponse>>(
      [&](auto done) { service_->ListContacts(kTenant, request, std::move(done)); });
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RoutingServiceTest, BadQuestionsNameTheirField) {
  ASSERT_TRUE(Apply(testing::DemoConfig()).ok());
  auto field_of = [](const absl::Status& status) {
    const auto violations = FieldViolations(status);
    return violations.size() == 1 ? violations[0].field : status.ToString();
  };
  for (int32_t size : {-1, 1001}) {
    admin::v1::ListAgentsRequest agents;
    agents.set_page_size(size);
    EXPECT_EQ(field_of(Await<absl::StatusOr<admin::v1::ListAgentsResponse>>([&](auto done) {
                         service_->ListAgents(kTenant, agents, std::move(done));
                       }).status()),
              "page_size");
    admin::v1::ListContactsRequest contacts;
    contacts.set_page_size(size);
    EXPECT_EQ(field_of(Await<absl::StatusOr<admin::v1::ListContactsResponse>>([&](auto done) {
                         service_->ListContacts(kTenant, contacts, std::move(done));
                       }).status()),
              "page_size");
  }
  admin::v1::ExplainContactRequest explain;
  explain.set_contact_id("7");
  EXPECT_EQ(field_of(Await<absl::StatusOr<admin::v1::ExplainContactResponse>>([&](auto done) {
                       service_->ExplainContact(kTenant, explain, std::move(done));
                     }).status()),
            "contact_id");
}

TEST_P(RoutingServiceTest, ATenantThatWasNeverConfiguredIsNotFound) {
  const auto answer = Await<absl::StatusOr<Answer>>([&](auto done) {
    service_->Send({"nobody"}, {{}, Enqueue(1)}, std::nullopt, Lane::kNewContacts, std::move(done));
  });
  EXPECT_EQ(ErrorReason(answer.status()), "TENANT_NOT_FOUND");
}

INSTANTIATE_TEST_SUITE_P(Stores, RoutingServiceTest, ::testing::Values(Backend::kMemory, Backend::kSqlite),
                         [](const auto& info) { return info.param == Backend::kMemory ? "Memory" : "Sqlite"; });

}  // namespace
}  // namespace meridian
