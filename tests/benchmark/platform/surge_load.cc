#include "tests/benchmark/platform/surge_load.h"

#include <atomic>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "libs/base/status_macros.h"
#include "libs/runtime/clock.h"
#include "tests/benchmark/platform/fleet.h"
#include "tests/benchmark/platform/histogram_json.h"
#include "tests/benchmark/platform/pace.h"
#include "tests/benchmark/platform/submitter.h"
#include "tests/benchmark/platform/talks.h"
#include "tests/soak/journal.h"

namespace meridian::load {
namespace {

using nlohmann::json;

constexpr Duration kOpenLimit = Duration::Seconds(30);
constexpr Duration kDrainLimit = Duration::Seconds(90);
constexpr int64_t kTalkSliceNs = 100'000'000;

struct Part {
  const char* name;
  int64_t rate;
  Duration duration;
};

// Members stand in the order in which they must go away again.
class Surge {
 public:
  Surge(const LoadOptions& options, const Server& server, std::unique_ptr<soak::Journal> journal)
      : options_(options),
        server_(server),
        journal_(std::move(journal)),
        ids_(*RegionCode::Parse("load"), options.seed ^ static_cast<uint64_t>(MonotonicNs()), clock_),
        scoreboard_([] {}),
        talks_(OpenChannels(server.ingress, 1).front(), server.integrator, scoreboard_, journal_.get()),
        submitter_(OpenChannels(server.ingress, static_cast<int>(options.channels)), server.integrator, options.seed,
                   ids_, scoreboard_, options.timeout) {
    submitter_.OnAcknowledged([this](const std::string& request, const std::string& contact, const std::string& talk) {
      ++acknowledged_;
      if (journal_ != nullptr) journal_->Submitted(request, contact, talk);
      if (opening_) talks_.Add(talk);
    });
  }

  absl::StatusOr<json> Run() {
    MERIDIAN_ASSIGN_OR_RETURN(fleet_, AttachAll(options_, server_, ids_, scoreboard_));
    MERIDIAN_RETURN_IF_ERROR(OpenTalks());
    std::thread talking([this] { Talk(); });
    json report;
    for (const Part& part :
         {Part{"calm", options_.calm_rate, options_.calm}, Part{"surge", options_.rate, options_.duration},
          Part{"after", options_.calm_rate, options_.calm}}) {
      report[part.name] = RunPart(part);
    }
    std::cout << "done" << std::endl;
    talking_ = false;
    talking.join();
    report["talks_answered"] = talks_.AwaitAnswered(kDrainLimit);
    for (auto& stream : fleet_) stream->CompleteKept();
    AwaitTrue(kDrainLimit.ns, [this] { return scoreboard_.outstanding() == 0; });
    report["acknowledged"] = acknowledged_.load();
    report["messages"] = talks_.said();
    report["left_over"] = scoreboard_.outstanding();
    return report;
  }

 private:
  // Agents are connected with as many contacts as --talks says, and keep them.
  absl::Status OpenTalks() {
    opening_ = true;
    for (auto& stream : fleet_) stream->Keep(true);
    for (int64_t i = 0; i < options_.talks; ++i) submitter_.Submit(MonotonicNs());
    const bool opened = AwaitTrue(kOpenLimit.ns, [this] {
      int64_t kept = 0;
      for (const auto& stream : fleet_) kept += static_cast<int64_t>(stream->kept());
      return kept == options_.talks && acknowledged_ == options_.talks;
    });
    for (auto& stream : fleet_) stream->Keep(false);
    opening_ = false;
    return opened ? absl::OkStatus() : absl::DeadlineExceededError("the conversations could not be opened");
  }

  void Talk() {
    for (uint64_t slice = 0; talking_; ++slice) {
      PaceOpenLoop(options_.talk_rate, options_.seed + slice, MonotonicNs() + kTalkSliceNs,
                   [this](int64_t due) { talks_.Say(due); });
    }
  }

  json RunPart(const Part& part) {
    const int64_t from = MonotonicNs();
    const int64_t to = from + part.duration.ns;
    std::cout << part.name << std::endl;
    scoreboard_.Remeasure(from, to);
    PaceOpenLoop(part.rate, options_.seed, to, [this](int64_t arrival) { submitter_.Submit(arrival); });
    const bool drained = AwaitTrue(kDrainLimit.ns, [this] { return scoreboard_.outstanding() == options_.talks; });
    const Figures figures = scoreboard_.figures();
    const double seconds = static_cast<double>(part.duration.ns) / 1e9;
    return {{"rate", part.rate},
            {"seconds", seconds},
            {"arrived", figures.arrived},
            {"completed_per_s", static_cast<double>(figures.completed) / seconds},
            {"sent", Describe(figures.sent)},
            {"acknowledged", Describe(figures.acknowledged)},
            {"offered", Describe(figures.offered)},
            {"ended", Describe(figures.ended)},
            {"refused", Describe(figures.refused)},
            {"accepts", Describe(figures.accepts)},
            {"completes", Describe(figures.completes)},
            {"messages", Describe(figures.messages)},
            {"mishaps", figures.mishaps},
            {"drained", drained},
            {"seconds_to_drain", static_cast<double>(MonotonicNs() - to) / 1e9}};
  }

  const LoadOptions& options_;
  const Server& server_;
  const std::unique_ptr<soak::Journal> journal_;
  const SystemWallClock clock_;
  IdSource ids_;
  Scoreboard scoreboard_;
  std::atomic<int64_t> acknowledged_ = 0;
  std::atomic<bool> opening_ = false;
  std::atomic<bool> talking_ = true;
  Talks talks_;
  Submitter submitter_;
  Fleet fleet_;
};

}  // namespace

absl::StatusOr<json> RunSurge(const LoadOptions& options) {
  MERIDIAN_ASSIGN_OR_RETURN(const Server server, Server::Find(options));
  std::unique_ptr<soak::Journal> journal;
  if (!options.journal.empty()) {
    MERIDIAN_ASSIGN_OR_RETURN(journal, soak::Journal::Open(options.journal));
  }
  auto surge = std::make_unique<Surge>(options, server, std::move(journal));
  MERIDIAN_ASSIGN_OR_RETURN(const json report, surge->Run());
  // What is on its way still calls back into what would go away.
  if (report["left_over"] != 0 || report["talks_answered"] != true) {
    std::cout << report.dump() << std::endl;
    std::_Exit(3);
  }
  return report;
}

}  // namespace meridian::load
