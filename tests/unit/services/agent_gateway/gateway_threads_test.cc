// Routing, session and connections at once: no deadlock (a reader's call may never be waited for inside itself, nor
// under a lock that it needs), and nothing is left when all have gone.
#include <atomic>
#include <future>
#include <thread>

#include "tests/unit/services/agent_gateway/gateway_world.h"

namespace meridian {
namespace {

class GatewayThreadsTest : public GatewayWorld {
 protected:
  // Runs the four sides until the connections are through, or stops the test after a minute.
  void RunAll(int connections) {
    std::atomic<bool> done{false};
    std::thread session([&] { SpeakAsSession(done); });
    std::thread routing([&] { SpeakAsRouting(done); });
    auto agents = std::async(std::launch::async, [&] {
      for (int i = 0; i < connections; ++i) ConnectAndWork();
    });
    MERIDIAN_CHECK(agents.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
    done = true;
    session.join();
    routing.join();
  }

  void SpeakAsSession(const std::atomic<bool>& done) {
    uint64_t number = 0;
    while (!done) {
      const size_t count = session_.readings().size();
      for (size_t i = count < 8 ? 0 : count - 8; i < count; ++i) {
        session_.Say(i, ++number, "hola");
        if (number % 3 == 0) {
          session_.Tell(i, [](SessionClient::Reader& reader) { reader.OnEnded(absl::OkStatus()); });
        }
      }
      std::this_thread::yield();
    }
  }

  void SpeakAsRouting(const std::atomic<bool>& done) {
    for (int turn = 0; !done; ++turn) {
      const auto attaches = routing_.AllOf<AttachAgent>();
      if (!attaches.empty()) {
        const AttachmentNumber number = attaches.back().attachment;
        Deliver(number, Assignment(conversation_, turn % 2 == 0));
        Deliver(number, Offer());
        if (turn % 5 == 0) Deliver(number, AttachmentEnded{});
        if (turn % 7 == 0) routing_.BeginTerm();
      }
      std::this_thread::yield();
    }
  }

  void ConnectAndWork() {
    auto stream = Connect();
    for (int i = 0; i < 3; ++i) {
      stream->Send(AttachFrame());
      AgentFrame frame = Frame();
      frame.mutable_read_conversation()->set_conversation_id(conversation_.ToString());
      stream->Send(frame);
    }
    stream->Leave();
  }

  const ConversationId conversation_ = ids_.Next<ConversationId>();
};

TEST_F(GatewayThreadsTest, NobodyWaitsForEverAndNothingIsLeft) {
  RunAll(150);
  EXPECT_EQ(session_.open_readings(), 0u);
  gateway_.reset();
}

}  // namespace
}  // namespace meridian
