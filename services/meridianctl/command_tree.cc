#include "services/meridianctl/command_tree.h"

#include <google/protobuf/util/time_util.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "absl/time/time.h"
#include "libs/config/yaml_fields.h"
#include "libs/domain/agent.h"
#include "libs/domain/language.h"
#include "libs/wire/contact_types.h"
#include "services/meridianctl/connection.h"
#include "services/meridianctl/event_commands.h"
#include "services/meridianctl/history_commands.h"
#include "services/meridianctl/operator_commands.h"
#include "services/meridianctl/replay_command.h"
#include "services/meridianctl/shard_commands.h"
#include "services/meridianctl/tenant_commands.h"
#include "services/meridianctl/token_commands.h"
#include "services/meridianctl/topic_commands.h"
#include "services/meridianctl/verify_command.h"

namespace meridian::ctl {
namespace {

constexpr Duration kLeastRetention = Duration::Minutes(1);

const char* About() {
  return "The command line of Meridian.\n"
         "\n"
         "Examples:\n"
         "  meridianctl apply deploy/dev/demo_tenant.yaml     publish a tenant file\n"
         "  meridianctl watch                                 events as they happen\n"
         "  meridianctl demo agent --language es              the page of an agent who is on shift now\n"
         "  meridianctl explain CONTACT                       why this agent, why still waiting\n"
         "\n"
         "The platform is that of --data (by default .data), or of --target HOST:PORT.\n"
         "Exit codes: 0 done, 1 refused, failed or different, 2 wrong arguments.\n";
}

class CommandTree {
 public:
  explicit CommandTree(const Console& console) : console_(console) {
    app_.name("meridianctl");
    app_.description(About());
    app_.require_subcommand(1);
    app_.fallthrough();
    AddConnection();
    AddTenantCommands();
    AddOperatorCommands();
    AddHistoryCommands();
    AddEventCommands();
    AddTopicCommands();
    AddShardCommands();
    AddTokenCommands();
    AddDemoCommands();
  }

  int Run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {  // CLI11 reports by exceptions only; --help is one of them
      const int code = app_.exit(error, console_.out, console_.err);
      return code == 0 ? kDone : kWrongUse;
    }
    return run_();
  }

 private:
  void AddConnection() {
    app_.add_option("--data", connection_.data, "Folder of the local platform: its addresses and its key")
        ->capture_default_str();
    app_.add_option("--target", connection_.target, "HOST:PORT of the gRPC API, instead of the local platform's");
    app_.add_option("--token", connection_.token, "Bearer token, instead of one made with the local platform's key");
    app_.add_option("--token-file", connection_.token_file, "File that holds the token");
    app_.add_option("--tls-roots", connection_.tls_roots_file,
                    "Use TLS and trust the certificates of this PEM file; \"system\" for the system's");
    app_.add_option("--tenant", connection_.tenant, "Tenant of a token that is made here")->capture_default_str();
  }

  CLI::App* Command(CLI::App* parent, const std::string& name, const std::string& about, std::function<int()> run) {
    CLI::App* command = parent->add_subcommand(name, about);
    // A parent's callback comes after that of its subcommand.
    if (run) {
      command->callback([this, run = std::move(run)] {
        if (!run_) run_ = run;
      });
    }
    return command;
  }

  void AddTenantCommands() {
    CLI::App* apply = Command(&app_, "apply", "Check a tenant file and publish it as the tenant's next revision",
                              [this] { return Apply(connection_, apply_, console_); });
    apply->add_option("FILE", apply_.file, "Tenant file (YAML), see docs/tenant_file.md")->required();
    apply->add_flag("--dry-run", apply_.dry_run, "Check here and on the server, publish nothing");
    CLI::App* diff = Command(&app_, "diff", "Show what applying a tenant file would change; exit code 1 if anything",
                             [this] { return Diff(connection_, apply_.file, console_); });
    diff->add_option("FILE", apply_.file, "Tenant file (YAML)")->required();
    Command(&app_, "schema", "Print the JSON Schema of tenant files", [this] { return Schema(console_); });
  }

  void AddOperatorCommands() {
    CLI::App* explain = Command(&app_, "explain", "Why this agent, why still waiting",
                                [this] { return Explain(connection_, contact_, console_); });
    explain->add_option("CONTACT", contact_, "The contact's id")->required();
    CLI::App* agents = Command(&app_, "agents", "Agents with presence, activity and load",
                               [this] { return ListAgents(connection_, agents_, console_); });
    agents->add_flag("--on-shift", agents_.on_shift, "Only those on shift now");
    agents->add_flag("--attached", agents_.attached, "Only those who are connected");
    CLI::App* contacts =
        Command(&app_, "contacts", "Live contacts", [this] { return ListContacts(connection_, contacts_, console_); });
    contacts->add_option("--queue", contacts_.queue, "Only those of one queue");
  }

