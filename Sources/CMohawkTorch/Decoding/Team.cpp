#include "Team.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mohawk {
namespace {

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

/// Turns in place until `done`, and lets others run when that takes long: then a processor is shared.
template <typename Done>
void spin(Done &&done) {
  for (int64_t turn = 0; !done(); turn++) {
    if (turn < 4000) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

/// One sleeping or waiting thread per number above 0.
class Team {
 public:
  void run(int64_t threads, const std::function<void(int64_t)> &body) {
    const std::lock_guard lock(one_);
    while (static_cast<int64_t>(started_) < threads - 1) start();
    body_ = &body;
    working_ = started_;
    threads_ = threads;
    job_.fetch_add(1);
    job_.notify_all();
    body(0);
    spin([&] { return working_.load() == 0; });
  }

 private:
  std::mutex one_;
  int64_t started_ = 0, threads_ = 0;
  const std::function<void(int64_t)> *body_ = nullptr;
  alignas(64) std::atomic<uint32_t> job_{0};
  alignas(64) std::atomic<int64_t> working_{0};

  void start() {
    const int64_t number = ++started_;
    std::thread([this, number, seen = job_.load()] { work(number, seen); }).detach();
  }

  [[noreturn]] void work(int64_t number, uint32_t seen) {
    for (;;) {
      // The next token usually follows soon; what does not is worth sleeping for.
      for (int turn = 0; turn < 4000 && job_.load(std::memory_order_acquire) == seen; turn++) pause();
      job_.wait(seen);
      seen++;
      if (number < threads_) (*body_)(number);
      working_.fetch_sub(1);
    }
  }
};

}  // namespace

void Barrier::wait() {
  if (threads_ == 1) return;
  const uint32_t round = round_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == threads_ - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
  } else {
    spin([&] { return round_.load(std::memory_order_acquire) != round; });
  }
}

void on_team(int64_t threads, const std::function<void(int64_t)> &body) {
  if (threads <= 1) return body(0);
  static Team &team = *new Team;  // never destroyed: its threads outlive main
  team.run(threads, body);
}

}  // namespace mohawk
