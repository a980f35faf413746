#include "tests/benchmark/platform/event_reader.h"

#include "meridian/event/v1/event_service.pb.h"

namespace meridian::load {

EventReader::EventReader(const std::string& target, const std::string& token)
    : client_(rpc::Client::Connect({.target = target, .token = token})),
      stream_(client_->OpenStream("/meridian.event.v1.EventService/Stream")) {
  event::v1::StreamRequest request;
  request.set_position("now");
  stream_->Write(request);
  stream_->HalfClose();
  thread_ = std::thread([this] { Read(); });
}

EventReader::~EventReader() {
  stream_->Cancel();
  thread_.join();
}

void EventReader::Read() {
  event::v1::StreamResponse response;
  while (stream_->Read(&response)) {
    for (const event::v1::Event& event : response.events()) Judge(event);
    events_ += response.events_size();
  }
}

void EventReader::Judge(const event::v1::Event& event) {
  uint64_t& last = last_[{event.topic(), event.term()}];
  if (last != 0 && event.sequence() != last + 1) ++gaps_;
  last = event.sequence();
}

}  // namespace meridian::load