  void AddHistoryCommands() {
    CLI::App* history = Command(&app_, "history", "Contacts that have ended, the newest first",
                                [this] { return ListHistory(connection_, history_, console_); });
    history->add_option("--queue", history_.queue, "Only those of one queue");
    history->add_option("--agent", history_.agent, "Only those that this agent took last");
    history->add_option("--channel", history_.channel, "Only those of one channel");
    history->add_option("--customer", history_.customer, "Only those of one customer, by id");
    AddDuration(history, "--since", &history_.since, "Only those that ended within, such as 15m or 12h");
    history->add_option("--limit", history_.limit, "At most so many")
        ->check(CLI::Range(int64_t{1}, int64_t{1000000}))
        ->capture_default_str();
    CLI::App* timeline = Command(&app_, "timeline", "All that happened to a contact, or the contacts of a conversation",
                                 [this] { return Timeline(connection_, timeline_, console_); });
    timeline->add_option("ID", timeline_, "The contact's or the conversation's id")->required();
  }

  void AddEventCommands() {
    CLI::App* watch = Command(&app_, "watch", "Events as they happen, one readable line each; Ctrl-C ends it", [this] {
      events_.from = "now";
      return Events(connection_, events_, console_);
    });
    AddTopics(watch);
    CLI::App* events = Command(&app_, "events",
                               "All events that are kept, oldest first, then new ones as they come\n"
                               "Example: meridianctl events --json --until-now > events.jsonl",
                               [this] { return Events(connection_, events_, console_); });
    events->add_option("--from", events_.from, "\"now\", or a position that an earlier run printed; else the oldest");
    events->add_flag("--json", events_.json, "One JSON object a line");
    events->add_flag("--until-now", events_.until_now, "End when all that exists now was shown");
    AddTopics(events);
    AddVerify(events);
    AddReplay(events);
  }

  void AddReplay(CLI::App* events) {
    CLI::App* replay = Command(
        events, "replay",
        "Publish the tenant's events that are kept to Kafka again, oldest first, up to now.\n"
        "For readers who lost what they had, or topics that did. Each event comes again as it was, with its id, "
        "behind\n"
        "all that is there and between events that happen meanwhile: readers who drop what is not above the last that\n"
        "they took see nothing new, and those who begin anew must read from the place where the replay begins.\n"
        "Example: meridianctl events replay --kafka-brokers 127.0.0.1:9092 --since 2026-11-21T10:00:00Z\n",
        [this] { return ReplayEvents(connection_, replay_, console_); });
    AddKafka(replay, replay_.kafka);
    replay->add_option("--from", replay_.from, "A position of `meridianctl events`; else the oldest that is kept");
    replay->add_option_function<std::string>(
        "--since",
        [this](const std::string& text) {
          google::protobuf::Timestamp time;
          if (!google::protobuf::util::TimeUtil::FromString(text, &time)) {
            throw CLI::ValidationError("--since", "must be a time such as 2026-11-21T10:00:00Z");
          }
          // Saturates: years that no Instant reaches are later than all events.
          replay_.since =
              Instant{absl::ToUnixNanos(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()))};
        },
        "Only events from this time on, in UTC");
    replay->add_option("--topic", replay_.topics, "contact, agent or config; may be repeated; all by default");
    AddDuration(replay, "--wait", &replay_.patience,
                "How long to insist where nothing answers, as while a shard moves or brokers are away; default 30s",
                Duration::Milliseconds(1));
  }

  void AddKafka(CLI::App* command, kafka::Connection& kafka) {
    command->add_option("--kafka-brokers", kafka.brokers, "HOST:PORT, several separated by commas")->required();
    command->add_option("--kafka-ca", kafka.ca_file, "PEM file of the brokers' CA; with it the connection is TLS");
    command->add_option("--kafka-certificate", kafka.certificate_file, "PEM file of this client's certificate");
    command->add_option("--kafka-key", kafka.key_file, "PEM file of the certificate's key");
  }

