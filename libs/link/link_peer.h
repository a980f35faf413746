// One client's stream at the server: reads batches of calls, gathers answers while the last message is being written,
// and fills the rest of each message from the feeds that have something to give, in turn. Inside libs/link only. Any
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "libs/link/link_server.h"
#include "libs/rpc/server_stream.h"

namespace meridian {

class LinkPeer {
 public:
  using Stream = rpc::ServerStream<internal::link::v1::LinkResponse>;

  // `server` outlives the stream, but not every answer.
  static std::shared_ptr<LinkPeer> Create(const LinkServer& server, Stream stream);

  // ---- from the stream ----
  void OnRequest(internal::link::v1::LinkRequest request);
  void OnHalfClosed() { stream_.Finish(absl::OkStatus()); }
  void OnWritable();
  void OnClosed();

 private:
  struct Feed;
  class Sink;
  using Call = internal::link::v1::Call;
  using FeedHandle = std::shared_ptr<Feed>;

  LinkPeer(const LinkServer& server, Stream stream);

  absl::Status Check(const Call& call, const LinkServer::Served* served) const;
  void Dispatch(Call& call);
  void OpenFeed(Call& call, const LinkServer::Served& served);
  void CloseFeed(uint64_t id);
  void GrantCredit(uint64_t id, uint64_t credit);
  void Answer(uint64_t id, std::optional<MonotonicInstant> deadline, absl::StatusOr<std::string> answer);

  // Puts the feed among those that are asked for items. Needs mutex_.
  void MakeReady(const FeedHandle& feed);
  void Notify(const FeedHandle& feed);
  void EndFeed(const FeedHandle& feed, absl::Status status);
  // Writes what there is, unless a message is being written or calls are being read.
  void Flush();
  size_t TakeReplies(internal::link::v1::LinkResponse* batch);
  void TakeItems(std::deque<FeedHandle> ready, size_t bytes, internal::link::v1::LinkResponse* batch);
  // True when the feed has nothing more to give for now.
  bool TakeItem(Feed& feed, size_t* bytes, internal::link::v1::LinkResponse* batch);

  const LinkServer& server_;
  const Stream stream_;
  const uint64_t id_;
  std::weak_ptr<LinkPeer> self_;

  std::mutex mutex_;
  bool closed_ = false;
  bool writing_ = false;
  int reading_ = 0;  // a request is being read: its answers wait for each other
  size_t unanswered_ = 0;
  std::deque<internal::link::v1::Reply> replies_;
  std::unordered_map<uint64_t, FeedHandle> feeds_;
  std::deque<FeedHandle> ready_;
  // Of feeds that ended, perhaps on their own threads: destroyed on the transport's.
  std::vector<std::unique_ptr<FeedSource>> ended_;
};

}  // namespace meridian
