#include "libs/store/redis_io_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "libs/base/check.h"
#include "libs/runtime/thread_name.h"

namespace meridian {
namespace {

constexpr int kEvents = 64;

// A write to a closed socket is an error of that write and no signal: OpenSSL cannot ask for that by itself.
void BlockSigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

}  // namespace

RedisIoThread::RedisIoThread(const MonotonicClock* clock, Client* client)
    : clock_(clock),
      client_(client),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MERIDIAN_CHECK(epoll_ >= 0 && wake_ >= 0);
  Add(wake_, nullptr);
}

RedisIoThread::~RedisIoThread() {
  Stop();
  close(wake_);
  close(epoll_);
}

void RedisIoThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

void RedisIoThread::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_, 1);
  if (thread_.joinable()) thread_.join();
}

void RedisIoThread::Post(absl::AnyInvocable<void()> task) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
    wake = !std::exchange(woken_, true);
  }
  if (wake) eventfd_write(wake_, 1);
}

void RedisIoThread::Add(int fd, RedisIoHandler* handler) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = handler}};
  MERIDIAN_CHECK(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void RedisIoThread::SetWriting(int fd, RedisIoHandler* handler, bool writing) {
  epoll_event event{.events = EPOLLIN | (writing ? static_cast<uint32_t>(EPOLLOUT) : 0u), .data = {.ptr = handler}};
  MERIDIAN_CHECK(epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0);
}

void RedisIoThread::Remove(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

void RedisIoThread::Run() {
  NameThisThread("redis-io");
  BlockSigpipe();
  while (true) {
    RunPosted();
    client_->Tick();
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    Await();
  }
}

void RedisIoThread::RunPosted() {
  {
    std::lock_guard lock(mutex_);
    woken_ = false;
    running_.swap(posted_);
  }
  for (auto& task : running_) task();
  running_.clear();
}

void RedisIoThread::Await() {
  constexpr Duration kLongest = Duration::Minutes(1);
  const MonotonicInstant now = clock_->Now();
  const MonotonicInstant wake_at = std::min(client_->NextWake(), now + kLongest);
  const int64_t left_ns = std::max<int64_t>(0, (wake_at - now).ns);
  const timespec timeout{.tv_sec = left_ns / 1'000'000'000, .tv_nsec = left_ns % 1'000'000'000};
  epoll_event events[kEvents];
  const int count = epoll_pwait2(epoll_, events, kEvents, &timeout, nullptr);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.ptr == nullptr) {
      eventfd_t woken;
      eventfd_read(wake_, &woken);
      continue;
    }
    const uint32_t what = events[i].events;
    const bool broken = (what & (EPOLLERR | EPOLLHUP)) != 0;
    static_cast<RedisIoHandler*>(events[i].data.ptr)->OnReady((what & EPOLLIN) != 0 || broken, (what & EPOLLOUT) != 0);
  }
}

}  // namespace meridian