  void AddVerify(CLI::App* events) {
    CLI::App* verify = Command(events, "verify",
                               "Judge from outside, by events, conversations and a load client's journals, whether "
                               "anything was lost, doubled or misplaced; exit code 1 if so\n"
                               "Example: meridianctl events verify --journal load.jsonl --expect-ended",
                               [this] { return VerifyEvents(connection_, verify_, console_); });
    verify->add_option("--journal", verify_.journals,
                       "Journal of a load client (docs/meridianctl.md); may be repeated");
    verify->add_flag("--expect-ended", verify_.expectations.all_ended, "Every acknowledged contact has ended");
    CLI::Option* none =
        verify->add_flag("--no-conversations", verify_.no_conversations, "Do not read conversations back");
    verify
        ->add_option("--conversations", verify_.conversations_file,
                     "File of ids, one a line: read back these conversations only")
        ->excludes(none);
    verify->add_option("--events", verify_.events_file,
                       "Events as `events --json` printed them, instead of the stream");
    verify->add_option("--config", verify_.config_file, "Tenant file for the capacities, instead of what is in force");
    AddDuration(verify, "--grant-slack", &verify_.expectations.grant_slack,
                "How long after its contact an agent may still see what was written; default 2s");
    AddDuration(verify, "--wait", &verify_.patience,
                "How long to insist where nothing answers, as while a shard moves; default 30s");
  }

  CLI::Option* AddDuration(CLI::App* command, const std::string& flag, Duration* target, const std::string& about,
                           Duration least = Duration::Zero()) {
    return command->add_option_function<std::string>(
        flag,
        [flag, target, least](const std::string& text) {
          auto duration = ParseYamlDuration(text);
          if (!duration) throw CLI::ValidationError(flag, "must be a duration such as 2s, 15m or 12h");
          *target = DurationFromProto(*duration);
          if (*target < least) {
            throw CLI::ValidationError(flag, "must be at least " + std::to_string(least.ToSeconds()) + "s");
          }
        },
        about);
  }

  void AddTopics(CLI::App* command) {
    command->add_option("--topic", events_.topics, "contact, agent or config; may be repeated; all by default");
  }

  void AddTopicCommands() {
    CLI::App* topics = Command(&app_, "topics", "The Kafka topics of a region's events", nullptr);
    topics->require_subcommand(1);
    topics->fallthrough();
    CLI::App* apply =
        Command(topics, "apply",
                "Create the topics that are missing and name those that are not as wanted; exit code 1 if any\n"
                "Example: meridianctl topics apply --kafka-brokers kafka-1:9092,kafka-2:9092 --region eu1\n",
                [this] { return ApplyTopics(topics_, console_); });
    AddKafka(apply, topics_.kafka);
    apply->add_option("--region", topics_.region, "Whose events")->capture_default_str();
    apply->add_option("--partitions", topics_.partitions, "Of each topic; not to be changed later")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    apply->add_option("--replication", topics_.replication, "Copies of each partition, at most one per broker")
        ->check(CLI::Range(1, 9))
        ->capture_default_str();
    AddDuration(apply, "--retention", &topics_.retention, "How long events are kept; default 168h", kLeastRetention);
    AddDuration(apply, "--audit-retention", &topics_.audit_retention, "The same of the audit topic; default 8760h",
                kLeastRetention);
    apply->add_flag("--dry-run", topics_.dry_run, "Look, create nothing; a missing topic is wrong too");
  }

  void AddShardCommands() {
    CLI::App* shards = Command(&app_, "shards", "The shards of a region's routing and session processes", nullptr);
    shards->require_subcommand(1);
    shards->fallthrough();
    CLI::App* list = Command(shards, "list",
                             "Which process holds each shard\n"
                             "Example: meridianctl shards list --redis 127.0.0.1:6379\n",
                             [this] { return ListShards(shards_, console_); });
    AddStore(list);
    CLI::App* move = Command(
        shards, "move",
        "Move a shard to a process, which keeps it while it lives, or back to where its share falls; or say on\n"
        "which shards a tenant is to be that has none yet\n"
        "Examples:\n"
        "  meridianctl shards move routing/3 --to 10.0.0.7:7001 --redis 127.0.0.1:6379\n"
        "  meridianctl shards move routing/3 --to any --redis 127.0.0.1:6379\n"
        "  meridianctl shards move acme --routing 3 --session 5 --redis 127.0.0.1:6379\n",
        [this] { return MoveShards(shards_, console_); });
    move->add_option("what", shards_.what, "routing/N, session/N, or a tenant's name")->required();
    CLI::Option* to =
        move->add_option("--to", shards_.to, "Of a shard: HOST:PORT of a process, as `shards list` names it, or any");
    CLI::Option* wait =
        AddDuration(move, "--wait", &shards_.wait, "Of a shard: how long to wait until it is served there; default 10s",
                    Duration::Milliseconds(1));
    for (auto& [name, number] : {std::pair("--routing", &shards_.routing), std::pair("--session", &shards_.session)}) {
      move->add_option(name, *number, "Of a tenant: the number of its shard of this kind; default: as by itself")
          ->excludes(to)
          ->excludes(wait);
    }
    AddStore(move);
  }

  void AddStore(CLI::App* command) {
    StoreOptions& store = shards_.store;
    command->add_option("--redis", store.redis, "HOST:PORT, as of the region's processes; may be repeated")->required();
    command->add_option("--redis-sentinel-master", store.redis_sentinel_master, "As of the region's processes");
    command->add_option("--redis-user", store.redis_user, "As of the region's processes");
    command->add_option("--redis-password-file", store.redis_password_file, "As of the region's processes");
    command->add_option("--redis-ca", store.redis_ca_file, "As of the region's processes");
    command->add_option("--redis-certificate", store.redis_certificate_file, "As of the region's processes");
    command->add_option("--redis-key", store.redis_key_file, "As of the region's processes");
    command->add_option("--redis-server-name", store.redis_server_name, "As of the region's processes");
    command->add_option("--redis-durability", store.redis_durability, "As of the region's processes")
        ->capture_default_str();
    command->add_option("--redis-replicas", store.redis_replicas, "As of the region's processes")
        ->capture_default_str();
  }

  void AddTokenCommands() {
    CLI::App* token = Command(&app_, "token", "Tokens, signed with the local platform's key", nullptr);
    token->require_subcommand(1);
    token->fallthrough();
    CLI::App* create =
        Command(token, "create",
                "Print a new token\n"
                "Examples:\n"
                "  meridianctl token create --role integrator --subject shop\n"
                "  meridianctl token create --role agent --subject fleet --agent faq-bot --agent faq-bot-spare\n",
                [this] { return CreateToken(connection_, token_, console_); });
    create->add_option("--role", token_.role, "customer, agent, integrator, supervisor, admin, auditor or service")
        ->required();
    create->add_option("--subject", token_.subject, "Who bears it: an agent's name, a system's, an operator's")
        ->required();
    create->add_option("--agent", token_.agents, "Agent that it may attach; may be repeated; default: the subject");
    create->add_option("--permission", token_.permissions,
                       "Such as events.read; may be repeated; default: all of the role");
    create->add_option("--session", token_.session, "For visitors: the conversation that it is bound to");
    create->add_option("--origin", token_.origin, "For visitors: the web origin that it is bound to");
    AddDuration(create, "--ttl", &token_.life, "Such as 15m, 12h; default: the role's own", Duration::Seconds(1));
  }

  void AddDemoCommands() {
    CLI::App* demo = Command(&app_, "demo", "Pages of the demo tenant", nullptr);
    demo->require_subcommand(1);
    demo->fallthrough();
    CLI::App* agent = Command(demo, "agent", "The page of an agent who speaks a language and is on shift now",
                              [this] { return DemoAgent(connection_, demo_, console_); });
    agent->add_option("--language", demo_.language, "Such as es, en, pt-BR, ja")
        ->check([](const std::string& text) -> std::string {
          return LanguageTag::Parse(text) ? "" : "must be a BCP 47 language tag, such as es or pt-BR";
        })
        ->capture_default_str();
    agent->add_option("--kind", demo_.kind, "human, bot or expert")
        ->check([](const std::string& text) -> std::string {
          return ParseAgentKind(text) ? "" : "must be human, bot or expert; " + text + " is none";
        })
        ->capture_default_str();
    agent->add_flag("--name", demo_.name_only, "Print the agent's name alone");
    Command(demo, "customer", "The customer's page", [this] { return DemoCustomer(connection_, console_); });
  }

  const Console& console_;
  CLI::App app_;
  std::function<int()> run_;
  ConnectionOptions connection_;
  ApplyOptions apply_;
  AgentsOptions agents_;
  ContactsOptions contacts_;
  HistoryOptions history_;
  EventsOptions events_;
  TopicsOptions topics_;
  ShardsOptions shards_;
  ReplayOptions replay_;
  TokenOptions token_;
  VerifyOptions verify_;
  DemoAgentOptions demo_;
  std::string contact_;
  std::string timeline_;
};

}  // namespace

int RunMeridianctl(int argc, const char* const* argv, const Console& console) {
  return CommandTree(console).Run(argc, argv);
}

}  // namespace meridian::ctl
